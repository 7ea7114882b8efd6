/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/json.h"
#include "report/utf8.h"
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
	km_json_diags(written_begin(&written), &bundle, &diags, NULL, 0, 0);
	assert_string_equal(
		written_end(&written),
		"{\"valid\":false,"
		"\"errors\":[{\"file\":\"etcd.allow\",\"line\":3,\"column\":1,\"message\":\"what \\\"is\\\" "
		"wrong\\n\"}],"
		"\"warnings\":[{\"file\":\"kubemoat.yaml\",\"line\":7,\"column\":2,\"message\":\"what is odd\"}]}\n");
	free(written.text);

	diags = (struct km_diags){};
	km_json_diags(written_begin(&written), &bundle, &diags, "applied", 4, 0);
	assert_string_equal(written_end(&written),
			    "{\"result\":\"applied\",\"generation\":4,\"valid\":true,\"errors\":[],\"warnings\":[]}\n");
	free(written.text);
}

static void test_answer(void **state)
{
	struct km_answer answer = {
		.service = "etcd",
		.source = {{0x0a090007}},
		.explanation = {.verdict = KM_DENY, .reason = KM_DENIED_SOURCE},
	};
	struct written written;

	(void)state;
	km_json_answer(written_begin(&written), &answer);
	assert_string_equal(written_end(&written), "{\"service\":\"etcd\",\"source\":\"10.9.0.7\",\"verdict\":\"deny\","
						   "\"reason\":\"denied_source\",\"rule\":null,\"overrides\":null,"
						   "\"near\":null,\"self\":false,\"in_force\":true,\"files\":null}\n");
	free(written.text);

	answer.explanation = (struct km_explanation){.verdict = KM_ALLOW, .reason = KM_ALLOWED, .has_rule = true};
	answer.files = "/etc/kubemoat";
	strcpy(answer.rule, "etcd.allow:2");
	km_json_answer(written_begin(&written), &answer);
	assert_string_equal(written_end(&written),
			    "{\"service\":\"etcd\",\"source\":\"10.9.0.7\",\"verdict\":\"allow\","
			    "\"reason\":\"allowed\",\"rule\":\"etcd.allow:2\","
			    "\"overrides\":null,\"near\":null,\"self\":false,"
			    "\"in_force\":false,\"files\":\"/etc/kubemoat\"}\n");
	free(written.text);
}

static void test_stats(void **state)
{
	static struct km_stats stats;
	struct written written;

	(void)state;
	sample_stats(&stats);
	memset(&stats.rows[5], 0, sizeof(stats.rows[5]));
	km_json_stats(written_begin(&written), &stats);
	assert_string_equal(
		written_end(&written),
		"{\"services\":[{\"name\":\"etcd\",\"mode\":\"enforce\",\"in_force\":true,\"ports\":[2379,2380],"
		"\"cut\":2,\"counters\":["
		"{\"verdict\":\"allow\",\"reason\":\"allowed\",\"count\":18446744073709551615},"
		"{\"verdict\":\"allow\",\"reason\":\"allowed_failsafe\",\"count\":0},"
		"{\"verdict\":\"deny\",\"reason\":\"denied_source\",\"count\":3},"
		"{\"verdict\":\"deny\",\"reason\":\"revoked\",\"count\":2},"
		"{\"verdict\":\"deny\",\"reason\":\"denied_martian\",\"count\":0},"
		"{\"verdict\":\"deny\",\"reason\":\"error\",\"count\":0},"
		"{\"verdict\":\"audit\",\"reason\":\"denied_source\",\"count\":0},"
		"{\"verdict\":\"audit\",\"reason\":\"revoked\",\"count\":0},"
		"{\"verdict\":\"audit\",\"reason\":\"denied_martian\",\"count\":0},"
		"{\"verdict\":\"audit\",\"reason\":\"error\",\"count\":0}]}]}\n");
	free(written.text);
}

static void test_denial(void **state)
{
	struct km_denial v4 = sample_denial(), v6 = sample_denial_v6();
	struct written written;
	FILE *out = written_begin(&written);

	(void)state;
	km_json_denial(out, &v4);
	km_json_denial(out, &v6);
	assert_string_equal(written_end(&written),
			    "{\"time\":\"2026-11-24T19:00:00.001500Z\",\"service\":\"etcd\",\"verdict\":\"deny\","
			    "\"reason\":\"denied_source\",\"source\":\"10.9.0.7\",\"source_port\":51514,"
			    "\"destination\":\"10.0.0.1\",\"port\":2379,\"rule\":\"etcd.allow:4\"}\n"
			    "{\"time\":\"2026-11-24T19:00:00.001500Z\",\"service\":\"etcd\",\"verdict\":\"audit\","
			    "\"reason\":\"denied_source\",\"source\":\"2001:db8::7\",\"source_port\":51514,"
			    "\"destination\":\"fd00:10::1\",\"port\":2379,\"rule\":null}\n");
	free(written.text);
}

