/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/kept.h"

#define HOME KM_KEPT_ROOT "/unit"

static bool private; /* /var/lib is the test's own */

static int set_up(void **state)
{
	(void)state;
	private = private_mounts() && !mount("none", "/var/lib", "tmpfs", 0, NULL);
	return 0;
}

/* Every test starts with nothing kept. */
static int start(void **state)
{
	(void)state;
	return private ? system("rm -rf " KM_KEPT_ROOT) : 0;
}

static void needs_its_own(void)
{
	if (!private)
		skip();
}

static void add(struct km_bundle *bundle, const char *name, const char *bytes, size_t size, unsigned line)
{
	struct km_file file = {.name = strdup(name), .line = line, .column = line * 2};

	assert_true(asprintf(&file.path, "/etc/kubemoat/%s", name) > 0);
	if (bytes) {
		file.bytes = malloc(size + 1);
		assert_non_null(file.bytes);
		memcpy(file.bytes, bytes, size);
		file.size = size;
	}
	assert_true(km_bundle_add(bundle, &file) >= 0);
}

/* A policy whose list says `text`, with an empty list and one of odd bytes beside it. */
static struct km_bundle policy(const char *text)
{
	static const char odd[] = "a\0b\nsha256 0\nfile 1 1 1 0 0\n\xff";
	struct km_bundle bundle = {0};

	add(&bundle, "kubemoat.yaml", "version: 1\n", 11, 0);
	add(&bundle, "etcd.allow", text, strlen(text), 3);
	add(&bundle, "empty.allow", "", 0, 0);
	add(&bundle, "odd\nname", odd, sizeof(odd), 4);
	km_bundle_hash(&bundle);
	return bundle;
}

static void keep(const char *text, uint64_t generation)
{
	struct km_bundle bundle = policy(text);
	struct km_err err = {0};

	if (km_kept_write("unit", &bundle, generation, &err))
		fail_msg("%s", err.text);
	km_bundle_free(&bundle);
}

static void assert_kept(bool previous, const char *text, uint64_t generation)
{
	struct km_bundle kept = {0}, expected = policy(text);
	struct km_err err = {0};
	uint64_t read = 0;

	if (km_kept_read("unit", previous, &kept, &read, &err))
		fail_msg("%s", err.text);
	assert_int_equal(read, generation);
	assert_int_equal(kept.count, expected.count);
	assert_memory_equal(kept.hash, expected.hash, sizeof(kept.hash));
	for (unsigned i = 0; i < kept.count; i++) {
		const struct km_file *is = &kept.files[i], *should = &expected.files[i];

		assert_string_equal(is->name, should->name);
		assert_string_equal(is->path, should->path);
		assert_int_equal(is->line, should->line);
		assert_int_equal(is->column, should->column);
		assert_null(is->trouble);
		assert_non_null(is->bytes);
		assert_int_equal(is->size, should->size);
		assert_memory_equal(is->bytes, should->bytes, should->size);
	}
	km_bundle_free(&kept);
	km_bundle_free(&expected);
}

static void assert_not_kept(bool previous, int r, const char *text)
{
	struct km_bundle kept = {0};
	struct km_err err = {0};
	uint64_t generation = 0;

	assert_int_equal(km_kept_read("unit", previous, &kept, &generation, &err), r);
	assert_non_null(strstr(err.text, text));
	assert_non_null(strstr(err.text, previous ? HOME "/policy.previous" : HOME "/policy"));
	assert_null(kept.files);
}

static void nothing_is_kept_at_first(void **state)
{
	(void)state;
	needs_its_own();
	assert_not_kept(false, -ENOENT, "no policy is kept");
	assert_not_kept(true, -ENOENT, "no policy is kept");
	assert_false(km_kept_exists("unit"));
	assert_int_equal(km_kept_remove("unit", NULL), 0);
}

