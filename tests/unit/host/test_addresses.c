/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <string.h>

#include "host/addresses.h"
#include "policy/addr.h"

static void assert_addresses(int netns, const char *const *expected)
{
	struct km_own_address *list = NULL;
	size_t count = 0, i;

	assert_int_equal(km_addresses_read(netns, &list, &count, NULL), 0);
	for (i = 0; i < count && expected[i]; i++) {
		char text[KM_ADDR_TEXT];

		assert_string_equal(km_ip_format(list[i].family, list[i].ip, text), expected[i]);
	}
	assert_int_equal(i, count);
	assert_null(expected[i]);
	free(list);
}

static void nothing_is_up(void **state)
{
	static const char *const expected[] = {NULL};
	int netns = make_netns("true");

	(void)state;
	assert_addresses(netns, expected);
	close(netns);
}

static void of_every_interface_sorted_and_once(void **state)
{
	static const char *const expected[] = {"10.0.0.1", "127.0.0.1",	  "192.0.2.1",	 "192.0.2.9", "203.0.113.1",
					       "::1",	   "2001:db8::1", "2001:db8::2", "fe80::1",   NULL};
	int netns = make_netns("ip link set lo up && ip addr add 203.0.113.1/24 dev lo &&"
			       "ip link add name a type veth peer name b && ip link add name c type veth peer name d &&"
			       "ip addr add 192.0.2.9/24 dev a && ip addr add 192.0.2.1/24 dev a &&"
			       "ip addr add 192.0.2.9/32 dev c && ip addr add 10.0.0.1 peer 10.0.0.2/32 dev b &&"
			       "ip addr add 2001:db8::2/64 dev a && ip addr add 2001:db8::1/128 dev lo &&"
			       "ip addr add fe80::1/64 dev a && ip addr add fe80::1/64 dev c");

	(void)state;
	assert_addresses(netns, expected);
	close(netns);
}

static void single_hosts_of_local_routes_only(void **state)
{
	static const char *const expected[] = {"127.0.0.1", "198.51.100.7", "::1", "2001:db8:1::7", NULL};
	int netns = make_netns("ip link set lo up && ip route add local 198.51.100.0/24 dev lo &&"
			       "ip route add local 198.51.100.7/32 dev lo &&"
			       "ip route add local 203.0.113.7/32 dev lo table 100 &&"
			       "ip route add unicast 203.0.113.8/32 dev lo &&"
			       "ip route add local 2001:db8:1::/64 dev lo && ip route add local 2001:db8:1::7 dev lo");

	(void)state;
	assert_addresses(netns, expected);
	close(netns);
}

static void thousands_of_them(void **state)
{
	int netns = make_netns("ip link set lo up && for a in 1 2 3 4 5 6 7 8; do for b in $(seq 1 250); do "
			       "echo \"addr add 10.0.$a.$b/32 dev lo\"; done; done | ip -batch -");
	struct km_own_address *list = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(km_addresses_read(netns, &list, &count, NULL), 0);
	assert_int_equal(count, 2002);
	for (size_t i = 1; i < count; i++)
		assert_true(list[i - 1].family < list[i].family || km_ip_compare(list[i - 1].ip, list[i].ip) < 0);
	free(list);
	close(netns);
}

static void port_range_of_the_namespace(void **state)
{
	int netns = make_netns("echo 41000 42000 > /proc/sys/net/ipv4/ip_local_port_range");
	unsigned range[2] = {1, 1};

	(void)state;
	km_port_range_read(netns, range);
	assert_int_equal(range[0], 41000);
	assert_int_equal(range[1], 42000);
	close(netns);
	km_port_range_read(-1, range);
	assert_int_equal(range[0], 0);
	assert_int_equal(range[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_up),
		cmocka_unit_test(of_every_interface_sorted_and_once),
		cmocka_unit_test(single_hosts_of_local_routes_only),
		cmocka_unit_test(thousands_of_them),
		cmocka_unit_test(port_range_of_the_namespace),
	};

	return cmocka_run_group_tests_name("host/addresses", tests, NULL, NULL);
}
