/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/http.h"

#define LARGE (8u << 20) /* more than the kernel takes at once */
#define REQUEST "GET /large HTTP/1.1\r\n\r\n"

struct server {
	struct event_base *base;
	struct km_http *http;
	struct km_endpoint endpoint;
};

static unsigned write_page(void *context, const char *path, const char **type, FILE *out)
{
	(void)context;
	*type = "text/x-large";
	for (unsigned i = 0; !strcmp(path, "/large") && i < LARGE; i++)
		putc('x', out);
	return 200;
}

/* A socket on a port of loopback that the kernel picks. */
static int bind_any(struct km_endpoint *endpoint)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t length = sizeof(address);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*endpoint = (struct km_endpoint){KM_V4, {{INADDR_LOOPBACK}}, ntohs(address.sin_port)};
	return fd;
}

static int set_up(void **state)
{
	static struct server server;
	struct km_err err;

	server.base = event_base_new();
	assert_non_null(server.base);
	assert_int_equal(km_http_new(server.base, write_page, NULL, &server.http, &err), 0);
	close(bind_any(&server.endpoint));
	km_http_listen(server.http, &server.endpoint);
	*state = &server;
	return 0;
}

static int tear_down(void **state)
{
	struct server *server = *state;

	km_http_free(server->http);
	event_base_free(server->base);
	return 0;
}

/* -1: refused */
static int connect_to(const struct km_endpoint *endpoint)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(endpoint->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	return -1;
}

static void serve(const struct server *server)
{
	event_base_loop(server->base, EVLOOP_NONBLOCK);
}

/* The server runs until the client has seen the end; how many bytes came, or -errno. */
static ssize_t read_all(const struct server *server, int fd)
{
	static char bytes[65536];
	ssize_t total = 0, got;

	for (;;) {
		serve(server);
		got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (got == 0)
			return total;
		if (got > 0)
			total += got;
		else if (errno != EAGAIN)
			return -errno;
	}
}

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void test_page_in_pieces(void **state)
{
	const struct server *server = *state;
	unsigned before = count_descriptors();

	for (int early = 0; early < 2; early++) {
		int fd = connect_to(&server->endpoint);

		assert_int_equal(send(fd, REQUEST, sizeof(REQUEST) - 1, 0), sizeof(REQUEST) - 1);
		if (early)
			shutdown(fd, SHUT_WR);
		assert_true(read_all(server, fd) > LARGE);
		if (!early)
			shutdown(fd, SHUT_WR);
		serve(server);
		assert_int_equal(count_descriptors(), before + 1);
		close(fd);
	}
}

/* True if the server has ended that connection. */
static bool is_over(const struct server *server, int fd)
{
	char byte;

	for (int i = 0; i < 4; i++)
		serve(server);
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

static void test_oldest_goes(void **state)
{
	const struct server *server = *state;
	int fd[KM_HTTP_CLIENTS + 3];

	for (int i = 0; i < KM_HTTP_CLIENTS; i++) {
		fd[i] = connect_to(&server->endpoint);
		assert_false(is_over(server, fd[i]));
	}
	assert_false(is_over(server, fd[0]));
	for (int i = KM_HTTP_CLIENTS; i < KM_HTTP_CLIENTS + 3; i++) {
		fd[i] = connect_to(&server->endpoint);
		assert_false(is_over(server, fd[i]));
		assert_true(is_over(server, fd[i - KM_HTTP_CLIENTS]));
		assert_false(is_over(server, fd[i - KM_HTTP_CLIENTS + 1]));
	}
	for (int i = 0; i < KM_HTTP_CLIENTS + 3; i++)
		close(fd[i]);
}

static void test_moves(void **state)
{
	const struct server *server = *state;
	const struct km_endpoint nowhere = {.port = 0};
	struct km_endpoint other;
	int fd, taken = bind_any(&other);

	assert_int_equal(listen(taken, 1), 0);
	km_http_listen(server->http, &other);
	assert_int_equal(connect_to(&server->endpoint), -1);
	close(taken);
	km_http_listen(server->http, &other);
	fd = connect_to(&other);
	assert_true(fd >= 0);
	/* Who is being served is served to the end. */
	assert_int_equal(send(fd, REQUEST, sizeof(REQUEST) - 1, 0), sizeof(REQUEST) - 1);
	serve(server);
	km_http_listen(server->http, &nowhere);
	assert_int_equal(connect_to(&other), -1);
	assert_true(read_all(server, fd) > LARGE);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_page_in_pieces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_oldest_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_moves, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