static void keeps_two_generations(void **state)
{
	struct stat st;

	(void)state;
	needs_its_own();
	keep("192.0.2.1\n", 1);
	assert_kept(false, "192.0.2.1\n", 1);
	assert_not_kept(true, -ENOENT, "no policy is kept");
	assert_return_code(stat(HOME, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_return_code(stat(HOME "/policy", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	keep("192.0.2.2\n", 2);
	keep("192.0.2.3\n", UINT64_MAX);
	assert_kept(false, "192.0.2.3\n", UINT64_MAX);
	assert_kept(true, "192.0.2.2\n", 2);
}

static void the_same_policy_again_leaves_the_previous_one(void **state)
{
	(void)state;
	needs_its_own();
	keep("192.0.2.1\n", 1);
	keep("192.0.2.2\n", 2);
	keep("192.0.2.2\n", 3);
	assert_kept(false, "192.0.2.2\n", 3);
	assert_kept(true, "192.0.2.1\n", 1);
}

static void no_configuration_is_kept_as_that(void **state)
{
	struct km_bundle bundle = {0}, kept = {0};
	uint64_t generation;

	(void)state;
	needs_its_own();
	add(&bundle, "kubemoat.yaml", NULL, 0, 0);
	assert_int_equal(km_kept_write("unit", &bundle, 1, NULL), 0);
	assert_int_equal(km_kept_read("unit", false, &kept, &generation, NULL), 0);
	assert_int_equal(kept.count, 1);
	assert_null(kept.files[0].bytes);
	assert_null(kept.files[0].trouble);
	km_bundle_free(&kept);

	bundle.files[0].trouble = strdup("is a directory");
	assert_int_equal(km_kept_write("unit", &bundle, 2, NULL), -EINVAL);
	assert_int_equal(km_kept_read("unit", false, &kept, &generation, NULL), 0);
	assert_int_equal(generation, 1);
	km_bundle_free(&kept);
	km_bundle_free(&bundle);
}

static void every_changed_byte_is_damage(void **state)
{
	struct km_bundle kept = {0};
	uint64_t generation;
	struct stat st;
	int fd;

	(void)state;
	needs_its_own();
	keep("192.0.2.1\n", 1);
	fd = open(HOME "/policy", O_RDWR | O_CLOEXEC);
	assert_return_code(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		unsigned char byte, changed;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		changed = byte ^ 1;
		assert_int_equal(pwrite(fd, &changed, 1, at), 1);
		assert_int_equal(km_kept_read("unit", false, &kept, &generation, NULL), -EBADMSG);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	assert_kept(false, "192.0.2.1\n", 1);
	for (off_t size = st.st_size - 1; size >= 0; size--) {
		assert_return_code(ftruncate(fd, size), 0);
		assert_int_equal(km_kept_read("unit", false, &kept, &generation, NULL), -EBADMSG);
	}
	close(fd);
	keep("192.0.2.1\n", 1);
	assert_int_equal(system("echo >> " HOME "/policy"), 0);
	assert_not_kept(false, -EBADMSG, "something follows its last line");
}

static void damage_is_named_and_replaced(void **state)
{
	static const struct {
		const char *text;
		const char *damage;
	} cases[] = {
		{"", "it ends too early"},
		{"kubemoat-policy 2 1 1 0\n", "its first line is none of this version's"},
		{"kubemoat-policy 1 1 1 "
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nfile 1 1 18446744073709551615 0 "
		 "0\n",
		 "it ends too early"},
		{"kubemoat-policy 1 1 1 "
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nfile x\n",
		 "the line before a file is malformed"},
		{"kubemoat-policy 1 1 4294967295 "
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nfile 1 1 1 0 0\nabcd\n",
		 "a file is longer than said"},
		{"kubemoat-policy 1 1 0 "
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nsha256 0\n",
		 "its bytes have changed since it was written"},
	};

	(void)state;
	needs_its_own();
	keep("192.0.2.1\n", 1);
	keep("192.0.2.2\n", 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		FILE *file = fopen(HOME "/policy", "we");

		fputs(cases[i].text, file);
		fclose(file);
		assert_not_kept(false, -EBADMSG, cases[i].damage);
	}
	assert_int_equal(system("head -c 300 /dev/zero > " HOME "/policy"), 0);
	assert_not_kept(false, -EBADMSG, "it has a line that is too long");
	keep("192.0.2.3\n", 3);
	assert_kept(false, "192.0.2.3\n", 3);
	assert_kept(true, "192.0.2.1\n", 1);
}

static void goes_on_after_a_crash_at_any_step(void **state)
{
	static const char *const leftovers[] = {
		"echo half > " HOME "/.policy.new",
		"ln " HOME "/policy " HOME "/.policy.previous.new",
		"ln -f " HOME "/policy " HOME "/policy.previous",
	};

	(void)state;
	needs_its_own();
	for (size_t i = 0; i < sizeof(leftovers) / sizeof(*leftovers); i++) {
		keep("192.0.2.1\n", 1);
		keep("192.0.2.2\n", 2);
		assert_int_equal(system(leftovers[i]), 0);
		assert_kept(false, "192.0.2.2\n", 2);
		keep("192.0.2.3\n", 3);
		assert_kept(false, "192.0.2.3\n", 3);
		assert_kept(true, "192.0.2.2\n", 2);
		assert_int_equal(system("test ! -e " HOME "/.policy.new && test ! -e " HOME "/.policy.previous.new"),
				 0);
	}
}

static void a_write_that_fails_changes_nothing(void **state)
{
	static char large[200000];
	struct km_err err = {0};
	struct km_bundle bundle;

	(void)state;
	needs_its_own();
	keep("192.0.2.1\n", 1);
	assert_return_code(mount("none", HOME, "tmpfs", 0, "size=64k"), 0);
	keep("192.0.2.2\n", 2);
	memset(large, '#', sizeof(large) - 1);
	bundle = policy(large);
	assert_int_equal(km_kept_write("unit", &bundle, 3, &err), -ENOSPC);
	assert_non_null(strstr(err.text, HOME));
	assert_kept(false, "192.0.2.2\n", 2);
	assert_int_equal(system("test ! -e " HOME "/.policy.new"), 0);
	km_bundle_free(&bundle);
	assert_return_code(umount2(HOME, MNT_DETACH), 0);

	assert_int_equal(system("rm -r " KM_KEPT_ROOT "; touch " KM_KEPT_ROOT), 0);
	bundle = policy("");
	assert_int_equal(km_kept_write("unit", &bundle, 3, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "mount the host's " KM_KEPT_ROOT));
	km_bundle_free(&bundle);
}

static void removes_its_own_and_no_more(void **state)
{
	(void)state;
	needs_its_own();
	keep("192.0.2.1\n", 1);
	keep("192.0.2.2\n", 2);
	assert_int_equal(system("touch " HOME "/.policy.new"), 0);
	assert_true(km_kept_exists("unit"));
	assert_int_equal(km_kept_remove("unit", NULL), 0);
	assert_false(km_kept_exists("unit"));
	assert_int_not_equal(access(HOME, F_OK), 0);
	keep("192.0.2.1\n", 1);
	assert_int_equal(system("touch " HOME "/off"), 0);
	assert_int_equal(km_kept_remove("unit", NULL), 0);
	assert_int_equal(access(HOME "/off", F_OK), 0);
	assert_int_not_equal(access(HOME "/policy", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_kept_at_first, start),
		cmocka_unit_test_setup(keeps_two_generations, start),
		cmocka_unit_test_setup(the_same_policy_again_leaves_the_previous_one, start),
		cmocka_unit_test_setup(no_configuration_is_kept_as_that, start),
		cmocka_unit_test_setup(every_changed_byte_is_damage, start),
		cmocka_unit_test_setup(damage_is_named_and_replaced, start),
		cmocka_unit_test_setup(goes_on_after_a_crash_at_any_step, start),
		cmocka_unit_test_setup(a_write_that_fails_changes_nothing, start),
		cmocka_unit_test_setup(removes_its_own_and_no_more, start),
	};

	return cmocka_run_group_tests_name("host/kept", tests, set_up, NULL);
}
