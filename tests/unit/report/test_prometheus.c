/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/prometheus.h"
#include "unit/report/samples.h"
#include "unit/report/written.h"

static const char *write_sample(struct written *written, const struct km_stats *stats, const struct km_status *status)
{
	const struct km_metrics metrics = {
		.stats = stats,
		.status = status,
		.events_suppressed = 12,
		.events_lost = 34,
		.version = "1.0",
	};

	km_prometheus_write(written_begin(written), &metrics);
	return written_end(written);
}

static void test_everything(void **state)
{
	static const char expected[] =
		"# HELP kubemoat_connections_total Decisions on connections to guarded ports.\n"
		"# TYPE kubemoat_connections_total counter\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"allow\",reason=\"allowed\"} "
		"18446744073709551615\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"allow\",reason=\"allowed_failsafe\"} 0\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"deny\",reason=\"denied_source\"} 3\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"deny\",reason=\"revoked\"} 2\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"deny\",reason=\"denied_martian\"} 0\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"deny\",reason=\"error\"} 0\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"audit\",reason=\"denied_source\"} 0\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"audit\",reason=\"revoked\"} 0\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"audit\",reason=\"denied_martian\"} 0\n"
		"kubemoat_connections_total{service=\"etcd\",verdict=\"audit\",reason=\"error\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"allow\",reason=\"allowed\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"allow\",reason=\"allowed_failsafe\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"deny\",reason=\"denied_source\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"deny\",reason=\"revoked\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"deny\",reason=\"denied_martian\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"deny\",reason=\"error\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"audit\",reason=\"denied_source\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"audit\",reason=\"revoked\"} 0\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"audit\",reason=\"denied_martian\"} 7\n"
		"kubemoat_connections_total{service=\"old\",verdict=\"audit\",reason=\"error\"} 0\n"
		"# HELP kubemoat_connections_cut_total "
		"Established or half-open connections ended, their source no longer allowed.\n"
		"# TYPE kubemoat_connections_cut_total counter\n"
		"kubemoat_connections_cut_total{service=\"etcd\"} 2\n"
		"kubemoat_connections_cut_total{service=\"old\"} 0\n"
		"# HELP kubemoat_events_suppressed_total "
		"Denials counted but not reported, because of events.per_second.\n"
		"# TYPE kubemoat_events_suppressed_total counter\n"
		"kubemoat_events_suppressed_total 12\n"
		"# HELP kubemoat_events_lost_total Reported denials overwritten before the daemon could read them.\n"
		"# TYPE kubemoat_events_lost_total counter\n"
		"kubemoat_events_lost_total 34\n"
		"# HELP kubemoat_policy_rules Prefixes in the allowlists of the policy in force.\n"
		"# TYPE kubemoat_policy_rules gauge\n"
		"kubemoat_policy_rules{service=\"etcd\",family=\"v4\"} 3\n"
		"kubemoat_policy_rules{service=\"etcd\",family=\"v6\"} 1\n"
		"# HELP kubemoat_policy_generation Generation of the policy in force, 0 without one.\n"
		"# TYPE kubemoat_policy_generation gauge\n"
		"kubemoat_policy_generation 4\n"
		"# HELP kubemoat_policy_load_timestamp_seconds "
		"When the policy in force was put in force, 0 without one.\n"
		"# TYPE kubemoat_policy_load_timestamp_seconds gauge\n"
		"kubemoat_policy_load_timestamp_seconds 1795546800\n"
		"# HELP kubemoat_policy_reload_failures_total Files refused, the last policy was kept.\n"
		"# TYPE kubemoat_policy_reload_failures_total counter\n"
		"kubemoat_policy_reload_failures_total 2\n"
		"# HELP kubemoat_hook_attached "
		"Whether the kernel has this hook of the guard attached, as the policy wants it.\n"
		"# TYPE kubemoat_hook_attached gauge\n"
		"kubemoat_hook_attached{hook=\"sk_lookup\"} 0\n"
		"kubemoat_hook_attached{hook=\"cgroup_skb\"} 1\n"
		"# HELP kubemoat_build_info Always 1; the version is the label.\n"
		"# TYPE kubemoat_build_info gauge\n"
		"kubemoat_build_info{version=\"1.0\"} 1\n";
	struct km_status_listener listeners[2];
	static struct km_status status;
	static struct km_stats stats;
	struct written written;

	(void)state;
	sample_stats(&stats);
	sample_status(&status, listeners);
	/* Out of the file: it has counts, but no rules. */
	status.rows[5] = stats.rows[5];
	assert_string_equal(write_sample(&written, &stats, &status), expected);
	free(written.text);
}

static void test_hook_that_is_not_wanted(void **state)
{
	struct km_status_listener listeners[2];
	static struct km_status status;
	static struct km_stats stats;
	struct written written;
	const char *text;

	(void)state;
	sample_status(&status, listeners);
	status.hooks[1] = (struct km_hook){.name = KM_HOOK_PACKET};
	text = write_sample(&written, &stats, &status);
	assert_non_null(strstr(text, "kubemoat_hook_attached{hook=\"sk_lookup\"} 0\n"));
	assert_null(strstr(text, "cgroup_skb"));
	free(written.text);
}

static void test_nothing_loaded(void **state)
{
	static const char *const present[] = {
		"kubemoat_hook_attached{hook=\"sk_lookup\"} 0\n",
		"kubemoat_hook_attached{hook=\"cgroup_skb\"} 0\n",
		"kubemoat_policy_generation 0\n",
		"kubemoat_policy_load_timestamp_seconds 0\n",
		"kubemoat_policy_reload_failures_total 0\n",
		"# TYPE kubemoat_connections_total counter\n",
		"# TYPE kubemoat_policy_rules gauge\n",
	};
	static struct km_status status;
	static struct km_stats stats;
	struct written written;
	const char *text;

	(void)state;
	text = write_sample(&written, &stats, &status);
	for (size_t i = 0; i < sizeof(present) / sizeof(present[0]); i++)
		if (!strstr(text, present[i]))
			fail_msg("missing: %s", present[i]);
	assert_null(strstr(text, "service="));
	free(written.text);
}

static void test_escapes(void **state)
{
	static struct km_status status;
	static struct km_stats stats;
	const struct km_metrics metrics = {.stats = &stats, .status = &status, .version = "a\\b\"c\nd"};
	struct written written;

	(void)state;
	km_prometheus_write(written_begin(&written), &metrics);
	assert_non_null(strstr(written_end(&written), "\nkubemoat_build_info{version=\"a\\\\b\\\"c\\nd\"} 1\n"));
	free(written.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_hook_that_is_not_wanted),
		cmocka_unit_test(test_nothing_loaded),
		cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
