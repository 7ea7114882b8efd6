/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/sha256.h"

static void digest_is(struct km_sha256 *sha, const char *expected)
{
	unsigned char digest[KM_SHA256_BYTES];
	char hex[2 * KM_SHA256_BYTES + 1];

	km_sha256_done(sha, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
	assert_string_equal(hex, expected);
}

/* The examples of FIPS 180-4, and the lengths around the end of a block. */
static void test_digests(void **state)
{
	static const struct {
		const char *text;
		size_t repeat;
		const char *digest;
	} cases[] = {
		{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
		{"a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
		{"a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
		{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_sha256 sha;

		km_sha256_init(&sha);
		for (size_t j = 0; j < cases[i].repeat; j++)
			km_sha256_add(&sha, cases[i].text, strlen(cases[i].text));
		digest_is(&sha, cases[i].digest);
	}
}

static void test_pieces(void **state)
{
	static const char expected[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
	static char million[1000000];
	struct km_sha256 sha;

	(void)state;
	memset(million, 'a', sizeof(million));
	km_sha256_init(&sha);
	for (size_t at = 0, n = 1; at < sizeof(million); at += n, n += 3) {
		if (n > sizeof(million) - at)
			n = sizeof(million) - at;
		km_sha256_add(&sha, million + at, n);
	}
	digest_is(&sha, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
