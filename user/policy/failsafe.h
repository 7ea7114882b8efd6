/* SPDX-License-Identifier: BSD-2-Clause */
/* An entry of `failsafe`: a source that no list refuses. Pure. */
#ifndef KM_FAILSAFE_H
#define KM_FAILSAFE_H

#include "error.h"
#include "policy/config.h"

/* An address or a prefix no wider than /24 or /64, as text; `place` is left alone. 0, or -EINVAL with *err. */
int km_failsafe_parse(const char *text, struct km_config_failsafe *failsafe, struct km_err *err);

#endif
