/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/addr.h"
#include "policy/config.h"

#define BOM "\xef\xbb\xbf"

static void parse(const char *bytes, size_t size, struct km_config *config, struct km_diags *diags)
{
	/* An exact copy, so that the sanitizer sees a read beyond it. */
	char *copy = malloc(size ? size : 1);
	struct km_file file = {.bytes = copy, .size = size};

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	assert_int_equal(km_config_parse(&file, config, diags), 0);
	free(copy);
}

/* The configuration as one line: what a reader of the file would say that it means. */
static const char *summary(const struct km_config *config)
{
	static char text[8192];
	char address[KM_ADDR_TEXT];
	size_t n = 0;

#define ADD(...) (n += snprintf(text + n, sizeof(text) - n, __VA_ARGS__))
	ADD("%s events %u", config->packet_layer ? "packet" : "lookup", config->events_per_second);
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

		parse(valid[i].yaml, strlen(valid[i].yaml), &config, &diags);
		if (diags.count)
			fail_msg("%s: %u:%u %s", valid[i].yaml, diags.list[0].line, diags.list[0].column,
				 diags.list[0].message);
		assert_true(config.present);
		assert_string_equal(summary(&config), valid[i].summary);
		km_config_free(&config);
	}
}

/* Every error of a text, in the order of places: line, column, part of the message. */
struct expected {
	unsigned line, column;
	const char *part;
};

struct invalid {
	const char *yaml;
	struct expected errors[8];
};

static const struct invalid of_yaml[] = {
	/* Nothing there. */
	{"", {{1, 1, "empty"}}},
	{"# only a comment\n", {{1, 1, "empty"}}},
	{"---\n", {{1, 1, "empty"}}},
	{"~\n", {{1, 1, "empty"}}},
	/* No map. */
	{"etcd.allow\n", {{1, 1, "must be a map"}}},
	{"- version: 1\n", {{1, 1, "found a list"}}},
	{"version:1\n", {{1, 1, "blank after the colon"}}},
	/* Bytes. */
	{"version: 1\nmode: \xff\n", {{2, 7, "0xff"}}},
	{"mode: \xc3\xa9\xc0\x80\n", {{1, 9, "0xc0"}}},
	{"mode: \xed\xa0\x80\n", {{1, 7, "not UTF-8"}}},
	{"mode: \xe2\x82", {{1, 7, "not UTF-8"}}},
	{"version: 1\nmode:\f audit\n", {{2, 6, "0x0c"}}},
	{"version: 1\rmode: audit\n", {{1, 11, "carriage return"}}},
	{"version: 1\r", {{1, 11, "carriage return"}}},
	{"mode: \xc3\xa9\xe2\x80\xa8\n", {{1, 9, "U+2028"}}},
	{"mode: \x7f\n", {{1, 7, "U+007F"}}},
	{"mode: " BOM "\n", {{1, 7, "U+FEFF"}}},
	{"\xff\xfev\n", {{1, 1, "UTF-16"}}},
	/* Syntax: one error, at its place. */
	{"version: 1\nservices:\n\tetcd: {}\n", {{3, 1, "spaces, not tabs"}}},
	{"version: 1\n\tmode: audit\n", {{2, 1, "spaces, not tabs"}}},
	{"version: 1\nfailsafe: [::1]\n", {{2, 12, "quotes"}}},
	{"version: 1\nmode: @enforce\n", {{2, 7, "quotes"}}},
	{"version: 1\nmode: a: b\n", {{2, 8, "mapping values"}}},
	{"version: 1\nservices:\n    etcd: {}\n  kubelet: {}\n", {{4, 3, "expected key"}}},
	{"version: 1\nmode: \"enforce\n", {{2, 7, "before this is closed"}}},
	{"version: 1\nservices: {etcd: {ports: [2379}}\n", {{2, 31, "from 2:26"}}},
	{"version: 1\nservices: {etcd: {ports: [2379,", {{2, 26, "before this is closed"}}},
	{"version: 1\nfoo: 2\nmode: [\n", {{3, 7, "before this is closed"}}},
	/* Columns are bytes: the bad one stands behind two letters of two bytes each. */
	{"version: 1\nmode: '\xc3\xa9\xc3\xa9' x\n", {{2, 14, "not YAML"}}},
	{BOM "version: 1\nmode: '\xe2\x82\xac': x\n", {{2, 12, "not YAML"}}},
	{BOM "mode: a: b\n", {{1, 8, "not YAML"}}},
	/* What YAML has and this file may not. */
	{"version: &v 1\nservices: {etcd: {}}\n", {{1, 10, "anchors"}}},
	{"version: 1\nservices: {etcd: &e {ports: [1]}, web: *e}\n", {{2, 18, "anchors"}, {2, 40, "aliases"}}},
	{"version: 1\nservices: {etcd: {<<: {ports: [1]}}}\n", {{2, 19, "merge keys"}}},
	{"version: !!int 1\nservices: {etcd: {}}\n", {{1, 10, "tags"}}},
	{"version: 1\nservices: {etcd: {allow: [!a b]}}\n", {{2, 27, "tags"}}},
	{"version: 1\n? [a]\n: b\n", {{2, 3, "a key is a word"}}},
	{"version: 1\n*a : b\n", {{2, 1, "aliases"}}},
	{"version: 1\nservices: {etcd: {}}\n---\nmode: audit\n", {{3, 1, "second document"}}},
	{"version: 1\nservices: {etcd: {allow: [\"a\\0b\"]}}\n", {{2, 27, "NUL"}}},
	{"version: 1\nmode: [[[[[[[[[[[]]]]]]]]]]]\n", {{2, 7, "audit or enforce"}, {2, 14, "too deep"}}},
};