static void test_top(void **state)
{
	struct km_top top = {KM_V4, {{0x0a090007}}, 12, SAMPLE_TIME};
	struct written written;

	(void)state;
	km_json_top(written_begin(&written), &top);
	assert_string_equal(written_end(&written),
			    "{\"source\":\"10.9.0.7\",\"count\":12,\"last\":\"2026-11-24T19:00:00.000000Z\"}\n");
	free(written.text);
}

static void test_status(void **state)
{
	struct km_status_listener listeners[2];
	static struct km_status status;
	struct written written;

	(void)state;
	sample_status(&status, listeners);
	km_json_status(written_begin(&written), &status);
	assert_string_equal(
		written_end(&written),
		"{\"healthy\":false,\"problems\":[{\"kind\":\"detached\",\"hook\":\"sk_lookup\","
		"\"message\":\"sk_lookup: detached\"}],\"loaded\":true,"
		"\"name\":\"kubemoat\",\"adopted\":false,\"mode\":\"enforce\",\"generation\":4,"
		"\"loaded_at\":\"2026-11-24T19:00:00.000000Z\",\"age_seconds\":12,\"config\":\"/etc/kubemoat\","
		"\"version\":\"1.0\",\"netns\":\"net:[4026531840]\",\"cgroup\":\"/sys/fs/cgroup\","
		"\"daemon\":{\"pid\":77},\"next_until\":\"2026-11-24T19:01:00.000000Z\",\"trial_until\":null,"
		"\"refused\":null,"
		"\"reload_failures\":2,\"noticed\":{\"detached\":3,\"replaced\":0,\"unpinned\":1,"
		"\"foreign\":0,\"uncovered\":0,\"refused\":0,\"rolled_back\":0,\"kept\":0,\"off\":0},"
		"\"hooks\":[{\"name\":\"sk_lookup\",\"attached\":false,\"wanted\":true,\"others\":[]},"
		"{\"name\":\"cgroup_skb\",\"attached\":true,\"wanted\":true,"
		"\"others\":[{\"id\":812,\"name\":\"let_in\"},{\"id\":813,\"name\":\"out\\n\"}]}],"
		"\"services\":[{\"name\":\"etcd\",\"mode\":\"enforce\",\"deny\":\"reset\",\"ports\":[2379,2380],"
		"\"rules\":{\"v4\":3,\"v6\":1},\"listeners\":["
		"{\"address\":\"10.0.0.1\",\"port\":2379,\"pid\":812,\"comm\":\"etcd\",\"uid\":0,"
		"\"cgroup\":\"/system.slice/etcd.service\",\"covered\":true},"
		"{\"address\":\"::\",\"port\":2380,\"pid\":null,\"comm\":null,\"uid\":33,\"cgroup\":null,"
		"\"covered\":false}]}],\"warnings\":[],\"lacks\":[{\"feature\":\"large_maps\",\"message\":\"so much "
		"for that\"}]}\n");
	free(written.text);

	strcpy(status.state.refusal, "etcd.allow:3:1: no");
	status.state.refused_at = SAMPLE_TIME;
	km_json_status(written_begin(&written), &status);
	assert_non_null(strstr(written_end(&written), "\"refused\":{\"at\":\"2026-11-24T19:00:00.000000Z\","
						      "\"reason\":\"etcd.allow:3:1: no\"}"));
	free(written.text);
}

static void test_status_not_loaded(void **state)
{
	static struct km_status status = {.name = "kubemoat", .next_until = KM_FOREVER};
	struct written written;

	(void)state;
	km_json_status(written_begin(&written), &status);
	assert_string_equal(written_end(&written),
			    "{\"healthy\":false,\"problems\":[],\"loaded\":false,\"name\":\"kubemoat\",\"hooks\":[],"
			    "\"services\":[],\"warnings\":[],\"lacks\":[]}\n");
	free(written.text);
}

static void test_bytes_become_utf8(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"etcd", "etcd"},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x84", "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x84"},
		{"a\xff"
		 "b",
		 "a\xef\xbf\xbd"
		 "b"},
		{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},				  /* overlong */
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},		  /* a surrogate */
		{"\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},		  /* overlong */
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* above U+10FFFF */
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},				  /* cut off */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = km_utf8(cases[i].bytes);

		assert_non_null(text);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diags),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_denial),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_not_loaded),
		cmocka_unit_test(test_bytes_become_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
