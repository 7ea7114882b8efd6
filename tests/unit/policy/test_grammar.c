/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_errors.h"

static const struct config_case of_keys[] = {
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
	{"version: 1\nservices: {web: {ports: [1]}, web: {ports: [1]}}\n", {{2, 31, "twice, first at 2:12"}}},
	/* Not supported by this version, at the key. */
	{"version: 1\nservices:\n  etcd:\n    rate: {connections: 50}\n    tls: {}\n    egress: [a]\n    local: {}\n"
	 "    listen:\n",
	 {{4, 5, "\"rate\" is not supported by this version"},
	  {5, 5, "\"tls\" is not supported by this version"},
	  {6, 5, "\"egress\" is not supported by this version"},
	  {7, 5, "\"local\" is not supported by this version"},
	  {8, 5, "\"listen\" is not supported by this version"}}},
};

static const struct config_case of_values[] = {
	/* Words. */
	{"version: 1\nmode: enforced\nservices: {etcd: {}}\n",
	 {{2, 7, "audit or enforce; found the string \"enforced\""}}},
	{"version: 1\nmode: on\nservices: {etcd: {}}\n", {{2, 7, "found the boolean on"}}},
	{"version: 1\nmode:\nservices: {etcd: {}}\n", {{2, 1, "found nothing"}}},
	{"version: 1\nmode: [audit]\nservices: {etcd: {}}\n", {{2, 7, "found a list"}}},
	{"version: 1\nservices: {etcd: {mode: Audit}}\n", {{2, 25, "audit or enforce"}}},
	{"version: 1\nservices: {etcd: {deny: rst}}\n", {{2, 25, "reset or drop"}}},
	/* Limits. */
	{"version: 1\nlimits: {max_cut: -1}\nservices: {etcd: {}}\n", {{2, 19, "from 0 to 1000000"}}},
	{"version: 1\nlimits: {max_cut: 1000001}\nservices: {etcd: {}}\n", {{2, 19, "from 0 to 1000000"}}},
	{"version: 1\nlimits: {max_cut: many}\nservices: {etcd: {}}\n", {{2, 19, "found the string \"many\""}}},
	{"version: 1\nlimits: {max_cut: }\nservices: {etcd: {}}\n", {{2, 10, "found nothing"}}},
	{"version: 1\nlimits: 10\nservices: {etcd: {}}\n", {{2, 9, "found the integer 10"}}},
	{"version: 1\nmax_cut: 10\nservices: {etcd: {}}\n", {{2, 1, "under \"limits\""}}},
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
	/* Metrics. */
	{"version: 1\nmetrics: 9475\nservices: {etcd: {}}\n", {{2, 10, "a map, such as {listen:"}}},
	{"version: 1\nmetrics: {listen: 9475}\nservices: {etcd: {}}\n", {{2, 19, "ADDRESS:PORT in quotes"}}},
	{"version: 1\nmetrics:\n  listen: [::1]:9475\nservices: {etcd: {}}\n",
	 {{3, 12, "text with other colons goes in quotes"}}},
	{"version: 1\nmetrics: {listen: off}\nservices: {etcd: {}}\n",
	 {{2, 19, "listen \"off\" has no numeric address"}}},
	{"version: 1\nmetrics:\n  listen: \"localhost:9475\"\nservices: {etcd: {}}\n",
	 {{3, 11, "listen \"localhost:9475\" has no numeric address"}}},
	{"version: 1\nmetrics: {port: 9475}\nservices: {etcd: {}}\n", {{2, 11, "\"listen\""}}},
	{"version: 1\nlisten: \"127.0.0.1:9475\"\nservices: {etcd: {}}\n", {{2, 1, "under \"metrics\""}}},
	{"version: 1\nrate: {connections: 50}\nservices: {etcd: {}}\n", {{2, 1, "under a name in \"services\""}}},
	/* All errors of a file in one go. */
	{"mode: of\nservices:\n  etcd: {prots: [1]}\n  web: {}\nfailsafe: [10.0.0.0/8]\nlayers: [packet]\n",
	 {{1, 1, "version"},
	  {1, 7, "audit or enforce"},
	  {3, 10, "\"ports\""},
	  {4, 3, "not built in"},
	  {5, 12, "too wide"},
	  {6, 9, "cannot be left out"}}},
};

static const struct config_case of_failsafe[] = {
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

static void test_keys(void **state)
{
	(void)state;
	CHECK_CONFIGS(of_keys);
}

static void test_values(void **state)
{
	(void)state;
	CHECK_CONFIGS(of_values);
}

static void test_failsafe(void **state)
{
	(void)state;
	CHECK_CONFIGS(of_failsafe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_failsafe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
