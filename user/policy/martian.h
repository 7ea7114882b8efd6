/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that no packet from another host has as its source: rules over them alone never match. Pure. */
#ifndef KM_MARTIAN_H
#define KM_MARTIAN_H

#include "kubemoat.h"

/* Why no source lies in first to last, static text for messages; NULL if one can. */
const char *km_martian(enum km_family family, struct km_ip first, struct km_ip last);

#endif
