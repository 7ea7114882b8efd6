/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/bundle.h"

static char *copy(const char *text)
{
	char *s = text ? strdup(text) : NULL;

	assert_true(s || !text);
	return s;
}

static int add(struct km_bundle *bundle, const char *name, const char *bytes, const char *trouble)
{
	return km_bundle_add(bundle, &(struct km_file){
					     .name = copy(name),
					     .path = copy(name),
					     .bytes = copy(bytes),
					     .size = bytes ? strlen(bytes) : 0,
					     .trouble = copy(trouble),
				     });
}

static void test_add_find(void **state)
{
	struct km_bundle bundle = {0};

	(void)state;
	assert_int_equal(km_bundle_find(&bundle, "a"), -1);
	assert_int_equal(add(&bundle, "a", "one", NULL), 0);
	assert_int_equal(add(&bundle, "b", "two", NULL), 1);
	assert_int_equal(add(&bundle, "a", NULL, "is a directory"), 2);
	assert_int_equal(km_bundle_find(&bundle, "b"), 1);
	/* The configuration is never found as a list, whatever it is called. */
	assert_int_equal(km_bundle_find(&bundle, "a"), 2);
	assert_int_equal(km_bundle_find(&bundle, "c"), -1);
	assert_string_equal(bundle.files[2].trouble, "is a directory");
	km_bundle_free(&bundle);
	assert_int_equal(bundle.count, 0);
	assert_null(bundle.files);
}

struct sample {
	const char *name, *bytes, *trouble;
};

static void hash_of(const struct sample *files, size_t count, unsigned char hash[32])
{
	struct km_bundle bundle = {0};

	for (size_t i = 0; i < count; i++)
		add(&bundle, files[i].name, files[i].bytes, files[i].trouble);
	km_bundle_hash(&bundle);
	memcpy(hash, bundle.hash, sizeof(bundle.hash));
	km_bundle_free(&bundle);
}

/* Whatever differs gives another hash; above all, bytes cannot move from one part to its neighbour unseen. */
static void test_hash(void **state)
{
	static const struct sample bundles[][2] = {
		{{"c", "xy", NULL}, {"l", "z", NULL}},	{{"c", "x", NULL}, {"l", "yz", NULL}},
		{{"cx", "y", NULL}, {"l", "z", NULL}},	{{"c", "xy", NULL}, {"m", "z", NULL}},
		{{"c", "xy", NULL}, {"l", NULL, "z"}},	{{"c", "xy", NULL}, {"l", "", NULL}},
		{{"c", "xy", NULL}, {"l", NULL, NULL}}, {{"l", "z", NULL}, {"c", "xy", NULL}},
		{{"c", NULL, NULL}, {"xy", "z", NULL}},
	};
	enum { COUNT = sizeof(bundles) / sizeof(bundles[0]) };
	unsigned char hash[COUNT][32], again[32];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		hash_of(bundles[i], 2, hash[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(hash[i], hash[j], sizeof(hash[i]));
		hash_of(bundles[i], 2, again);
		assert_memory_equal(again, hash[i], sizeof(again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_find),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
