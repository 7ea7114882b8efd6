/* SPDX-License-Identifier: BSD-2-Clause */
/* Other programs, run in the caller's namespaces and cgroup. */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include <sys/types.h>

/*
 * Starts a program, found along PATH; `argv` ends with NULL. What it prints goes nowhere, its complaints to a place
 * from where bench_complaints() has them. Ends the program where it cannot, as all here.
 */
pid_t bench_start(const char *const *argv);

/* What the programs started last have complained about. */
const char *bench_complaints(void);

/* Exit status of a process, 128 if a signal ended it. */
int bench_wait(pid_t pid);

/* The same; *mib is the most that it had in memory. */
int bench_wait_peak(pid_t pid, double *mib);

/* Has `sh -e` run that text; ends the program unless it succeeds. */
void bench_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

double bench_now_ms(void);

#endif
