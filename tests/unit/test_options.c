/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "options.h"
#include "verb.h"

#define WORDS 16
#define SAY(...) ((const char *const[WORDS]){__VA_ARGS__})

static struct km_options options;

static int parse(const char *const words[WORDS], struct km_err *err)
{
	char *argv[WORDS + 1] = {"kubemoat"};
	int argc = 1;

	for (; argc <= WORDS && words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return km_options_parse(argc, argv, &options, err);
}

static void accept(const char *const words[WORDS])
{
	struct km_err err = {};

	if (parse(words, &err))
		fail_msg("%s", err.text);
}

static void test_defaults(void **state)
{
	(void)state;
	accept(SAY("status"));
	assert_string_equal(options.verb->name, "status");
	assert_string_equal(options.target.config, "/etc/kubemoat");
	assert_string_equal(options.target.name, "kubemoat");
	assert_string_equal(options.target.bpffs, "/sys/fs/bpf");
	assert_null(options.target.cgroup);
	assert_null(options.target.netns);
	assert_false(options.json);
	assert_int_equal(options.given, 0);
}

static void test_before_and_after_the_verb(void **state)
{
	(void)state;
	accept(SAY("-na-1", "--bpffs=/b", "drops", "--top", "5", "-o", "json", "--cgroup", "/c", "--netns", "/n", "-c",
		   "/x"));
	assert_string_equal(options.verb->name, "drops");
	assert_string_equal(options.target.name, "a-1");
	assert_string_equal(options.target.bpffs, "/b");
	assert_string_equal(options.target.cgroup, "/c");
	assert_string_equal(options.target.netns, "/n");
	assert_string_equal(options.target.config, "/x");
	assert_int_equal(options.top, 5);
	assert_true(options.json);
}

static void test_config_is_made_absolute(void **state)
{
	char expected[PATH_MAX + 8], directory[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(directory, sizeof(directory)));
	snprintf(expected, sizeof(expected), "%s/conf/x", directory);
	accept(SAY("check", "-c", "conf/x"));
	assert_string_equal(options.target.config, expected);
}

static void test_arguments(void **state)
{
	(void)state;
	accept(SAY("explain", "etcd", "-o", "json", "10.0.0.1", "--", "-odd"));
	assert_int_equal(options.argument_count, 3);
	assert_string_equal(options.argument[0], "etcd");
	assert_string_equal(options.argument[1], "10.0.0.1");
	assert_string_equal(options.argument[2], "-odd");
	assert_true(options.json);
}

static void test_force_is_reloads(void **state)
{
	(void)state;
	accept(SAY("reload", "--confirm", "5m"));
	assert_int_equal(options.confirm, UINT64_C(300000000000));
	accept(SAY("reload", "--force"));
	assert_true(options.given & KM_OPTION_FORCE);
	accept(SAY("reload"));
	assert_false(options.given & KM_OPTION_FORCE);
}

static void test_posixly_correct_changes_nothing(void **state)
{
	(void)state;
	setenv("POSIXLY_CORRECT", "1", 1);
	accept(SAY("status", "-o", "json"));
	unsetenv("POSIXLY_CORRECT");
	assert_true(options.json);
	assert_int_equal(options.argument_count, 0);
}

static void test_help_and_version_need_no_verb(void **state)
{
	(void)state;
	accept(SAY("--help"));
	assert_null(options.verb);
	accept(SAY("explain", "-h"));
	assert_string_equal(options.verb->name, "explain");
	accept(SAY("learn", "--help"));
	accept(SAY("-V"));
	assert_int_equal(options.given, KM_OPTION_VERSION);
}

static void test_usage_errors(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *says;
	} cases[] = {
		{{NULL}, "no verb"},
		{{"stauts"}, "'stauts': no such verb; the nearest is status"},
		{{"chekc", "x"}, "the nearest is check"},
		{{""}, "'': no such verb"},
		{{"learn", "etcd"}, "learn: not supported by this version"},
		{{"audit"}, "audit: not supported by this version"},
		{{"reload", "--confirm"}, "--confirm: needs a value; say --confirm TIME"},
		{{"reload", "--confirm", "60"}, "--confirm '60': say how long"},
		{{"reload", "--confirm", "0s"}, "--confirm '0s'"},
		{{"reload", "--confirm", "25h"}, "--confirm '25h'"},
		{{"reload", "--confirm", "-1s"}, "--confirm '-1s'"},
		{{"load", "--confirm", "60s"}, "--confirm: not an option of load"},
		{{"--accept", "reload", "--force"}, "--accept: ends a trial"},
		{{"--accept", "reload", "--confirm", "5s"}, "--accept: ends a trial"},
		{{"load", "--force"}, "--force: not an option of load"},
		{{"reload", "--force=yes"}, "--force: takes no value"},
		{{"status", "--flavour"}, "--flavour: no such option"},
		{{"drops", "--folow"}, "--folow: no such option; the nearest is --follow"},
		{{"drops", "--folow=1"}, "--folow: no such option; the nearest is --follow"},
		{{"drops", "--follow=1"}, "--follow: takes no value"},
		{{"status", "-x"}, "-x: no such option"},
		{{"status", "-\xc3\xa9"}, "-\\xc3: no such option"},
		{{"status", "-c"}, "--config: needs a value"},
		{{"status", "--netns"}, "--netns: needs a value"},
		{{"status", "-c", ""}, "--config: is empty"},
		{{"status", "-o", "xml"}, "--output 'xml': say text or json"},
		{{"status", "-o", "JSON"}, "--output 'JSON'"},
		{{"status", "-n", "Kube"}, "--name 'Kube': an instance name"},
		{{"status", "-n", "a.b"}, "--name 'a.b'"},
		{{"status", "-n", "../x"}, "--name '../x'"},
		{{"status", "-n", "abcdefghijklmnopqrstuvwxyz-012345"}, "1 to 32 of"},
		{{"drops", "--top", "0"}, "--top '0'"},
		{{"drops", "--top", "-1"}, "--top '-1'"},
		{{"drops", "--top", "+1"}, "--top '+1'"},
		{{"drops", "--top", "1x"}, "--top '1x'"},
		{{"drops", "--top", "1000000000"}, "--top '1000000000'"},
		{{"drops", "--top", "3", "--follow"}, "--top: counts what was reported"},
		{{"status", "--follow"}, "--follow: not an option of status"},
		{{"--detach-on-exit", "load"}, "--detach-on-exit: not an option of load"},
		{{"drops", "--watch"}, "--watch: not an option of drops"},
		{{"status", "now"}, "now: one argument too many for status"},
		{{"check", "a", "b"}, "b: one argument too many for check"},
		{{"explain", "etcd"}, "explain: arguments are missing"},
		{{"explain", "etcd", "10.0.0.1", "a", "b"}, "b: one argument too many for explain"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_err err = {};

		if (!parse(cases[i].words, &err))
			fail_msg("case %zu is accepted, not \"%s\"", i, cases[i].says);
		if (!strstr(err.text, cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text, cases[i].says);
	}
}

static void test_help_names_what_there_is(void **state)
{
	static const char *const words[] = {
		"  run ",	    "  load ", "  reload ",  "  unload ",   "  check ",	    "  explain ",
		"  plan ",	    "--force", "  status ",  "  stats ",    "  drops ",	    "--config",
		"--detach-on-exit", "--top N", "-h, --help", "Exit status", "kubemoat.off", "/etc/kubemoat/off",
	};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	km_help(out, NULL);
	fclose(out);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strstr(text, words[i]))
			fail_msg("the help does not have \"%s\"", words[i]);
	assert_null(strstr(text, "learn"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_before_and_after_the_verb),
		cmocka_unit_test(test_config_is_made_absolute),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_force_is_reloads),
		cmocka_unit_test(test_posixly_correct_changes_nothing),
		cmocka_unit_test(test_help_and_version_need_no_verb),
		cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_help_names_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