static const struct invalid of_keys[] = {
	{"mode: audit\nservices: {etcd: {}}\n", {{1, 1, "\"version\" is missing"}}},
	{"version: 2\nservices: {etcd: {}}\n", {{1, 10, "1, the only version known"}}},
	{"version: \"1\"\nservices: {etcd: {}}\n", {{1, 10, "the string \"1\""}}},
	{"version: one\nservices: {etcd: {}}\n", {{1, 10, "the string \"one\""}}},
	{"version:\nservices: {etcd: {}}\n", {{1, 1, "found nothing"}}},
	/* Unknown, misplaced, twice. */
	{"version: 1\nmoed: audit\nservices: {etcd: {}}\n", {{2, 1, "nearest known one is \"mode\""}}},
	{"version: 1\nMode: audit\nservices: {etcd: {}}\n", {{2, 1, "nearest known one is \"mode\""}}},
	{"version: 1\n\xc3\xa9: 1\nservices: {etcd: {}}\n", {{2, 1, "unknown key \"\xc3\xa9\""}}},
	{"version: 1\nservices: {etcd: {port: [1]}}\n", {{2, 19, "nearest known one is \"ports\""}}},
	{"version: 1\nevents: {per_minute: 1}\nservices: {etcd: {}}\n", {{2, 10, "\"per_second\""}}},
	{"version: 1\ndeny: drop\nservices: {etcd: {}}\n", {{2, 1, "under a name in \"services\""}}},
	{"version: 1\nper_second: 1\nservices: {etcd: {}}\n", {{2, 1, "under \"events\""}}},
	{"version: 1\nservices: {etcd: {failsafe: []}}\n", {{2, 19, "beside \"version\""}}},
	{"version: 1\nmode: audit\nmode: enforce\nservices: {etcd: {}}\n", {{3, 1, "twice, first at 2:1"}}},
	{"version: 1\nservices: {etcd: {ports: [1], ports: [2]}}\n", {{2, 31, "twice, first at 2:19"}}},
	{"version: 1\nservices: {etcd: {}}\nservices: {kubelet: {}}\n", {{3, 1, "twice, first at 2:1"}}},
	{"version: 1\nservices:\n  etcd: {}\n  kubelet: {}\n  etcd: {ports: [1]}\n", {{5, 3, "twice, first at 3:3"}}},
	/* Not supported by this version, at the key. */
	{"version: 1\nlimits: {max_cut: 10}\nservices: {etcd: {}}\nmetrics: {listen: \"127.0.0.1:9475\"}\n",
	 {{2, 1, "\"limits\" is not supported by this version"}, {4, 1, "\"metrics\" is not supported"}}},
	{"version: 1\nservices:\n  etcd:\n    rate: {connections: 50}\n    tls: {}\n    egress: [a]\n    local: {}\n"
	 "    listen:\n",
	 {{4, 5, "\"rate\" is not supported by this version"},
	  {5, 5, "\"tls\" is not supported by this version"},
	  {6, 5, "\"egress\" is not supported by this version"},
	  {7, 5, "\"local\" is not supported by this version"},
	  {8, 5, "\"listen\" is not supported by this version"}}},
};

