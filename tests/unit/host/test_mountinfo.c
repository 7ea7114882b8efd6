/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "host/mountinfo.h"

static void takes_lines_apart(void **state)
{
	static const struct {
		const char *line;
		unsigned id;
		const char *root, *point, *type;
	} cases[] = {
		{"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n", 41, "/",
		 "/sys/fs/cgroup/unified", "cgroup2"},
		{"36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n", 36,
		 "/mnt1", "/mnt2", "ext3"},
		{"7 1 0:5 /../.. /a\\040b\\011c\\012d\\134e rw - cgroup2 none rw\n", 7, "/../..", "/a b\tc\nd\\e",
		 "cgroup2"},
		{"7 1 0:5 /\\04 /a\\9 rw - tmpfs none rw", 7, "/\\04", "/a\\9", "tmpfs"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct km_mount mount;
		char line[256];

		strcpy(line, cases[i].line);
		assert_true(km_mountinfo_line(line, &mount));
		assert_int_equal(mount.id, cases[i].id);
		assert_string_equal(mount.root, cases[i].root);
		assert_string_equal(mount.point, cases[i].point);
		assert_string_equal(mount.type, cases[i].type);
	}
}

static void refuses_other_lines(void **state)
{
	static const char *const cases[] = {"", "\n", "41 31 0:38 / /sys",
					    "41 31 0:38 / /sys rw shared:1 cgroup2 cgroup2 rw",
					    "41 31 0:38 / /sys rw -"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct km_mount mount;
		char line[256];

		strcpy(line, cases[i]);
		assert_false(km_mountinfo_line(line, &mount));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_lines_apart),
		cmocka_unit_test(refuses_other_lines),
	};

	return cmocka_run_group_tests_name("host/mountinfo", tests, NULL, NULL);
}
