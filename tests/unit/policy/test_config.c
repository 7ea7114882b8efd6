/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_errors.h"
#include "policy/addr.h"
#include "policy/config.h"

#define BOM "\xef\xbb\xbf"

/* The configuration as one line: what a reader of the file would say that it means. */
static const char *summary(const struct km_config *config)
{
	static char text[8192];
	char address[KM_ADDR_TEXT];
	size_t n = 0;

#define ADD(...) (n += snprintf(text + n, sizeof(text) - n, __VA_ARGS__))
	ADD("%s events %u", config->packet_layer ? "packet" : "lookup", config->events_per_second);
	if (config->max_cut.set)
		ADD(" max_cut %u at %u:%u", config->max_cut.most, config->max_cut.place.line,
		    config->max_cut.place.column);
	for (unsigned i = 0; i < config->failsafe_count; i++) {
		const struct km_config_failsafe *f = &config->failsafe[i];

		ADD(" !%s", km_prefix_format(f->family, f->ip, f->len, address));
	}
	for (unsigned i = 0; i < config->service_count; i++) {
		const struct km_config_service *s = &config->services[i];

		ADD("; %s %s %s", s->name, s->enforce ? "enforce" : "audit", s->drop ? "drop" : "reset");
		for (unsigned p = 0; p < s->port_count; p++)
			ADD(" %u", s->ports[p]);
		for (unsigned l = 0; l < s->list_count; l++)
			ADD(" %s", s->lists[l].name);
	}
#undef ADD
	assert_true(n < sizeof(text));
	return text;
}

static const struct {
	const char *yaml, *summary;
} valid[] = {
	/* Built-in services but `insecure`, and every default. */
	{"version: 1\n", "packet events 200; apiserver audit reset 6443 apiserver.allow; "
			 "etcd audit reset 2379 2380 etcd.allow; kubelet audit reset 10250 kubelet.allow; "
			 "controllers audit reset 10257 10259 controllers.allow"},
	{"version: 1\nmode: enforce\n",
	 "packet events 200; apiserver enforce reset 6443 apiserver.allow; "
	 "etcd enforce reset 2379 2380 etcd.allow; kubelet enforce reset 10250 kubelet.allow; "
	 "controllers enforce reset 10257 10259 controllers.allow"},
	/* A file with services guards those and nothing else; a built-in name brings its ports. */
	{"version: 1\nservices: {insecure: {}}\n", "packet events 200; insecure audit reset 8080 insecure.allow"},
	{"version: 1\nservices:\n  etcd:\n", "packet events 200; etcd audit reset 2379 2380 etcd.allow"},
	{"version: 1\nservices: {etcd: ~, kubelet: null}\n",
	 "packet events 200; etcd audit reset 2379 2380 etcd.allow; kubelet audit reset 10250 kubelet.allow"},
	{"version: 1\nservices: {etcd: {ports: [12379]}}\n", "packet events 200; etcd audit reset 12379 etcd.allow"},
	{"version: 1\nservices: {web: {ports: [443, 65535, 1]}}\n",
	 "packet events 200; web audit reset 443 65535 1 web.allow"},
	/* A service's own mode stands, wherever the file's is written. */
	{"version: 1\nservices: {etcd: {mode: audit}, kubelet: {}}\nmode: enforce\n",
	 "packet events 200; etcd audit reset 2379 2380 etcd.allow; kubelet enforce reset 10250 kubelet.allow"},
	{"version: 1\nservices: {etcd: {mode: enforce}}\n",
	 "packet events 200; etcd enforce reset 2379 2380 etcd.allow"},
	{"version: 1\nmode: \"enforce\"\nservices: {etcd: {deny: 'drop'}}\n",
	 "packet events 200; etcd enforce drop 2379 2380 etcd.allow"},
	/* Lists: several, absolute, of another service, none. */
	{"version: 1\nservices: {etcd: {allow: [a.allow, /etc/b, ../c]}, kubelet: {allow: [a.allow]}}\n",
	 "packet events 200; etcd audit reset 2379 2380 a.allow /etc/b ../c; kubelet audit reset 10250 a.allow"},
	{"version: 1\nservices: {etcd: {allow: []}}\n", "packet events 200; etcd audit reset 2379 2380"},
	{"version: 1\nlayers: [packet, lookup]\nservices: {etcd: {deny: drop}}\n",
	 "packet events 200; etcd audit drop 2379 2380 etcd.allow"},
	{"version: 1\nservices: {etcd: {}}\nlimits: {max_cut: 0}\n",
	 "packet events 200 max_cut 0 at 3:19; etcd audit reset 2379 2380 etcd.allow"},
	{"version: 1\nservices: {etcd: {}}\nlimits: {}\n", "packet events 200; etcd audit reset 2379 2380 etcd.allow"},
	{"version: 1\nlayers: [lookup]\nservices: {etcd: {deny: reset}}\nevents: {per_second: 0}\n",
	 "lookup events 0; etcd audit reset 2379 2380 etcd.allow"},
	{"version: 1\nevents: {}\nservices: {etcd: }\n", "packet events 200; etcd audit reset 2379 2380 etcd.allow"},
	{"version: 1\nfailsafe: [192.0.2.10, 198.51.100.0/24, 'fd00::/64', \"2001:db8::7\"]\nservices: {etcd: {}}\n",
	 "packet events 200 !192.0.2.10 !198.51.100.0/24 !fd00::/64 !2001:db8::7; "
	 "etcd audit reset 2379 2380 etcd.allow"},
	{"version: 1\nfailsafe: []\nservices: {etcd: {}}\n",
	 "packet events 200; etcd audit reset 2379 2380 etcd.allow"},
	/* How a file may be written. */
	{BOM "version: 1\r\nservices:\r\n  etcd: {}\r\n", "packet events 200; etcd audit reset 2379 2380 etcd.allow"},
	{"%YAML 1.1\n---\nversion: 1 # one\nservices: {etcd: {}}\n...\n",
	 "packet events 200; etcd audit reset 2379 2380 etcd.allow"},
	{"{\"version\": 1, \"services\": {\"etcd\": {\"ports\": [2379]}}}",
	 "packet events 200; etcd audit reset 2379 etcd.allow"},
	{"version: 1\nservices:\n  etcd:\n    allow:\n    - \"n\xc3\xb6rd.allow\"\n    - |-\n      2\n",
	 "packet events 200; etcd audit reset 2379 2380 n\xc3\xb6rd.allow 2"},
};

