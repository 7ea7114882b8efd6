/* SPDX-License-Identifier: BSD-2-Clause */
/* One of each thing that is reported, the same for text and JSON. */
#ifndef KM_TEST_SAMPLES_H
#define KM_TEST_SAMPLES_H

#include <stdint.h>
#include <string.h>

#include "policy/bundle.h"
#include "policy/diag.h"
#include "policy/rule.h"
#include "report/view.h"
#include "status.h"

/* 2026-11-24T19:00:00Z */
#define SAMPLE_TIME (INT64_C(1795546800) * 1000000000)

static inline void sample_row(struct km_name_row *row)
{
	*row = (struct km_name_row){
		.name = "etcd",
		.in_force = 1,
		.enforce = 1,
		.port_count = 2,
		.ports = {2379, 2380},
		.rules = {3, 1},
		.written = 4,
	};
}

static inline void sample_stats(struct km_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	sample_row(&stats->rows[1]);
	stats->counters[1].count[KM_DENY][KM_DENIED_SOURCE] = 3;
	stats->counters[1].count[KM_DENY][KM_REVOKED] = 2;
	stats->counters[1].count[KM_ALLOW][KM_ALLOWED] = UINT64_MAX;
	/* Out of the file, its counts stay. */
	stats->rows[5] = (struct km_name_row){.name = "old", .port_count = 1, .ports = {6443}};
	stats->counters[5].count[KM_AUDIT][KM_DENIED_MARTIAN] = 7;
}

static inline struct km_denial sample_denial(void)
{
	return (struct km_denial){
		.time = SAMPLE_TIME + 1500000,
		.service = "etcd",
		.verdict = KM_DENY,
		.reason = KM_DENIED_SOURCE,
		.family = KM_V4,
		.source = {{0x0a090007}},
		.destination = {{0x0a000001}},
		.source_port = 51514,
		.port = 2379,
		.rule = "etcd.allow:4",
	};
}

static inline struct km_denial sample_denial_v6(void)
{
	struct km_denial denial = sample_denial();

	denial.family = KM_V6;
	denial.verdict = KM_AUDIT;
	denial.source = (struct km_ip){{0x20010db8, 0, 0, 7}};
	denial.destination = (struct km_ip){{0xfd000010, 0, 0, 1}};
	*denial.rule = '\0';
	return denial;
}

/* Loaded and degraded: its lookup was detached, and one of two listeners is not covered. */
static inline void sample_status(struct km_status *status, struct km_status_listener listeners[2])
{
	*status = (struct km_status){
		.name = "kubemoat",
		.loaded = true,
		.now = SAMPLE_TIME + 12900000000,
		.next_until = SAMPLE_TIME + 60000000000,
		.daemon_lives = true,
		.listeners = listeners,
		.listener_count = 2,
		.problem_count = 1,
		.problems = {{"detached", "sk_lookup", "sk_lookup: detached"}},
		.lack_count = 1,
		.lacks = {{"large_maps", "so much for that"}},
		.state =
			{
				.generation = 4,
				.loaded_at = SAMPLE_TIME,
				.netns_inode = 4026531840,
				.daemon_pid = 77,
				.packet_layer = 1,
				.reload_failures = 2,
				.noticed = {3, 0, 1},
				.version = "1.0",
				.config = "/etc/kubemoat",
				.cgroup = "/sys/fs/cgroup",
			},
		.hooks =
			{
				{.name = "sk_lookup", .wanted = true, .trouble = "detached", .kind = "detached"},
				{.name = "cgroup_skb",
				 .wanted = true,
				 .attached = true,
				 .others = {.list = {{812, "let_in"}, {813, "out\n"}}, .count = 2, .more = 1}},
			},
	};
	sample_row(&status->rows[0]);
	memset(listeners, 0, 2 * sizeof(*listeners));
	listeners[0] = (struct km_status_listener){
		.socket = {.family = KM_V4, .ip = {{0x0a000001}}, .port = 2379, .uid = 0},
		.pid = 812,
		.comm = "etcd",
		.cgroup = "/system.slice/etcd.service",
		.covered = true,
	};
	listeners[1] = (struct km_status_listener){.socket = {.family = KM_V6, .port = 2380, .uid = 33}};
}

static inline void sample_diags(struct km_bundle *bundle, struct km_diags *diags, struct km_file files[2],
				struct km_diag list[2])
{
	files[0] = (struct km_file){.name = "kubemoat.yaml"};
	files[1] = (struct km_file){.name = "etcd.allow"};
	*bundle = (struct km_bundle){.files = files, .count = 2};
	list[0] = (struct km_diag){1, 3, 1, KM_ERROR_DIAG, "what \"is\" wrong\n"};
	list[1] = (struct km_diag){0, 7, 2, KM_WARNING_DIAG, "what is odd"};
	*diags = (struct km_diags){.list = list, .count = 2, .errors = 1, .warnings = 1};
}

#endif
