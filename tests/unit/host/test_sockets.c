/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "host/cgroup.h"
#include "host/netns.h"
#include "host/sockets.h"
#include "policy/addr.h"

/* A socket that listens on that address inside the namespace; -1 if there is no such protocol. */
static int listen_on(int netns, int af, int protocol, const char *address, unsigned port, bool v6only)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = km_netns_socket(netns, af, SOCK_STREAM, protocol, NULL), only = v6only;

	if (fd < 0)
		return -1;
	if (af == AF_INET) {
		assert_int_equal(inet_pton(af, address, &v4.sin_addr), 1);
		assert_return_code(bind(fd, (struct sockaddr *)&v4, sizeof(v4)), 0);
	} else {
		assert_int_equal(inet_pton(af, address, &v6.sin6_addr), 1);
		assert_return_code(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), 0);
		assert_return_code(bind(fd, (struct sockaddr *)&v6, sizeof(v6)), 0);
	}
	assert_return_code(listen(fd, 1), 0);
	return fd;
}

static uint64_t inode_of(int fd)
{
	struct stat st;

	assert_return_code(fstat(fd, &st), 0);
	return st.st_ino;
}

/* The one listener on that port. */
static struct km_listener read_one(int netns, unsigned port)
{
	struct km_listener *list = NULL, one = {0};
	size_t count = 0;

	assert_int_equal(km_listeners_read(netns, &port, 1, &list, &count, NULL), 0);
	assert_int_equal(count, 1);
	one = list[0];
	free(list);
	assert_int_equal(one.port, port);
	return one;
}

static void sees_listeners_of_both_families(void **state)
{
	static const struct {
		int af;
		const char *address;
		unsigned port;
		bool v6only;
		enum km_family family;
	} cases[] = {
		{AF_INET, "127.0.0.1", 6443, false, KM_V4}, {AF_INET, "0.0.0.0", 2379, false, KM_V4},
		{AF_INET6, "::", 2380, false, KM_V6},	    {AF_INET6, "::", 10250, true, KM_V6},
		{AF_INET6, "::1", 10257, true, KM_V6},
	};
	int netns = make_netns("ip link set lo up"), fds[5];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		fds[i] = listen_on(netns, cases[i].af, 0, cases[i].address, cases[i].port, cases[i].v6only);
	for (size_t i = 0; i < 5; i++) {
		struct km_listener seen = read_one(netns, cases[i].port);
		char text[KM_ADDR_TEXT];

		assert_int_equal(seen.family, cases[i].family);
		assert_int_equal(seen.v6only, cases[i].v6only);
		assert_string_equal(km_ip_format(seen.family, seen.ip, text), cases[i].address);
		assert_int_equal(seen.uid, geteuid());
		assert_int_equal(seen.inode, inode_of(fds[i]));
		close(fds[i]);
	}
	close(netns);
}

static void keeps_to_the_ports_and_the_namespace(void **state)
{
	int netns = make_netns("ip link set lo up"), other = make_netns("ip link set lo up");
	int first = listen_on(netns, AF_INET, 0, "127.0.0.1", 6443, false);
	int second = listen_on(netns, AF_INET, 0, "127.0.0.2", 6443, false);
	int third = listen_on(netns, AF_INET, 0, "127.0.0.1", 8443, false);
	struct km_listener *list = NULL;
	size_t count = 7;

	(void)state;
	assert_int_equal(km_listeners_read(netns, (const unsigned[]){2379, 6443}, 2, &list, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_int_equal(list[0].port, 6443);
	assert_int_equal(list[1].port, 6443);
	free(list);
	assert_int_equal(km_listeners_read(other, (const unsigned[]){2379, 6443}, 2, &list, &count, NULL), 0);
	assert_int_equal(count, 0);
	free(list);
	close(first);
	close(second);
	close(third);
	close(netns);
	close(other);
}

static void says_the_cgroup(void **state)
{
	int netns = make_netns("ip link set lo up"), own = -1;
	int listener = listen_on(netns, AF_INET, 0, "127.0.0.1", 6443, false);
	char root[KM_CGROUP_PATH], path[2 * KM_CGROUP_PATH], line[KM_CGROUP_PATH];
	FILE *file = fopen("/proc/self/cgroup", "re");
	uint64_t id = 0;

	(void)state;
	assert_int_equal(km_cgroup_find(root, NULL), 0);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "0::", 3)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(path, sizeof(path), "%s%s", root, line + 3);
			own = km_cgroup_open(path, NULL);
		}
	fclose(file);
	assert_true(own >= 0);
	assert_int_equal(km_cgroup_id(own, &id, NULL), 0);
	assert_int_equal(read_one(netns, 6443).cgroup, id);
	close(own);
	close(listener);
	close(netns);
}

static void sees_mptcp_listeners_as_tcp(void **state)
{
	int netns = make_netns("ip link set lo up");
	int listener = listen_on(netns, AF_INET, IPPROTO_MPTCP, "127.0.0.1", 6443, false);

	(void)state;
	if (listener < 0) {
		close(netns);
		skip();
	}
	assert_int_equal(read_one(netns, 6443).family, KM_V4);
	close(listener);
	close(netns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_listeners_of_both_families),
		cmocka_unit_test(keeps_to_the_ports_and_the_namespace),
		cmocka_unit_test(says_the_cgroup),
		cmocka_unit_test(sees_mptcp_listeners_as_tcp),
	};

	return cmocka_run_group_tests_name("host/sockets", tests, NULL, NULL);
}