static const struct invalid of_values[] = {
	/* Words. */
	{"version: 1\nmode: enforced\nservices: {etcd: {}}\n",
	 {{2, 7, "audit or enforce; found the string \"enforced\""}}},
	{"version: 1\nmode: on\nservices: {etcd: {}}\n", {{2, 7, "found the boolean on"}}},
	{"version: 1\nmode:\nservices: {etcd: {}}\n", {{2, 1, "found nothing"}}},
	{"version: 1\nmode: [audit]\nservices: {etcd: {}}\n", {{2, 7, "found a list"}}},
	{"version: 1\nservices: {etcd: {mode: Audit}}\n", {{2, 25, "audit or enforce"}}},
	{"version: 1\nservices: {etcd: {deny: rst}}\n", {{2, 25, "reset or drop"}}},
	/* Services. */
	{"version: 1\nservices:\n", {{2, 1, "found nothing"}}},
	{"version: 1\nservices: {}\n", {{2, 11, "\"services\" is empty"}}},
	{"version: 1\nservices: [etcd]\n", {{2, 11, "found a list"}}},
	{"version: 1\nservices: etcd\n", {{2, 11, "found the string \"etcd\""}}},
	{"version: 1\nservices: {etcd: []}\n", {{2, 18, "found a list"}}},
	{"version: 1\nservices: {etcd: \"\"}\n", {{2, 18, "found the string \"\""}}},
	{"version: 1\nservices: {web: 443}\n", {{2, 17, "found the integer 443"}}},
	{"version: 1\nservices: {Etcd: {}}\n", {{2, 12, "letters a to z"}}},
	{"version: 1\nservices: {\"\": {}}\n", {{2, 12, "letters a to z"}}},
	{"version: 1\nservices: {a_b: {}}\n", {{2, 12, "letters a to z"}}},
	{"version: 1\nservices: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: {}}\n", {{2, 12, "1 to 32"}}},
	{"version: 1\nservices: {443: {ports: [443]}}\n", {{2, 12, "taken for a port"}}},
	/* Ports. */
	{"version: 1\nservices: {web: {}}\n", {{2, 12, "has no \"ports\""}}},
	{"version: 1\nservices: {apisever: }\n", {{2, 12, "nearest built-in name is \"apiserver\""}}},
	{"version: 1\nservices: {etcd: {ports: []}}\n", {{2, 26, "\"ports\" is empty"}}},
	{"version: 1\nservices: {etcd: {ports: }}\n", {{2, 19, "found nothing"}}},
	{"version: 1\nservices: {etcd: {ports: 2379}}\n", {{2, 26, "a list of ports"}}},
	{"version: 1\nservices: {etcd: {ports: {a: 1}}}\n", {{2, 26, "found a map"}}},
	{"version: 1\nservices: {etcd: {ports: [\"2379\"]}}\n", {{2, 27, "found the string \"2379\""}}},
	{"version: 1\nservices: {etcd: {ports: [0, 65536, -1, 99999999999999999999]}}\n",
	 {{2, 27, "1 to 65535"}, {2, 30, "1 to 65535"}, {2, 37, "1 to 65535"}, {2, 41, "1 to 65535"}}},
	{"version: 1\nservices: {etcd: {ports: [02379, +2379, 0x94b, 2_379, 2379.0, [2379], ~]}}\n",
	 {{2, 27, "02379"},
	  {2, 34, "+2379"},
	  {2, 41, "0x94b"},
	  {2, 48, "2_379"},
	  {2, 55, "2379.0"},
	  {2, 63, "a list"},
	  {2, 71, "nothing"}}},
	{"version: 1\nservices: {web: {ports: [443, 444, 443]}}\n", {{2, 36, "guarded by \"web\" already"}}},
	{"version: 1\nservices: {web: {ports: [443]}, hook: {ports: [443]}}\n",
	 {{2, 48, "port 443 of service \"hook\" is guarded by \"web\" already"}}},
	{"version: 1\nservices:\n  web: {ports: [2380]}\n  etcd:\n", {{4, 3, "port 2380 of service \"etcd\""}}},
	{"version: 1\nservices:\n  etcd:\n  web: {ports: [443, 2380]}\n", {{4, 22, "guarded by \"etcd\" already"}}},
	/* Allowlists. */
	{"version: 1\nservices: {etcd: {allow: }}\n", {{2, 19, "found nothing"}}},
	{"version: 1\nservices: {etcd: {allow: etcd.allow}}\n", {{2, 26, "a list of allowlist files"}}},
	{"version: 1\nservices: {etcd: {allow: [\"\"]}}\n", {{2, 27, "must be a path"}}},
	{"version: 1\nservices: {etcd: {allow: [\"a\\nb\"]}}\n", {{2, 27, "must be a path"}}},
	{"version: 1\nservices: {etcd: {allow: [7, {a: b}]}}\n", {{2, 27, "the integer 7"}, {2, 30, "a map"}}},
	{"version: 1\nservices: {etcd: {allow: [a, b, a]}}\n", {{2, 33, "twice, first at 2:27"}}},
	/* Layers. */
	{"version: 1\nlayers: []\nservices: {etcd: {}}\n", {{2, 9, "\"layers\" is empty"}}},
	{"version: 1\nlayers: [packet]\nservices: {etcd: {}}\n", {{2, 9, "the lookup cannot be left out"}}},
	{"version: 1\nlayers: [lookup, pakcet]\nservices: {etcd: {deny: drop}}\n", {{2, 18, "lookup and packet"}}},
	{"version: 1\nlayers: lookup\nservices: {etcd: {}}\n", {{2, 9, "a list"}}},
	{"version: 1\nlayers: [lookup, lookup]\nservices: {etcd: {}}\n", {{2, 18, "named twice"}}},
	{"version: 1\nlayers: [lookup]\nservices: {etcd: {deny: drop}, kubelet: {deny: reset}}\n",
	 {{3, 25, "needs the packet layer"}}},
	{"version: 1\nservices: {etcd: {deny: drop}}\nlayers: [lookup]\n", {{2, 25, "needs the packet layer"}}},
	/* Events. */
	{"version: 1\nevents: {per_second: 1000001}\nservices: {etcd: {}}\n", {{2, 22, "0 to 1000000"}}},
	{"version: 1\nevents: 200\nservices: {etcd: {}}\n", {{2, 9, "a map"}}},
	/* All errors of a file in one go. */
	{"mode: of\nservices:\n  etcd: {prots: [1]}\n  web: {}\nfailsafe: [10.0.0.0/8]\nlayers: [packet]\n",
	 {{1, 1, "version"},
	  {1, 7, "audit or enforce"},
	  {3, 10, "\"ports\""},
	  {4, 3, "not built in"},
	  {5, 12, "too wide"},
	  {6, 9, "cannot be left out"}}},
};

