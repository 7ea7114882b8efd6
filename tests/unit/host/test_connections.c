/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "host/connections.h"
#include "host/netns.h"
#include "policy/addr.h"

#define PORT 6443

/* A connection within a namespace, both ends of it here. */
struct pair {
	int netns, listener, client, server;
};

static socklen_t address_of(struct sockaddr_storage *storage, const char *address, unsigned port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

	memset(storage, 0, sizeof(*storage));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

/* A socket bound to that address; port 0: not bound. */
static int bound(int netns, const char *address, unsigned port)
{
	struct sockaddr_storage at;
	socklen_t size = address_of(&at, address, port);
	int fd = km_netns_socket(netns, at.ss_family, SOCK_STREAM, 0, NULL), one = 1;

	assert_true(fd >= 0);
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	if (port)
		assert_return_code(bind(fd, (struct sockaddr *)&at, size), 0);
	return fd;
}

static int listening(int netns, const char *address, unsigned port)
{
	int fd = bound(netns, address, port);

	assert_return_code(listen(fd, 4), 0);
	return fd;
}

static void dial(int fd, const char *address, unsigned port)
{
	struct sockaddr_storage to;
	socklen_t size = address_of(&to, address, port);

	assert_return_code(connect(fd, (struct sockaddr *)&to, size), 0);
}

static void make_pair(struct pair *pair, const char *listen_on, const char *connect_to)
{
	pair->netns = make_netns("ip link set lo up");
	pair->listener = listening(pair->netns, listen_on, PORT);
	pair->client = bound(pair->netns, connect_to, 0);
	dial(pair->client, connect_to, PORT);
	pair->server = accept(pair->listener, NULL, NULL);
	assert_true(pair->server >= 0);
}

static void close_pair(struct pair *pair)
{
	close(pair->client);
	close(pair->server);
	close(pair->listener);
	close(pair->netns);
}

/* How many there are; the first of them in *one. */
static size_t read_all(int netns, struct km_connection *one)
{
	struct km_connection *list = NULL;
	size_t count = 0;

	assert_int_equal(km_connections_read(netns, (const unsigned[]){2379, PORT}, 2, -1, &list, &count, NULL), 0);
	if (count)
		*one = list[0];
	free(list);
	return count;
}

static uint64_t inode_of(int fd)
{
	struct stat st;

	assert_return_code(fstat(fd, &st), 0);
	return st.st_ino;
}

static void sees_accepted_connections_as_packets_have_them(void **state)
{
	static const struct {
		const char *listen_on, *connect_to, *seen;
	} cases[] = {
		{"127.0.0.1", "127.0.0.1", "127.0.0.1"},
		{"0.0.0.0", "127.0.0.2", "127.0.0.2"},
		{"::", "::1", "::1"},
		{"::", "127.0.0.1", "127.0.0.1"},
		{"::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_connection one = {0};
		char text[KM_ADDR_TEXT];
		struct pair pair;

		make_pair(&pair, cases[i].listen_on, cases[i].connect_to);
		assert_int_equal(read_all(pair.netns, &one), 1);
		assert_string_equal(km_ip_format(one.family, one.destination, text), cases[i].seen);
		assert_int_equal(one.port, PORT);
		assert_int_not_equal(one.source_port, PORT);
		assert_int_equal(one.inode, inode_of(pair.server));
		assert_false(one.half_open || one.revoked);
		close_pair(&pair);
	}
}

static void leaves_out_what_was_not_accepted(void **state)
{
	int netns = make_netns("ip link set lo up"), far = listening(netns, "127.0.0.9", 9000);
	int outgoing = bound(netns, "127.0.0.1", PORT), listener;
	struct km_connection one;

	(void)state;
	dial(outgoing, "127.0.0.9", 9000);
	assert_int_equal(read_all(netns, &one), 0);
	/* Nor is it accepted by who listens on another address. */
	listener = listening(netns, "127.0.0.2", PORT);
	assert_int_equal(read_all(netns, &one), 0);
	close(listener);
	listener = listening(netns, "127.0.0.1", PORT);
	assert_int_equal(read_all(netns, &one), 1);
	close(listener);
	close(outgoing);
	close(far);
	close(netns);
}

static void a_closed_side_is_no_end(void **state)
{
	struct km_connection one;
	struct pair pair;

	(void)state;
	make_pair(&pair, "127.0.0.1", "127.0.0.1");
	assert_return_code(shutdown(pair.server, SHUT_WR), 0);
	assert_int_equal(read_all(pair.netns, &one), 1);
	close(pair.server);
	assert_int_equal(read_all(pair.netns, &one), 0);
	close(pair.client);
	pair.client = bound(pair.netns, "127.0.0.1", 0);
	dial(pair.client, "127.0.0.1", PORT);
	pair.server = accept(pair.listener, NULL, NULL);
	assert_return_code(shutdown(pair.client, SHUT_WR), 0);
	assert_int_equal(read_all(pair.netns, &one), 1);
	close_pair(&pair);
}

static void ends_a_connection_once(void **state)
{
	struct km_connection one;
	struct pair pair;
	char byte;
	int diag;

	(void)state;
	make_pair(&pair, "::", "127.0.0.1");
	diag = km_netns_socket(pair.netns, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, NULL);
	assert_int_equal(read_all(pair.netns, &one), 1);
	assert_int_equal(km_connection_end(diag, &one), 0);
	assert_int_equal(recv(pair.client, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(recv(pair.server, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNABORTED);
	assert_int_equal(km_connection_end(diag, &one), -ENOENT);
	assert_int_equal(read_all(pair.netns, &one), 0);
	close(diag);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_accepted_connections_as_packets_have_them),
		cmocka_unit_test(leaves_out_what_was_not_accepted),
		cmocka_unit_test(a_closed_side_is_no_end),
		cmocka_unit_test(ends_a_connection_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
