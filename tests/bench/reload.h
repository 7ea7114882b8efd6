/* SPDX-License-Identifier: BSD-2-Clause */
/* How long from a changed file to its policy in force. */
#ifndef BENCH_RELOAD_H
#define BENCH_RELOAD_H

#include "kubemoat.h"
#include "measure.h"

/*
 * Loads a policy of a million prefixes with the command at `kubemoat`, exchanges its file and times `reload`, again and
 * again; takes the policy away in the end. Ends the program if anything of that fails.
 */
void bench_reload(const char *kubemoat, enum km_family family, struct bench_measure *measure);

#endif
