/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of reasons and verdicts, derived from KM_REASON_LIST. Pure. */
#ifndef KM_REASON_H
#define KM_REASON_H

#include <stdbool.h>

#include "kubemoat.h"

const char *km_reason_name(enum km_reason reason);    /* "denied_source"; "?" out of range */
const char *km_verdict_name(enum km_verdict verdict); /* "allow", "deny", "audit" */
/* True for the pairs that a service of this version can count: shown from the start, at 0. */
bool km_verdict_has_reason(enum km_verdict verdict, enum km_reason reason);

#endif
