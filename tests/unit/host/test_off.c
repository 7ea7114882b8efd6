/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <stdio.h>
#include <string.h>

#include "host/kept.h"

/* /var/lib, /etc and the kernel's command line become the test's own. */
static int set_up(void **state)
{
	static bool private;

	*state = &private;
	private = private_mounts() && !mount("none", "/var/lib", "tmpfs", 0, NULL) &&
		  !mount("none", "/etc", "tmpfs", 0, NULL) && !system("mkdir -p /etc/kubemoat " KM_KEPT_ROOT "/unit") &&
		  !system("echo root=/dev/vda quiet > /etc/cmdline") &&
		  !mount("/etc/cmdline", "/proc/cmdline", NULL, MS_BIND, NULL);
	return 0;
}

static void set_command_line(const char *text)
{
	FILE *file = fopen("/etc/cmdline", "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_off(const char *expected)
{
	char buffer[256];
	const char *off = km_off("unit", buffer);

	if (expected)
		assert_string_equal(off, expected);
	else
		assert_null(off);
}

static void by_the_kernel_command_line(void **state)
{
	static const struct {
		const char *line;
		bool off;
	} cases[] = {
		{"root=/dev/vda quiet\n", false},     {"kubemoat.off\n", true},
		{"quiet kubemoat.off ro\n", true},    {"quiet kubemoat.off=1\n", true},
		{"quiet kubemoat.off=0\n", false},    {"quiet xkubemoat.off\n", false},
		{"quiet kubemoat.offset\n", false},   {"init=/bin/sh,kubemoat.off\n", false},
		{"root=/dev/vda kubemoat.off", true}, {"", false},
	};

	if (!*(bool *)*state)
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		set_command_line(cases[i].line);
		assert_off(cases[i].off ? "kubemoat.off on the kernel command line" : NULL);
	}
}

static void by_a_file(void **state)
{
	static const char *const files[] = {"/etc/kubemoat/off", KM_KEPT_ROOT "/off", KM_KEPT_ROOT "/unit/off"};

	if (!*(bool *)*state)
		skip();
	set_command_line("quiet\n");
	for (int i = 2; i >= 0; i--) {
		fclose(fopen(files[i], "we"));
		assert_off(files[i]);
	}
	for (int i = 0; i < 3; i++) {
		assert_off(files[i]);
		assert_return_code(unlink(files[i]), 0);
	}
	assert_off(NULL);

	/* A link that leads nowhere is a file by that name; one of another instance is not. */
	assert_return_code(symlink("no-such", files[1]), 0);
	assert_off(files[1]);
	assert_return_code(unlink(files[1]), 0);
	assert_int_equal(system("mkdir " KM_KEPT_ROOT "/other && touch " KM_KEPT_ROOT "/other/off"), 0);
	assert_off(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_kernel_command_line),
		cmocka_unit_test(by_a_file),
	};

	return cmocka_run_group_tests_name("host/off", tests, set_up, NULL);
}
