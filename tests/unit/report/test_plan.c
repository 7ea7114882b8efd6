/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/json.h"
#include "report/text.h"
#include "unit/report/samples.h"
#include "unit/report/written.h"

static struct km_change added[] = {
	{.self = true, .deny = true, .until = KM_FOREVER},
	{.family = KM_V4, .ip = {{0x0a000000}}, .len = 16, .until = KM_FOREVER},
	{.family = KM_V4, .range = true, .ip = {{0xc633640a}}, .last = {{0xc6336414}}, .until = SAMPLE_TIME},
};
static struct km_change removed[] = {
	{.family = KM_V6, .deny = true, .ip = {{0xfd000010}}, .len = 64, .until = KM_FOREVER},
};
static struct km_plan_cut cut[] = {
	{.service = "etcd",
	 .family = KM_V4,
	 .source = {{0x0a090007}},
	 .source_port = 51514,
	 .port = 2379,
	 .pid = 812,
	 .comm = "et\ncd"},
	{.service = "etcd", .family = KM_V6, .source = {{0xfd000010, 0, 0, 7}}, .source_port = 3, .port = 2380},
};
static struct km_plan_source refused[] = {
	{.service = "etcd", .family = KM_V4, .source = {{0x0a090008}}, .port = 2379, .last_seen = SAMPLE_TIME},
};

/* etcd goes from audit to enforce and changes rules, `old` is no longer guarded; more is cut than the limit allows. */
static void sample(struct km_plan *plan)
{
	*plan = (struct km_plan){
		.loaded = true,
		.diff = {.services =
				 {
					 {.name = "etcd",
					  .guarded = {true, true},
					  .enforce = {false, true},
					  .added = {added, 3, 3},
					  .removed = {removed, 1, 1}},
					 {.name = "old", .guarded = {true, false}, .enforce = {true, false}},
				 },
			 .count = 2},
		.cut = cut,
		.cut_count = 2,
		.refused = refused,
		.refused_count = 1,
		.max_cut = {.set = true, .most = 1},
	};
}

static void test_text(void **state)
{
	static struct km_plan plan;
	struct written written;

	(void)state;
	sample(&plan);
	km_text_plan(written_begin(&written), &plan);
	assert_string_equal(written_end(&written),
			    "etcd: enforce, was audit\n"
			    "etcd: - !fd00:10::/64\n"
			    "etcd: + !@self\n"
			    "etcd: + 10.0.0.0/16\n"
			    "etcd: + 198.51.100.10-198.51.100.20 until 2026-11-24T19:00:00.000000Z\n"
			    "old: not guarded, was enforce\n"
			    "etcd: cuts 10.9.0.7:51514, connected to port 2379 of pid 812 et\\x0acd\n"
			    "etcd: cuts [fd00:10::7]:3, connected to port 2380\n"
			    "etcd: refuses 10.9.0.8, last seen on port 2379 at 2026-11-24T19:00:00.000000Z\n"
			    "2 connections would be cut, 1 source of the last hour refused\n"
			    "a reload would be refused, max_cut allows 1; kubemoat reload --force does it\n");
	free(written.text);

	plan = (struct km_plan){.loaded = true, .max_cut.set = true};
	km_text_plan(written_begin(&written), &plan);
	assert_string_equal(written_end(&written), "no rule and no mode changes\n"
						   "0 connections would be cut, 0 sources of the last hour refused\n");
	free(written.text);
}

static void test_json(void **state)
{
	static struct km_plan plan;
	struct written written;

	(void)state;
	sample(&plan);
	km_json_plan(written_begin(&written), &plan);
	assert_string_equal(
		written_end(&written),
		"{\"services\":["
		"{\"name\":\"etcd\",\"before\":\"audit\",\"after\":\"enforce\",\"added\":[\"!@self\",\"10.0.0.0/16\","
		"\"198.51.100.10-198.51.100.20 until 2026-11-24T19:00:00.000000Z\"],\"removed\":[\"!fd00:10::/64\"]},"
		"{\"name\":\"old\",\"before\":\"enforce\",\"after\":null,\"added\":[],\"removed\":[]}],"
		"\"cut\":[{\"service\":\"etcd\",\"source\":\"10.9.0.7\",\"source_port\":51514,\"port\":2379,"
		"\"pid\":812,\"comm\":\"et\\ncd\"},"
		"{\"service\":\"etcd\",\"source\":\"fd00:10::7\",\"source_port\":3,\"port\":2380,"
		"\"pid\":null,\"comm\":null}],"
		"\"refused\":[{\"service\":\"etcd\",\"source\":\"10.9.0.8\",\"port\":2379,"
		"\"last_seen\":\"2026-11-24T19:00:00.000000Z\"}],"
		"\"max_cut\":1,\"over_limit\":true,\"loaded\":true}\n");
	free(written.text);

	plan = (struct km_plan){};
	km_json_plan(written_begin(&written), &plan);
	assert_string_equal(written_end(&written), "{\"services\":[],\"cut\":[],\"refused\":[],\"max_cut\":null,"
						   "\"over_limit\":false,\"loaded\":false}\n");
	free(written.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
