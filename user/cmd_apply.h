/* SPDX-License-Identifier: BSD-2-Clause */
/* What load, reload and run tell of a transaction. */
#ifndef KM_CMD_APPLY_H
#define KM_CMD_APPLY_H

#include "apply.h"

/* What is wrong with the files, as `check` would say it, and the notice: on standard error. Sorts the diagnostics. */
void km_tell_diags(struct km_outcome *outcome);

/* What came of it, in one line on standard output, or as an object; warnings on standard error. */
void km_tell_outcome(const struct km_target *target, const struct km_outcome *outcome, bool json);

#endif
