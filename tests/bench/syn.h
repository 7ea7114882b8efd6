/* SPDX-License-Identifier: BSD-2-Clause */
/* What a refused SYN costs the host, from the driver to the drop or the RST. */
#ifndef BENCH_SYN_H
#define BENCH_SYN_H

#include "context.h"

/* Adds syn.denied.*. */
void bench_syn(const struct bench_context *context);

#endif