static const struct invalid of_failsafe[] = {
	{"version: 1\nfailsafe:\nservices: {etcd: {}}\n", {{2, 1, "found nothing"}}},
	{"version: 1\nfailsafe: 192.0.2.10\nservices: {etcd: {}}\n", {{2, 11, "a list of addresses"}}},
	{"version: 1\nfailsafe: [192.0.2.0/23, 'fd00::/63', 0.0.0.0/0]\nservices: {etcd: {}}\n",
	 {{2, 12, "ends at /24"}, {2, 26, "ends at /64"}, {2, 39, "ends at /24"}}},
	{"version: 1\nfailsafe: [192.0.2.10/28, 'fd00::1/64']\nservices: {etcd: {}}\n",
	 {{2, 12, "write 192.0.2.0/28 for the network or 192.0.2.10 for the host"}, {2, 27, "write fd00::/64"}}},
	{"version: 1\nfailsafe: [192.0.2.0/33, 192.0.2.0/, 192.0.2.0/024, 192.0.2.0/x]\nservices: {etcd: {}}\n",
	 {{2, 12, "from 24 to 32"}, {2, 26, "from 24 to 32"}, {2, 38, "from 24 to 32"}, {2, 53, "from 24 to 32"}}},
	{"version: 1\nfailsafe: ['fd00::/129']\nservices: {etcd: {}}\n", {{2, 12, "from 64 to 128"}}},
	{"version: 1\nfailsafe: [bastion, 192.0.2.300, \"\", '@self']\nservices: {etcd: {}}\n",
	 {{2, 12, "is no address"}, {2, 21, "is no address"}, {2, 34, "is no address"}, {2, 38, "is no address"}}},
	{"version: 1\nfailsafe: ['::ffff:192.0.2.10']\nservices: {etcd: {}}\n", {{2, 12, "write 192.0.2.10"}}},
	{"version: 1\nfailsafe: [10]\nservices: {etcd: {}}\n", {{2, 12, "found the integer 10"}}},
};

