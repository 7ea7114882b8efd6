/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "arena.h"
#include "command.h"
#include "context.h"
#include "error.h"
#include "host/cgroup.h"
#include "instance.h"
#include "list.h"
#include "peer.h"
#include "run.h"
#include "source.h"
#include "tests/bench/peers.skel.h"

static FILE *create(const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out)
		err(1, "%s", path);
	return out;
}

static void finish(FILE *out, const char *path)
{
	if (ferror(out) || fclose(out))
		err(1, "%s", path);
}

void bench_nft_write(const struct bench_list *list, const char *path)
{
	FILE *out = create(path);

	fputs("flush set inet bench allowed\nadd element inet bench allowed {\n", out);
	bench_list_print(list, out, "", ",\n");
	fputs("}\n", out);
	finish(out, path);
}

void bench_ipset_write(const struct bench_list *list, const char *path)
{
	FILE *out = create(path);

	fprintf(out, "create beside hash:net maxelem 4194304\n");
	bench_list_print(list, out, "add beside ", "\n");
	fputs("swap beside allowed\ndestroy beside\n", out);
	finish(out, path);
}

void bench_nft_setup(const struct bench_arena *arena)
{
	bench_arena_enter(arena);
	bench_shell("nft '\n"
		    "table inet bench {\n"
		    "	set allowed { type ipv4_addr; flags interval; auto-merge; }\n"
		    "	chain input {\n"
		    "		type filter hook input priority filter\n"
		    "		tcp dport %d ip saddr != @allowed drop\n"
		    "		tcp dport %d ip saddr != @allowed reject with tcp reset\n"
		    "	}\n"
		    "}'",
		    BENCH_PORT, BENCH_RESET_PORT);
	bench_arena_leave();
}

void bench_ipset_setup(const struct bench_arena *arena)
{
	bench_arena_enter(arena);
	bench_shell("ipset create allowed hash:net maxelem 4194304\n"
		    "iptables-nft -A INPUT -p tcp --dport %d:%d -m set ! --match-set allowed src -j DROP",
		    BENCH_PORT, BENCH_RESET_PORT);
	bench_arena_leave();
}

void bench_nft(const struct bench_context *context, const struct bench_arena *arena, const struct bench_list *list)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.nft", context->dir, arena->what);
	bench_nft_write(list, path);
	bench_nft_setup(arena);
	bench_arena_enter(arena);
	bench_shell("nft -f %s", path);
	bench_arena_leave();
}

void bench_ipset(const struct bench_context *context, const struct bench_arena *arena, const struct bench_list *list)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.ipset", context->dir, arena->what);
	bench_ipset_write(list, path);
	bench_ipset_setup(arena);
	bench_arena_enter(arena);
	bench_shell("ipset -exist restore < %s", path);
	bench_arena_leave();
}

void bench_trie(const struct bench_arena *arena, const struct bench_list *list)
{
	struct peers_bpf *peers = peers_bpf__open();
	struct km_err why = {""};
	int cgroup;

	if (!peers)
		err(1, "peers");
	bpf_map__set_max_entries(peers->maps.trie4, list->rules.count);
	if (peers_bpf__load(peers))
		err(1, "peers");
	bench_list_fill_trie(list, bpf_map__fd(peers->maps.trie4));
	cgroup = km_cgroup_open(arena->cgroup, &why);
	if (cgroup < 0)
		errx(1, "%s", why.text);
	if (!bpf_program__attach_cgroup(peers->progs.bench_packet_trie, cgroup))
		err(1, "%s", arena->cgroup);
}

void bench_guard(const struct bench_context *context, const struct bench_arena *arena, const struct bench_list *list,
		 const char *layers, struct bench_instance *instance)
{
	const char *silent = strstr(layers, "packet") ? "drop" : "reset";
	char config[512], path[128];

	snprintf(config, sizeof(config),
		 "version: 1\n"
		 "mode: enforce\n"
		 "layers: [%s]\n"
		 "services:\n"
		 "  first: {ports: [%d], deny: %s, allow: [" BENCH_ALLOWLIST "]}\n"
		 "  second: {ports: [%d], deny: reset, allow: [" BENCH_ALLOWLIST "]}\n",
		 layers, BENCH_PORT, silent, BENCH_RESET_PORT);
	bench_instance_open(context, arena->what, arena->cgroup, config, instance);
	bench_list_write(list, bench_instance_file(instance, BENCH_ALLOWLIST, path), false);
	bench_arena_enter(arena);
	bench_instance_run(instance, "load", NULL, NULL);
	bench_arena_leave();
}

void bench_unguard(const struct bench_arena *arena, const struct bench_instance *instance)
{
	bench_arena_enter(arena);
	bench_instance_run(instance, "unload", NULL, NULL);
	bench_arena_leave();
}
