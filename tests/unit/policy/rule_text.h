/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules and addresses for tests, from text, without the parser of allowlists. Wrong text asserts. */
#ifndef RULE_TEXT_H
#define RULE_TEXT_H

#include <stdint.h>

#include "policy/rule.h"

struct km_ip ip_text(const char *text);
enum km_family family_text(const char *text);

/* Adds "10.0.0.0/8", "!::1" or "!@self" as line `line` of file 1. The caller sorts. */
void rule_text(struct km_rules *rules, const char *text, uint32_t line, int64_t until);

#endif
