/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes an instance over and over, by the product's own code:
 *
 *	swap policies COUNT NAME NETNS CONFIG CONFIG	reloads from the two configurations in turn
 *	swap programs COUNT NAME			replaces the programs behind both links
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "apply.h"
#include "kernel/pins.h"

static int fail(const char *what)
{
	fprintf(stderr, "swap: %s\n", what);
	return 1;
}

static int swap_policies(unsigned count, char **argv)
{
	struct km_target target = {.name = argv[0], .netns = argv[1], .bpffs = "/sys/fs/bpf"};
	const struct km_reload reload = {};

	for (unsigned i = 0; i < count; i++) {
		struct km_outcome outcome;
		struct km_err err = {};
		bool applied;

		target.config = argv[2 + i % 2];
		if (km_reload(&target, &reload, &outcome, &err))
			return fail(err.text);
		applied = outcome.result == KM_APPLIED;
		km_outcome_free(&outcome);
		if (!applied)
			return fail("a policy was refused");
	}
	return 0;
}

static int swap_programs(unsigned count, const char *name)
{
	struct km_pins pins;
	struct km_err err = {};

	if (km_pins_open("/sys/fs/bpf", name, false, &pins, &err))
		return fail(err.text);
	for (unsigned i = 0; i < count; i++) {
		bool lookup = i % 2;
		int link = km_pins_get(&pins, lookup ? KM_PIN_LOOKUP : KM_PIN_PACKET, &err);
		int prog = km_pins_get(&pins, lookup ? KM_PIN_LOOKUP_PROG : KM_PIN_PACKET_PROG, &err);

		if (link < 0 || prog < 0 || bpf_link_update(link, prog, NULL))
			return fail("a program cannot be replaced");
		close(link);
		close(prog);
	}
	km_pins_close(&pins);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "policies"))
		return swap_policies(strtoul(argv[2], NULL, 10), argv + 3);
	if (argc == 4 && !strcmp(argv[1], "programs"))
		return swap_programs(strtoul(argv[2], NULL, 10), argv[3]);
	return fail("swap policies COUNT NAME NETNS CONFIG CONFIG | swap programs COUNT NAME");
}
