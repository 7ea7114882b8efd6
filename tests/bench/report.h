/* SPDX-License-Identifier: BSD-2-Clause */
/* The measures as a table and as a JSON file. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

/* Prints all of them as a table, and the broken bounds again at its end. Number of bounds that are broken. */
unsigned bench_print(void);

/* Writes {"machine":…,"measures":[…]}. `strangers`: see arena.h. Ends the program if it cannot. */
void bench_write(const char *path, unsigned strangers);

#endif