static void test_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		struct km_config config;
		struct km_diags diags = {0};

		parse_config(valid[i].yaml, strlen(valid[i].yaml), &config, &diags);
		if (diags.count)
			fail_msg("%s: %u:%u %s", valid[i].yaml, diags.list[0].line, diags.list[0].column,
				 diags.list[0].message);
		assert_true(config.present);
		assert_string_equal(summary(&config), valid[i].summary);
		km_config_free(&config);
	}
}

/* A text with `count` items between head and tail. */
static void with_items(const char *head, unsigned count, const char *item, const char *tail, struct km_config *config,
		       struct km_diags *diags)
{
	static char text[16384];
	size_t n = snprintf(text, sizeof(text), "%s", head);

	for (unsigned i = 0; i < count; i++) {
		n += snprintf(text + n, sizeof(text) - n, item, i + 1, i + 1);
		assert_true(n < sizeof(text));
	}
	n += snprintf(text + n, sizeof(text) - n, "%s", tail);
	assert_true(n < sizeof(text));
	parse_config(text, n, config, diags);
}

/* Each room at its last item, and one beyond: an error there, on a line of its own. */
static void test_room(void **state)
{
	static const struct {
		const char *head, *item, *tail;
		unsigned room, line, column;
	} cases[] = {
		{"version: 1\nservices:\n", "  s%u: {ports: [%u]}\n", "", KM_SERVICES, 19, 3},
		{"version: 1\nservices:\n  etcd:\n    ports:\n", "    - %u\n", "", KM_PORTS, 69, 7},
		{"version: 1\nservices:\n  etcd:\n    allow:\n", "    - %u.allow\n", "", KM_LISTS, 69, 7},
		{"version: 1\nfailsafe:\n", "- 192.0.2.%u\n", "services: {etcd: {}}\n", KM_FAILSAFES, 67, 3},
		/* Of all services together. */
		{"version: 1\nservices:\n  web: {ports: [1000]}\n  etcd:\n    ports:\n", "    - %u\n", "", KM_PORTS - 1,
		 69, 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_config config;
		struct km_diags diags = {0};

		with_items(cases[i].head, cases[i].room, cases[i].item, cases[i].tail, &config, &diags);
		assert_int_equal(diags.count, 0);
		km_config_free(&config);
		with_items(cases[i].head, cases[i].room + 1, cases[i].item, cases[i].tail, &config, &diags);
		assert_int_equal(diags.count, 1);
		assert_int_equal(diags.list[0].line, cases[i].line);
		assert_int_equal(diags.list[0].column, cases[i].column);
		assert_non_null(strstr(diags.list[0].message, "more than"));
		km_diags_free(&diags);
		km_config_free(&config);
	}
}

static void test_no_file(void **state)
{
	struct km_config config;
	struct km_diags diags = {0};

	(void)state;
	assert_int_equal(km_config_parse(&(struct km_file){0}, &config, &diags), 0);
	assert_int_equal(diags.count, 0);
	assert_false(config.present);
	assert_string_equal(summary(&config), "packet events 200; apiserver audit reset 6443; "
					      "etcd audit reset 2379 2380; kubelet audit reset 10250; "
					      "controllers audit reset 10257 10259");
	km_config_free(&config);
}

static void test_trouble(void **state)
{
	struct km_config config;
	struct km_diags diags = {0};
	char trouble[] = "is a directory";

	(void)state;
	assert_int_equal(km_config_parse(&(struct km_file){.trouble = trouble}, &config, &diags), 0);
	assert_true(config.present);
	assert_int_equal(config.service_count, 0);
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.list[0].line, 1);
	assert_int_equal(diags.list[0].column, 1);
	assert_non_null(strstr(diags.list[0].message, "is a directory"));
	km_diags_free(&diags);
	km_config_free(&config);
}

