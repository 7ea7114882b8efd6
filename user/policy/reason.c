/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/reason.h"

enum kind { ALLOW, DENY, LATER };

static const struct {
	const char *name;
	enum kind kind;
} reasons[] = {
#define REASON_ROW(id, name, kind) [KM_##id] = {name, kind},
	KM_REASON_LIST(REASON_ROW)
#undef REASON_ROW
};

const char *km_reason_name(enum km_reason reason)
{
	return (unsigned)reason < KM_REASONS ? reasons[reason].name : "?";
}

const char *km_verdict_name(enum km_verdict verdict)
{
	static const char *const names[] = {[KM_ALLOW] = "allow", [KM_DENY] = "deny", [KM_AUDIT] = "audit"};

	return (unsigned)verdict < KM_VERDICTS ? names[verdict] : "?";
}

bool km_verdict_has_reason(enum km_verdict verdict, enum km_reason reason)
{
	if ((unsigned)verdict >= KM_VERDICTS || (unsigned)reason >= KM_REASONS)
		return false;
	return reasons[reason].kind == (verdict == KM_ALLOW ? ALLOW : DENY);
}
