/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/request.h"

/* Of an exact copy, so that the sanitizer sees a read beyond it. */
static unsigned read_bytes(struct km_request *request, const char *bytes, size_t size)
{
	char *copy = malloc(size ? size : 1);
	unsigned status;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	status = km_request_read(request, copy, size);
	free(copy);
	return status;
}

static void test_understood(void **state)
{
	static const struct {
		const char *text, *path;
		bool head;
	} cases[] = {
		{"GET /metrics HTTP/1.1\r\nHost: localhost:9475\r\nAccept: */*\r\n\r\n", "/metrics"},
		{"HEAD /readyz HTTP/1.1\r\nHost: h\r\n\r\n", "/readyz", true},
		{"GET /healthz HTTP/1.0\r\n\r\n", "/healthz"},
		{"GET / HTTP/1.1\n\n", "/"},
		{"GET /metrics?name[]=up HTTP/1.1\r\n\r\n", "/metrics"},
		{"GET http://127.0.0.1:9475/metrics HTTP/1.1\r\n\r\n", "/metrics"},
		{"GET /metrics HTTP/1.1\r\nUser-Agent: \xc3\xa9\ttab\r\nX-Empty:\r\n\r\n", "/metrics"},
		{"GET /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "/metrics"},
		/* One that is longer than any is none, not another. */
		{"GET /metrics/////////////////////////////////////////////////////// HTTP/1.1\r\n\r\n",
		 "/metrics///////////////////////////////////////////////////////"},
		{"GET /metrics//////////////////////////////////////////////////////// HTTP/1.1\r\n\r\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_request request = {};

		assert_int_equal(read_bytes(&request, cases[i].text, strlen(cases[i].text)), 200);
		assert_string_equal(request.path, cases[i].path);
		assert_int_equal(request.head, cases[i].head);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned status;
	} cases[] = {
		{"\r\n", 400},
		{"\n", 400},
		{"hello\r\n\r\n", 400},
		{"GET /\r\n\r\n", 400},
		{"GET  /metrics HTTP/1.1\r\n\r\n", 400},
		{"GET /metrics  HTTP/1.1\r\n\r\n", 400},
		{"GET /metrics HTTP/1.1 \r\n\r\n", 400},
		{"GET metrics HTTP/1.1\r\n\r\n", 400},
		{"GET http://127.0.0.1 HTTP/1.1\r\n\r\n", 400},
		{"GET /metrics HTTPS/1.1\r\n\r\n", 400},
		{"GET /metrics HTTP/11\r\n\r\n", 400},
		{"G@T /metrics HTTP/1.1\r\n\r\n", 400},
		{" /metrics HTTP/1.1\r\n\r\n", 400},
		{"GET /metrics HTTP/1.1\r\nHost\r\n\r\n", 400},
		{"GET /metrics HTTP/1.1\r\n: value\r\n\r\n", 400},
		{"GET /metrics HTTP/1.1\r\nHost : h\r\n\r\n", 400},
		{"GET /metrics HTTP/1.1\r\n Host: h\r\n\r\n", 400},
		{"GET /metrics HTTP/1.1\r\nHost: h\ri\r\n\r\n", 400},
		/* At the byte, without waiting for the rest. */
		{"\x16\x03\x01", 400},
		{"GET /\x7f", 400},
		{"GET /metrics HTTP/1.1\r\nHost: \x01", 400},
		{"PRI * HTTP/2.0\r\n\r\n", 505},
		{"GET /metrics HTTP/0.9\r\n\r\n", 505},
		{"POST /metrics HTTP/1.1\r\n\r\n", 405},
		{"DELETE /metrics HTTP/1.1\r\n\r\n", 405},
		{"OPTIONS * HTTP/1.1\r\n\r\n", 405},
		{"GETS /metrics HTTP/1.1\r\n\r\n", 405},
		{"get /metrics HTTP/1.1\r\n\r\n", 405},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_request request = {};
		unsigned status = read_bytes(&request, cases[i].text, strlen(cases[i].text));

		if (status != cases[i].status)
			fail_msg("%s: %u", cases[i].text, status);
	}
}

static void test_byte_by_byte(void **state)
{
	static const char text[] = "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
	struct km_request request = {};

	(void)state;
	for (size_t size = 0; size < sizeof(text) - 2; size++)
		assert_int_equal(read_bytes(&request, text, size), 0);
	assert_int_equal(read_bytes(&request, text, sizeof(text) - 1), 200);
	assert_string_equal(request.path, "/metrics");
}

/* A header of so many bytes in all, as one line or as many. */
static unsigned read_long(size_t size, bool lines)
{
	static const char first[] = "GET /metrics HTTP/1.1\r\n", line[] = "A: b\r\n", last[] = "\r\n\r\n";
	struct km_request request = {};
	char *text = malloc(size);
	unsigned status;

	assert_non_null(text);
	memset(text, ':', size);
	memcpy(text, first, sizeof(first) - 1);
	text[sizeof(first) - 1] = 'A';
	for (size_t at = sizeof(first) - 1; lines && at + 16 < size; at += sizeof(line) - 1)
		memcpy(text + at, line, sizeof(line) - 1);
	memcpy(text + size - 4, last, 4);
	if (lines)
		memcpy(text + size - 14, "A:", 2);
	status = read_bytes(&request, text, size);
	free(text);
	return status;
}

static void test_size(void **state)
{
	struct km_request request = {};
	char text[KM_REQUEST_MAX];

	(void)state;
	assert_int_equal(read_long(KM_REQUEST_MAX, false), 200);
	assert_int_equal(read_long(KM_REQUEST_MAX + 1, false), 431);
	assert_int_equal(read_long(KM_REQUEST_MAX + 1, true), 431);
	assert_int_equal(read_long(1 << 20, true), 431);
	/* One that never ends a line. */
	memset(text, 'A', sizeof(text));
	assert_int_equal(read_bytes(&request, text, sizeof(text) - 1), 0);
	assert_int_equal(read_bytes(&request, text, sizeof(text)), 431);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_understood),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
