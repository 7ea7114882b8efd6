/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads an address out of text in one pass, and tells which part of it is wrong. Pure. */
#ifndef KM_SCAN_H
#define KM_SCAN_H

#include <stdbool.h>

#include "kubemoat.h"

enum km_scan_fault {
	KM_SCAN_GOOD,
	KM_SCAN_NONE,	/* no address starts here; family: not known */
	KM_SCAN_PADDED, /* an octet with a leading zero */
	KM_SCAN_ABOVE,	/* an octet above 255 */
	KM_SCAN_FEW,	/* fewer than four octets, or than eight groups without :: */
	KM_SCAN_MANY,	/* a fifth octet, a ninth group, a :: that stands for nothing */
	KM_SCAN_GROUP,	/* a group of more than four digits */
	KM_SCAN_GAP,	/* a second :: */
	KM_SCAN_COLON,	/* a single : at the start or the end, or three of them */
};

struct km_scan {
	enum km_family family;
	struct km_ip ip; /* only if good */
	const char *at;	 /* good: behind the address; else the first byte of the part that is wrong, before `end` */
};

/*
 * The longest address that starts at `text`, which ends before `end` (no NUL needed): dotted IPv4, or IPv6 in any form
 * of RFC 4291, a dotted tail included. What follows it is the caller's to judge.
 */
enum km_scan_fault km_scan_address(const char *text, const char *end, struct km_scan *scan);

/* True for ::ffff:0:0/96: an IPv4 address in IPv6's clothes. */
bool km_scan_mapped(const struct km_scan *scan);

#endif
