/* SPDX-License-Identifier: BSD-2-Clause */
/* What a packet to decide.bpf.c carries behind the Ethernet header. */
#ifndef QUESTION_H
#define QUESTION_H

#include "decide.h"

#define QUESTION_OFFSET 14

struct question {
	struct km_tuple tuple;
	__u32 service;
	__u32 path; /* enum km_path */
};

#endif
