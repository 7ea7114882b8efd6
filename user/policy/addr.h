/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and prefixes as numbers: arithmetic, text in and out. Pure. */
#ifndef KM_ADDR_H
#define KM_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "kubemoat.h"

/* Bits of an address of that family: 32 or 128. */
static inline unsigned km_family_bits(enum km_family family)
{
	return family == KM_V4 ? 32 : 128;
}

/* INET6_ADDRSTRLEN and a prefix length. */
#define KM_ADDR_TEXT 56

/* -1, 0, 1 as a is below, equal to, above b. */
int km_ip_compare(struct km_ip a, struct km_ip b);

/* First and last address of ip/len. `ip` may have host bits. */
struct km_ip km_ip_first(enum km_family family, struct km_ip ip, unsigned len);
struct km_ip km_ip_last(enum km_family family, struct km_ip ip, unsigned len);

/* The address after / before ip in its family; false where there is none (*out untouched). */
bool km_ip_next(enum km_family family, struct km_ip ip, struct km_ip *out);
bool km_ip_prev(enum km_family family, struct km_ip ip, struct km_ip *out);

/* From and to the 4 or 16 bytes of a packet, network byte order. */
struct km_ip km_ip_from_bytes(enum km_family family, const void *bytes);
void km_ip_to_bytes(enum km_family family, struct km_ip ip, void *bytes);

/*
 * An address as a person types it to `explain`, NUL-terminated: dotted IPv4 (no padded octets), IPv6; a v4-mapped
 * IPv6 address gives KM_V4. 0 or -EINVAL.
 */
int km_ip_parse(const char *text, enum km_family *family, struct km_ip *ip);

/* Writes the canonical text (RFC 5952 for IPv6), at most KM_ADDR_TEXT with the NUL; the second adds /len unless it
 * is a single host. Returns `text`. */
const char *km_ip_format(enum km_family family, struct km_ip ip, char text[KM_ADDR_TEXT]);
const char *km_prefix_format(enum km_family family, struct km_ip ip, unsigned len, char text[KM_ADDR_TEXT]);

/* True for 127.0.0.0/8 and ::1. */
bool km_ip_loopback(enum km_family family, struct km_ip ip);

#endif
