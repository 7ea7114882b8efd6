/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/say.h"
#include "report/text.h"
#include "unit/report/samples.h"
#include "unit/report/written.h"

static void test_diags(void **state)
{
	struct km_file files[2];
	struct km_diag list[2];
	struct km_bundle bundle;
	struct km_diags diags;
	struct written written;

	(void)state;
	sample_diags(&bundle, &diags, files, list);
	km_text_diags(written_begin(&written), &bundle, &diags, 1);
	assert_string_equal(written_end(&written), "etcd.allow:3:1: error: what \"is\" wrong\\x0a\n"
						   "kubemoat.yaml:7:2: warning: what is odd\n");
	free(written.text);

	diags.errors = 20000;
	km_text_diags(written_begin(&written), &bundle, &diags, 1);
	assert_non_null(strstr(written_end(&written), "\n20000 errors and 1 warnings in all, 2 are shown;"));
	free(written.text);

	/* Errors are never held back. */
	diags.errors = 1;
	km_text_diags(written_begin(&written), &bundle, &diags, 0);
	assert_string_equal(written_end(&written),
			    "etcd.allow:3:1: error: what \"is\" wrong\\x0a\n"
			    "1 errors and 1 warnings in all, 1 are shown; kubemoat check shows every "
			    "one\n");
	free(written.text);
}