static void check(const struct invalid *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct km_config config;
		struct km_diags diags = {0};

		parse(cases[i].yaml, strlen(cases[i].yaml), &config, &diags);
		km_diags_sort(&diags);
		for (size_t j = 0; j < diags.count || cases[i].errors[j].line; j++) {
			const struct expected *want = &cases[i].errors[j];
			const struct km_diag *got = &diags.list[j];

			if (j >= diags.count)
				fail_msg("%s\nmissing error: %u:%u %s", cases[i].yaml, want->line, want->column,
					 want->part);
			if (!want->line || got->line != want->line || got->column != want->column ||
			    !strstr(got->message, want->part))
				fail_msg("%s\nerror %u:%u %s\nexpected %u:%u %s", cases[i].yaml, got->line, got->column,
					 got->message, want->line, want->column, want->part);
			assert_int_equal(got->file, 0);
			assert_int_equal(got->severity, KM_ERROR_DIAG);
		}
		km_diags_free(&diags);
		km_config_free(&config);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_yaml(void **state)
{
	(void)state;
	CHECK(of_yaml);
}

static void test_keys(void **state)
{
	(void)state;
	CHECK(of_keys);
}

static void test_values(void **state)
{
	(void)state;
	CHECK(of_values);
}

static void test_failsafe(void **state)
{
	(void)state;
	CHECK(of_failsafe);
}

static void one_error(const char *bytes, size_t size, unsigned line, unsigned column, const char *part)
{
	struct km_config config;
	struct km_diags diags = {0};

	parse(bytes, size, &config, &diags);
	assert_int_equal(diags.count, 1);
	assert_int_equal(diags.list[0].line, line);
	assert_int_equal(diags.list[0].column, column);
	assert_non_null(strstr(diags.list[0].message, part));
	km_diags_free(&diags);
	km_config_free(&config);
}

static void test_nul_and_utf16(void **state)
{
	static const char nul[] = "version: 1\nmo\0de: audit\n";
	static const char little[] = "v\0e\0r\0\n\0";
	static const char big[] = "\0v\0e\0r\0\n";

	(void)state;
	one_error(nul, sizeof(nul) - 1, 2, 3, "0x00");
	one_error(little, sizeof(little) - 1, 1, 1, "UTF-16");
	one_error(big, sizeof(big) - 1, 1, 1, "UTF-16");
}

static void test_too_large(void **state)
{
	enum { SIZE = (1 << 20) + 1 };
	char *text = malloc(SIZE);

	(void)state;
	assert_non_null(text);
	memset(text, '#', SIZE);
	one_error(text, SIZE, 1, 1, "1 MiB");
	one_error(text, SIZE - 1, 1, 1, "empty");
	free(text);
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
	parse(text, n, config, diags);
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
	parse(yaml, strlen(yaml), &config, &diags);
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
	parse(yaml, strlen(yaml), &config, &diags);
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
		cmocka_unit_test(test_valid),	   cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_keys),	   cmocka_unit_test(test_values),
		cmocka_unit_test(test_failsafe),   cmocka_unit_test(test_nul_and_utf16),
		cmocka_unit_test(test_too_large),  cmocka_unit_test(test_room),
		cmocka_unit_test(test_no_file),	   cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_understood), cmocka_unit_test(test_places),
		cmocka_unit_test(test_builtin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
