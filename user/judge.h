/* SPDX-License-Identifier: BSD-2-Clause */
/* May the files of -c be put in force? */
#ifndef KM_JUDGE_H
#define KM_JUDGE_H

#include "run.h"

/*
 * Reads and judges the files of -c. *usable: they may be put in force. Else the refusal is in the state, and every
 * reason in outcome->diags.
 */
int km_judge_files(struct km_run *run, struct km_outcome *outcome, bool *usable, struct km_err *err);

#endif