/* What was understood of a file with errors: the lists that it names can be looked at in the same go. */
static void test_understood(void **state)
{
	static const char yaml[] = "version: 2\nservices:\n  etcd: {ports: [x], allow: [a, b]}\n  web: {}\n";
	struct km_config config;
	struct km_diags diags = {0};

	(void)state;
	parse_config(yaml, strlen(yaml), &config, &diags);
	assert_int_equal(diags.errors, 3);
	assert_int_equal(config.service_count, 2);
	assert_string_equal(config.services[0].lists[1].name, "b");
	assert_string_equal(config.services[1].lists[0].name, "web.allow");
	km_diags_free(&diags);
	km_config_free(&config);
}

static void test_places(void **state)
{
	static const char yaml[] = "version: 1\nfailsafe: [192.0.2.1]\nservices:\n  kubelet: {}\n"
				   "  web: {ports: [80, 443], allow: ['\xc3\xa9', b]}\n";
	struct km_config config;
	struct km_diags diags = {0};
	const struct km_config_service *web = &config.services[1];

	(void)state;
	parse_config(yaml, strlen(yaml), &config, &diags);
	assert_int_equal(diags.count, 0);
	assert_int_equal(config.failsafe[0].place.line, 2);
	assert_int_equal(config.failsafe[0].place.column, 12);
	assert_int_equal(config.services[0].place.line, 4);
	assert_int_equal(config.services[0].place.column, 3);
	assert_int_equal(config.services[0].port_places[0].line, 0);
	assert_int_equal(config.services[0].lists[0].place.line, 0);
	assert_int_equal(web->port_places[1].line, 5);
	assert_int_equal(web->port_places[1].column, 21);
	assert_int_equal(web->lists[1].place.line, 5);
	assert_int_equal(web->lists[1].place.column, 41);
	km_config_free(&config);
}

static void test_builtin(void **state)
{
	(void)state;
	assert_int_equal(km_config_builtin("etcd")[0], 2379);
	assert_int_equal(km_config_builtin("etcd")[1], 2380);
	assert_int_equal(km_config_builtin("etcd")[2], 0);
	assert_int_equal(km_config_builtin("insecure")[0], 8080);
	assert_int_equal(km_config_builtin("insecure")[1], 0);
	assert_null(km_config_builtin("web"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),	cmocka_unit_test(test_room),	   cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_trouble), cmocka_unit_test(test_understood), cmocka_unit_test(test_places),
		cmocka_unit_test(test_builtin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
