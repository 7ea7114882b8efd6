/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cgroup.h"

static char place[] = "/tmp/km-cgroup-XXXXXX";
static char root[KM_CGROUP_PATH];  /* the machine's cgroup2 mount */
static char group[KM_CGROUP_PATH]; /* a group of the test's own, with the groups a and a/b below it */

static int set_up(void **state)
{
	struct km_err err;
	char a[KM_CGROUP_PATH + 8], b[KM_CGROUP_PATH + 8];

	(void)state;
	if (!private_mounts() || !mkdtemp(place) || mount("none", place, "tmpfs", 0, NULL))
		return 0;
	if (km_cgroup_find(root, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	snprintf(group, sizeof(group), "%.4000s/kmtest-%d", root, getpid());
	snprintf(a, sizeof(a), "%s/a", group);
	snprintf(b, sizeof(b), "%s/a/b", group);
	return mkdir(group, 0755) || mkdir(a, 0755) || mkdir(b, 0755);
}

static int tear_down(void **state)
{
	char path[KM_CGROUP_PATH + 8];

	(void)state;
	for (const char *const *below = (const char *const[]){"/a/b", "/a", "", NULL}; group[0] && *below; below++) {
		snprintf(path, sizeof(path), "%s%s", group, *below);
		rmdir(path);
	}
	umount2(place, MNT_DETACH);
	rmdir(place);
	return 0;
}

static int open_below(const char *below)
{
	char path[KM_CGROUP_PATH + 8];
	int fd;

	if (!group[0])
		skip();
	snprintf(path, sizeof(path), "%s%s", group, below);
	fd = km_cgroup_open(path, NULL);
	assert_true(fd >= 0);
	return fd;
}

static uint64_t id_of(const char *below)
{
	int fd = open_below(below);
	uint64_t id = 0;

	assert_int_equal(km_cgroup_id(fd, &id, NULL), 0);
	close(fd);
	return id;
}

static void finds_the_true_root(void **state)
{
	char path[KM_CGROUP_PATH];
	int fd;

	(void)state;
	assert_int_equal(km_cgroup_find(path, NULL), 0);
	fd = km_cgroup_open(path, NULL);
	assert_true(fd >= 0);
	assert_true(km_cgroup_is_root(fd));
	close(fd);
	fd = open_below("");
	assert_false(km_cgroup_is_root(fd));
	close(fd);
}

/* Makes name a directory below the test's place, with `source` bound to it. */
static void bind_at(const char *name, const char *source, char path[64])
{
	snprintf(path, 64, "%s/%s", place, name);
	assert_return_code(mkdir(path, 0755), 0);
	assert_return_code(mount(source, path, NULL, MS_BIND, NULL), 0);
}

static void unbind(const char *path)
{
	assert_return_code(umount2(path, MNT_DETACH), 0);
	assert_return_code(rmdir(path), 0);
}

static void without_the_root_the_widest_mount_is_found(void **state)
{
	char inner[KM_CGROUP_PATH + 8], narrow[64], wide[64], narrower[64], found[KM_CGROUP_PATH];

	(void)state;
	close(open_below(""));
	snprintf(inner, sizeof(inner), "%s/a", group);
	bind_at("narrow", inner, narrow);
	bind_at("wide\t and \\", group, wide);
	bind_at("zz", inner, narrower);
	assert_return_code(umount2(root, MNT_DETACH), 0);
	assert_int_equal(km_cgroup_find(found, NULL), 0);
	assert_string_equal(found, wide);
	unbind(wide);
	assert_int_equal(km_cgroup_find(found, NULL), 0);
	assert_string_equal(found, narrow);
	unbind(narrow);
	unbind(narrower);
	assert_return_code(mount("none", root, "cgroup2", 0, NULL), 0);
}

/* Moves the test into a group: "" is the one of its own, else a path below the root. */
static void move_to(const char *directory)
{
	char path[KM_CGROUP_PATH + 64];
	FILE *procs;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	procs = fopen(path, "we");
	assert_non_null(procs);
	fprintf(procs, "0\n");
	assert_int_equal(fclose(procs), 0);
}

static void in_a_cgroup_namespace_a_mount_above_its_root_is_wider(void **state)
{
	char inner[KM_CGROUP_PATH + 8], above[64], fresh[64], found[KM_CGROUP_PATH];
	int own, fd;

	(void)state;
	close(open_below(""));
	own = open("/proc/self/ns/cgroup", O_RDONLY | O_CLOEXEC);
	snprintf(inner, sizeof(inner), "%s/a/b", group);
	move_to(inner);
	assert_return_code(unshare(CLONE_NEWCGROUP), 0);
	snprintf(fresh, sizeof(fresh), "%s/fresh", place);
	assert_return_code(mkdir(fresh, 0755), 0);
	assert_return_code(mount("none", fresh, "cgroup2", 0, NULL), 0);
	bind_at("shows two steps up", group, above);

	/* The host's mount is still there: its root has inode 1, whatever the root field shows. */
	assert_int_equal(km_cgroup_find(found, NULL), 0);
	assert_string_equal(found, root);
	assert_return_code(umount2(root, MNT_DETACH), 0);
	assert_int_equal(km_cgroup_find(found, NULL), 0);
	assert_string_equal(found, above);
	unbind(above);
	assert_int_equal(km_cgroup_find(found, NULL), 0);
	assert_string_equal(found, fresh);
	fd = km_cgroup_open(found, NULL);
	assert_true(fd >= 0);
	assert_false(km_cgroup_is_root(fd));
	close(fd);
	unbind(fresh);

	assert_return_code(setns(own, CLONE_NEWCGROUP), 0);
	close(own);
	assert_return_code(mount("none", root, "cgroup2", 0, NULL), 0);
	move_to(root);
}

static void says_what_to_mount(void **state)
{
	char found[KM_CGROUP_PATH], inner[KM_CGROUP_PATH + 8], third[64];
	struct km_err err = {0};

	(void)state;
	close(open_below(""));
	assert_return_code(mount("none", root, "tmpfs", 0, NULL), 0);
	assert_int_equal(km_cgroup_find(found, &err), -ENOENT);
	assert_non_null(strstr(err.text, "is hidden by another mount"));
	assert_non_null(strstr(err.text, root));
	assert_return_code(umount2(root, MNT_DETACH), 0);

	/* Below another cgroup2 its path leads to that one, which is narrower than the third. */
	snprintf(inner, sizeof(inner), "%s/a", group);
	bind_at("third", group, third);
	assert_return_code(mount(inner, root, NULL, MS_BIND, NULL), 0);
	assert_int_equal(km_cgroup_find(found, &err), 0);
	assert_string_equal(found, third);
	assert_return_code(umount2(root, MNT_DETACH), 0);
	unbind(third);

	assert_return_code(umount2(root, MNT_DETACH), 0);
	assert_int_equal(km_cgroup_find(found, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no cgroup2 file system is mounted"));
	assert_return_code(mount("none", root, "cgroup2", 0, NULL), 0);
}

static void opens_only_cgroup2_directories(void **state)
{
	static const struct {
		const char *path;
		int r;
	} cases[] = {
		{"/proc", -EINVAL},
		{"/proc/self/mountinfo", -ENOTDIR},
		{"/proc/no-such", -ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct km_err err = {0};

		assert_int_equal(km_cgroup_open(cases[i].path, &err), cases[i].r);
		assert_non_null(strstr(err.text, cases[i].path));
		assert_non_null(strstr(err.text, "--cgroup"));
	}
}

static void covers_itself_and_what_is_below(void **state)
{
	char path[KM_CGROUP_PATH];
	uint64_t self = id_of(""), a = id_of("/a"), b = id_of("/a/b");
	int whole = open_below(""), part = open_below("/a");

	(void)state;
	assert_true(km_cgroup_covers(whole, self, path));
	assert_string_equal(path, "/");
	assert_true(km_cgroup_covers(whole, a, path));
	assert_string_equal(path, "/a");
	assert_true(km_cgroup_covers(whole, b, path));
	assert_string_equal(path, "/a/b");
	assert_true(km_cgroup_covers(whole, b, NULL));
	assert_true(km_cgroup_covers(part, b, path));
	assert_string_equal(path, "/b");
	assert_false(km_cgroup_covers(part, self, path));
	assert_false(km_cgroup_covers(part, self, NULL));
	assert_false(km_cgroup_covers(whole, 0, path));
	close(whole);
	close(part);
}

static void the_true_root_covers_everything(void **state)
{
	char path[KM_CGROUP_PATH], expected[64];
	uint64_t b = id_of("/a/b");
	int fd = km_cgroup_open(root, NULL);

	(void)state;
	assert_true(fd >= 0);
	snprintf(expected, sizeof(expected), "/kmtest-%d/a/b", getpid());
	assert_true(km_cgroup_covers(fd, b, path));
	assert_string_equal(path, expected);
	assert_true(km_cgroup_covers(fd, 0, path));
	assert_string_equal(path, "");
	assert_true(km_cgroup_covers(fd, UINT64_MAX, path));
	assert_string_equal(path, "");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_true_root),
		cmocka_unit_test(without_the_root_the_widest_mount_is_found),
		cmocka_unit_test(in_a_cgroup_namespace_a_mount_above_its_root_is_wider),
		cmocka_unit_test(says_what_to_mount),
		cmocka_unit_test(opens_only_cgroup2_directories),
		cmocka_unit_test(covers_itself_and_what_is_below),
		cmocka_unit_test(the_true_root_covers_everything),
	};

	return cmocka_run_group_tests_name("host/cgroup", tests, set_up, tear_down);
}