static void test_answers(void **state)
{
	static const struct {
		struct km_answer answer;
		const char *text;
	} cases[] = {
		{{.service = "etcd",
		  .source = {{0x0a090007}},
		  .explanation = {.verdict = KM_DENY,
				  .reason = KM_DENIED_SOURCE,
				  .near = "10.9.0.7 is outside 10.0.0.0/16, etcd.allow:3"}},
		 "deny denied_source etcd 10.9.0.7: no rule lists it; 10.9.0.7 is outside 10.0.0.0/16, etcd.allow:3\n"},
		{{.service = "etcd",
		  .source = {{0xc0000209}},
		  .rule = "etcd.allow:2",
		  .explanation = {.verdict = KM_ALLOW,
				  .reason = KM_ALLOWED,
				  .has_rule = true,
				  .overrides = "!192.0.2.0/24, etcd.allow:1"}},
		 "allow allowed etcd 192.0.2.9: etcd.allow:2 overrides !192.0.2.0/24, etcd.allow:1\n"},
		{{.service = "etcd",
		  .source = {{0x7f000001}},
		  .explanation = {.verdict = KM_ALLOW, .reason = KM_ALLOWED, .self = true}},
		 "allow allowed etcd 127.0.0.1: @self, this host itself: no rule takes it away\n"},
		{{.service = "etcd",
		  .source = {{0x0a090007}},
		  .files = "/etc/kubemoat",
		  .not_loaded = true,
		  .explanation = {.verdict = KM_AUDIT, .reason = KM_DENIED_SOURCE}},
		 "audit denied_source etcd 10.9.0.7: no rule lists it (audit mode: the connection passes)\n"
		 "not loaded: answered from /etc/kubemoat\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct written written;

		km_text_answer(written_begin(&written), &cases[i].answer);
		assert_string_equal(written_end(&written), cases[i].text);
		free(written.text);
	}
}

static void test_stats(void **state)
{
	static struct km_stats stats;
	struct written written;

	(void)state;
	sample_stats(&stats);
	km_text_stats(written_begin(&written), &stats);
	assert_string_equal(written_end(&written),
			    "SERVICE  MODE     PORTS      VERDICT  REASON            COUNT\n"
			    "etcd     enforce  2379,2380  allow    allowed           18446744073709551615\n"
			    "etcd     enforce  2379,2380  allow    allowed_failsafe  0\n"
			    "etcd     enforce  2379,2380  deny     denied_source     3\n"
			    "etcd     enforce  2379,2380  deny     revoked           2\n"
			    "etcd     enforce  2379,2380  deny     denied_martian    0\n"
			    "etcd     enforce  2379,2380  deny     error             0\n"
			    "etcd     enforce  2379,2380  audit    denied_source     0\n"
			    "etcd     enforce  2379,2380  audit    revoked           0\n"
			    "etcd     enforce  2379,2380  audit    denied_martian    0\n"
			    "etcd     enforce  2379,2380  audit    error             0\n"
			    "old      -        6443       allow    allowed           0\n"
			    "old      -        6443       allow    allowed_failsafe  0\n"
			    "old      -        6443       deny     denied_source     0\n"
			    "old      -        6443       deny     revoked           0\n"
			    "old      -        6443       deny     denied_martian    0\n"
			    "old      -        6443       deny     error             0\n"
			    "old      -        6443       audit    denied_source     0\n"
			    "old      -        6443       audit    revoked           0\n"
			    "old      -        6443       audit    denied_martian    7\n"
			    "old      -        6443       audit    error             0\n");
	free(written.text);
}

static void test_denials(void **state)
{
	struct km_denial v4 = sample_denial(), v6 = sample_denial_v6();
	struct written written;
	FILE *out = written_begin(&written);

	(void)state;
	km_text_denial(out, &v4, 1);
	km_text_denial(out, &v6, 12);
	assert_string_equal(written_end(&written),
			    "2026-11-24T19:00:00.001500Z etcd deny denied_source from 10.9.0.7 to 10.0.0.1:2379, "
			    "rule etcd.allow:4\n"
			    "2026-11-24T19:00:00.001500Z etcd audit denied_source from 2001:db8::7 to "
			    "[fd00:10::1]:2379, no rule, 12 times\n");
	free(written.text);
}

static void test_top(void **state)
{
	static const struct km_top top[] = {
		{KM_V4, {{0x0a090007}}, 12, SAMPLE_TIME},
		{KM_V6, {{0x20010db8, 0, 0, 7}}, 3, SAMPLE_TIME},
	};
	struct written written;

	(void)state;
	km_text_top(written_begin(&written), top, 2);
	assert_string_equal(written_end(&written), "     COUNT  LAST                         SOURCE\n"
						   "        12  2026-11-24T19:00:00.000000Z  10.9.0.7\n"
						   "         3  2026-11-24T19:00:00.000000Z  2001:db8::7\n");
	free(written.text);
}

static void test_status(void **state)
{
	struct km_status_listener listeners[2];
	static struct km_status status;
	struct written written;

	(void)state;
	sample_status(&status, listeners);
	km_text_status(written_begin(&written), &status);
	assert_string_equal(written_end(&written),
			    "kubemoat: degraded\n"
			    "  mode        enforce\n"
			    "  generation  4, in force since 2026-11-24T19:00:00.000000Z (12 s)\n"
			    "  config      /etc/kubemoat\n"
			    "  version     1.0\n"
			    "  netns       net:[4026531840]\n"
			    "  cgroup      /sys/fs/cgroup\n"
			    "  daemon      pid 77\n"
			    "  next until  2026-11-24T19:01:00.000000Z\n"
			    "hooks\n"
			    "  sk_lookup   detached\n"
			    "  cgroup_skb  attached; beside it program 812 let_in, program 813 out\\x0a and 1 more\n"
			    "services\n"
			    "  etcd        enforce, deny by reset, ports 2379,2380, 3 v4 and 1 v6 rules\n"
			    "    listens on 10.0.0.1:2379, pid 812 etcd, cgroup /system.slice/etcd.service\n"
			    "    listens on [::]:2380, NOT COVERED\n"
			    "problems\n"
			    "  detached    sk_lookup: detached\n"
			    "this kernel lacks\n"
			    "  large_maps: so much for that\n");
	free(written.text);
}

static void test_problems(void **state)
{
	struct km_status_listener listeners[2];
	static struct km_status status;
	struct written written;

	(void)state;
	sample_status(&status, listeners);
	km_text_problems(written_begin(&written), &status);
	assert_string_equal(written_end(&written), "kubemoat: degraded\n"
						   "problems\n"
						   "  detached    sk_lookup: detached\n");
	free(written.text);
}

static void test_status_not_loaded(void **state)
{
	static struct km_status status = {.name = "kubemoat", .next_until = KM_FOREVER};
	struct written written;

	(void)state;
	km_text_status(written_begin(&written), &status);
	assert_string_equal(written_end(&written), "kubemoat: not loaded\n");
	free(written.text);
}

static void test_control_bytes_do_not_reach_the_terminal(void **state)
{
	struct written written;

	(void)state;
	km_write_escaped(written_begin(&written), "a\x1b[2J\n\x7f\xc3\xa9");
	assert_string_equal(written_end(&written), "a\\x1b[2J\\x0a\\x7f\xc3\xa9");
	free(written.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diags),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_denials),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_problems),
		cmocka_unit_test(test_status_not_loaded),
		cmocka_unit_test(test_control_bytes_do_not_reach_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
