/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong behind the address of a rule, and what to type instead. Pure. */
#ifndef KM_TRAILING_H
#define KM_TRAILING_H

#include "policy/advice.h"
#include "policy/scan.h"

/* Each gives exactly one error. */

/* Behind the slash that follows the address of `scan`, `at` is no prefix length of its family. */
void km_advise_length(const struct km_line *line, const char *at, const struct km_scan *scan);
/* The @ at `at` starts none of the words that ends with NULL. */
void km_advise_keyword(const struct km_line *line, const char *at, const char *const *known);
/* Behind a rule that could end at `end`, something else comes at `at`, directly or after blanks. */
void km_advise_rest(const struct km_line *line, const char *end, const char *at);

#endif
