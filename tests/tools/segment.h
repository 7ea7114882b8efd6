/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP segments by hand, inside IP packets as unusual as wanted: options, extension headers, fragments that come in the
 * wrong order or overlap. Ports and sequence numbers are numbers, addresses in network order.
 */
#ifndef KM_TOOLS_SEGMENT_H
#define KM_TOOLS_SEGMENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "endpoint.h"

#define SEGMENT_MAX 1400
#define PACKETS_MAX 256

enum tcp_flags { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct segment {
	struct endpoint source, destination;
	uint32_t sequence, acknowledgement;
	uint8_t flags; /* enum tcp_flags */
	bool fastopen; /* in a SYN: ask for a cookie, so that its data may be taken */
	const char *payload;
	size_t payload_size;
};

/* How the segment travels. */
struct wrapping {
	unsigned option_words;	/* IPv4: no-operation options, in words of 4 bytes */
	const char *extensions; /* IPv6: letters h(op-by-hop) d(estination) r(outing, spent) f(ragment, atomic) */
	bool fragments;		/* 8 bytes each */
	bool reversed;		/* last fragment first */
	bool overlapping;	/* each fragment repeats the first 8 bytes of the next */
};

struct packet {
	size_t size;
	uint8_t bytes[SEGMENT_MAX + 200];
};

static inline void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static inline uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	return sum;
}

static inline uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline size_t address_size(const struct endpoint *e)
{
	return e->any.sa_family == AF_INET ? 4 : 16;
}

static inline const uint8_t *address_bytes(const struct endpoint *e)
{
	return e->any.sa_family == AF_INET ? (const uint8_t *)&e->v4.sin_addr : (const uint8_t *)&e->v6.sin6_addr;
}

/* The TCP part: header, options, payload. Returns its size. */
static inline size_t segment_build(const struct segment *s, uint8_t *out)
{
	size_t header = 20, size;
	uint32_t sum;

	memset(out, 0, 40);
	put16(out, ntohs(s->source.v4.sin_port));
	put16(out + 2, ntohs(s->destination.v4.sin_port));
	put32(out + 4, s->sequence);
	put32(out + 8, s->acknowledgement);
	out[13] = s->flags;
	put16(out + 14, 65535);
	if (s->flags & TCP_SYN) {
		static const uint8_t mss[] = {2, 4, 1024 >> 8, 0, 1, 1, 1, 1}; /* padded: more to fragment */
		static const uint8_t cookie[] = {34, 2, 1, 1};

		memcpy(out + header, mss, sizeof(mss));
		header += sizeof(mss);
		if (s->fastopen) {
			memcpy(out + header, cookie, sizeof(cookie));
			header += sizeof(cookie);
		}
	}
	out[12] = header / 4 << 4;
	memcpy(out + header, s->payload, s->payload_size);
	size = header + s->payload_size;
	sum = IPPROTO_TCP + size;
	sum = sum16(sum, address_bytes(&s->source), address_size(&s->source));
	sum = sum16(sum, address_bytes(&s->destination), address_size(&s->destination));
	put16(out + 16, checksum(sum16(sum, out, size)));
	return size;
}

/* IPv4 around `size` bytes that stand at `offset` of the datagram. */
static inline void wrap_v4(const struct segment *s, const struct wrapping *w, uint16_t id, const uint8_t *part,
			   size_t offset, size_t size, bool more, struct packet *p)
{
	size_t header = 20 + w->option_words * 4;
	uint8_t *b = p->bytes;

	memset(b, 0, 20);
	memset(b + 20, 1, header - 20);
	b[0] = 0x40 | header / 4;
	put16(b + 2, header + size);
	put16(b + 4, id);
	put16(b + 6, (more ? 0x2000 : 0) | offset / 8);
	b[8] = 64;
	b[9] = IPPROTO_TCP;
	memcpy(b + 12, &s->source.v4.sin_addr, 4);
	memcpy(b + 16, &s->destination.v4.sin_addr, 4);
	put16(b + 10, checksum(sum16(0, b, header)));
	memcpy(b + header, part, size);
	p->size = header + size;
}

/* Appends an extension header of 8 bytes and returns where the number of the header after it goes. */
static inline uint8_t *put_extension(struct packet *p, uint8_t *next, uint8_t kind)
{
	uint8_t *b = p->bytes + p->size;

	memset(b, 0, 8);
	*next = kind;
	if (kind == IPPROTO_HOPOPTS || kind == IPPROTO_DSTOPTS) {
		b[2] = 1; /* PadN */
		b[3] = 4;
	} else if (kind == IPPROTO_ROUTING) {
		b[2] = 4; /* segment routing type without segments left: to be skipped */
	}
	p->size += 8;
	return b;
}

static inline void wrap_v6(const struct segment *s, const struct wrapping *w, uint16_t id, const uint8_t *part,
			   size_t offset, size_t size, bool more, struct packet *p)
{
	static const struct {
		char letter;
		uint8_t kind;
	} kinds[] = {{'h', IPPROTO_HOPOPTS}, {'d', IPPROTO_DSTOPTS}, {'r', IPPROTO_ROUTING}, {'f', IPPROTO_FRAGMENT}};
	uint8_t *b = p->bytes, *next = b + 6;

	memset(b, 0, 40);
	b[0] = 0x60;
	b[7] = 64;
	memcpy(b + 8, &s->source.v6.sin6_addr, 16);
	memcpy(b + 24, &s->destination.v6.sin6_addr, 16);
	p->size = 40;
	for (const char *letter = w->extensions; *letter; letter++)
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (kinds[i].letter == *letter)
				next = put_extension(p, next, kinds[i].kind);
	if (w->fragments) {
		next = put_extension(p, next, IPPROTO_FRAGMENT);
		put16(next + 2, offset | more);
		put32(next + 4, id);
	}
	*next = IPPROTO_TCP;
	memcpy(b + p->size, part, size);
	p->size += size;
	put16(b + 4, p->size - 40);
}

/* The packets that carry the segment, in the order to send them; their number. */
static inline size_t segment_wrap(const struct segment *s, const struct wrapping *w, uint16_t id,
				  struct packet packets[PACKETS_MAX])
{
	uint8_t tcp[SEGMENT_MAX + 100];
	bool v4 = s->source.any.sa_family == AF_INET;
	/* Linux drops IPv6 fragments whose first does not hold the whole TCP header. */
	size_t size = segment_build(s, tcp), first = !w->fragments ? size : v4 ? 8 : 24;
	size_t total = 1 + (size > first ? (size - first + 7) / 8 : 0);

	for (size_t i = 0; i < total; i++) {
		size_t offset = i ? first + (i - 1) * 8 : 0, left = size - offset, part = i ? 8 : first;
		struct packet *p = &packets[w->reversed ? total - 1 - i : i];
		bool more;

		if (part > left)
			part = left;
		more = part < left;
		if (w->overlapping && more)
			part += left - part < 8 ? left - part : 8;
		if (v4)
			wrap_v4(s, w, id, tcp + offset, offset, part, more, p);
		else
			wrap_v6(s, w, id, tcp + offset, offset, part, more, p);
	}
	return total;
}

#endif
