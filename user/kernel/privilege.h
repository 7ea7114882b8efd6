/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KM_PRIVILEGE_H
#define KM_PRIVILEGE_H

#include "error.h"

/* Does bpf() do what we need? 0, or -errno with what refuses it (privilege, seccomp, no such call) and what to do. */
int km_privilege_check(struct km_err *err);

#endif
