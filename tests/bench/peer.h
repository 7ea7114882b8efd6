/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a user would pick instead of the guard, and the guard, each set up for an arena: a list of sources that may
 * reach BENCH_PORT, from where others are dropped, and BENCH_RESET_PORT, where they are refused by a RST.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "arena.h"
#include "context.h"
#include "instance.h"
#include "list.h"

#define BENCH_RESET_PORT 6444

/* A file that makes a list the present one, for `nft -f` and `ipset restore`. Ends the program where it cannot, as all
 * here. */
void bench_nft_write(const struct bench_list *list, const char *path);
void bench_ipset_write(const struct bench_list *list, const char *path);

/* A named set of intervals, empty, asked in the input hook. */
void bench_nft_setup(const struct bench_arena *arena);
/* A hash:net, empty, asked by iptables-nft in the input hook; drops on both ports. */
void bench_ipset_setup(const struct bench_arena *arena);

/* All in one: the rules, and the list in force. */
void bench_nft(const struct bench_context *context, const struct bench_arena *arena, const struct bench_list *list);
void bench_ipset(const struct bench_context *context, const struct bench_arena *arena, const struct bench_list *list);
/* The kernel's trie on the packet hook; whatever the port. Lives as long as the program. */
void bench_trie(const struct bench_arena *arena, const struct bench_list *list);

/*
 * The guard by its command. `layers` as the configuration has them: "lookup, packet". Without the packet layer sources
 * are refused on both ports.
 */
void bench_guard(const struct bench_context *context, const struct bench_arena *arena, const struct bench_list *list,
		 const char *layers, struct bench_instance *instance);
void bench_unguard(const struct bench_arena *arena, const struct bench_instance *instance);

#endif
