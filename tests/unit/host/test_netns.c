/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "host/netns.h"

static unsigned inode_of(int netns_fd)
{
	unsigned inode = 0;

	assert_int_equal(km_netns_inode(netns_fd, &inode, NULL), 0);
	assert_true(inode);
	return inode;
}

static bool has_interface(int socket_fd, const char *name)
{
	struct ifreq request = {0};

	strcpy(request.ifr_name, name);
	return !ioctl(socket_fd, SIOCGIFINDEX, &request);
}

static void opens_the_callers_own(void **state)
{
	int fd = km_netns_open(NULL, NULL), own = own_netns();

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(inode_of(fd), inode_of(own));
	close(fd);
	close(own);
}

static void refuses_what_is_no_network_namespace(void **state)
{
	char fifo[] = "/tmp/km-netns-XXXXXX";
	const struct {
		const char *path;
		int r;
		const char *text;
	} cases[] = {
		{"/proc/self/ns/no-such", -ENOENT, "does not exist"},
		{"/proc/self/ns/mnt", -EINVAL, "is not a network namespace"},
		{"/proc/self/cmdline", -EINVAL, "is not a network namespace"},
		{fifo, -EINVAL, "is not a network namespace"},
	};

	(void)state;
	close(mkstemp(fifo));
	unlink(fifo);
	assert_return_code(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct km_err err = {0};

		assert_int_equal(km_netns_open(cases[i].path, &err), cases[i].r);
		assert_non_null(strstr(err.text, cases[i].text));
		assert_non_null(strstr(err.text, cases[i].path));
		assert_non_null(strstr(err.text, "/run/netns/NAME"));
	}
	unlink(fifo);
}

static void makes_sockets_inside(void **state)
{
	int netns = make_netns("ip link add name kmtest0 type veth peer name kmtest1");
	int own = own_netns(), now, inside, outside;

	(void)state;
	inside = km_netns_socket(netns, AF_INET, SOCK_DGRAM, 0, NULL);
	outside = km_netns_socket(own, AF_INET, SOCK_DGRAM, 0, NULL);
	assert_true(inside >= 0);
	assert_true(outside >= 0);
	assert_true(fcntl(inside, F_GETFD) & FD_CLOEXEC);
	assert_true(has_interface(inside, "kmtest0"));
	assert_false(has_interface(outside, "kmtest0"));
	now = own_netns();
	assert_int_equal(inode_of(now), inode_of(own));
	assert_int_not_equal(inode_of(netns), inode_of(own));
	close(inside);
	close(outside);
	close(now);
	close(own);
	close(netns);
}

static void comes_back_when_no_socket_can_be_made(void **state)
{
	int netns = make_netns("true");
	int own = own_netns(), now;
	struct km_err err = {0};

	(void)state;
	assert_int_equal(km_netns_socket(netns, AF_INET, SOCK_STREAM, IPPROTO_UDP, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "cannot make a socket"));
	now = own_netns();
	assert_int_equal(inode_of(now), inode_of(own));
	close(now);
	close(own);
	close(netns);
}

static void opens_sysctls_of_the_namespace(void **state)
{
	int netns = make_netns("echo 2 > /proc/sys/net/ipv4/tcp_syncookies");
	int own = own_netns(), fd;
	char here = 0, there = 0;
	struct km_err err = {0};

	(void)state;
	fd = km_netns_sysctl(netns, "/proc/sys/net/ipv4/tcp_syncookies", NULL);
	assert_int_equal(read(fd, &there, 1), 1);
	close(fd);
	fd = km_netns_sysctl(own, "/proc/sys/net/ipv4/tcp_syncookies", NULL);
	assert_int_equal(read(fd, &here, 1), 1);
	close(fd);
	assert_int_equal(there, '2');
	assert_int_not_equal(here, '2');
	assert_int_equal(km_netns_sysctl(netns, "/proc/sys/net/no-such", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/proc/sys/net/no-such"));
	close(own);
	close(netns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_the_callers_own),
		cmocka_unit_test(refuses_what_is_no_network_namespace),
		cmocka_unit_test(makes_sockets_inside),
		cmocka_unit_test(comes_back_when_no_socket_can_be_made),
		cmocka_unit_test(opens_sysctls_of_the_namespace),
	};

	return cmocka_run_group_tests_name("host/netns", tests, NULL, NULL);
}
