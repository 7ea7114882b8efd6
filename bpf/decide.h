/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The precedence, on one page. Compiled for the kernel programs and for the property test, which holds it against the
 * oracle (user/policy/oracle.c says the same in another way).
 *
 *   at once   the list allows the source, nothing about the tuple is strange       allowed
 *             neither the list nor KM_SET_SPECIAL has it, nothing is strange       denied_source
 *   martian   from the wire: a loopback address, an own source, its own destination denied_martian
 *   self      through lo, or (the lookup cannot see lo) it looks like it           allowed; with !@self as a refusal
 *   list      the list allows the source after all                                 allowed
 *   failsafe  a source that no list refuses                                        allowed_failsafe
 *   default                                                                        denied_source
 *
 * Addresses of this host and loopback are in no service's set, but in KM_SET_SPECIAL as failsafe sources are, so "at
 * once" is never about them.
 */
#ifndef KM_DECIDE_H
#define KM_DECIDE_H

#include "kubemoat.h"
#include "set_v4.h"
#include "set_v6.h"

struct km_tuple {
	struct km_ip source, destination;
	__u8 family;
	__u16 source_port, port; /* numbers; the guarded port is the destination's */
};

/*
 * Where the packet came in: the index of a device, whose numbers start with lo in every network namespace. The lookup
 * hook cannot tell: for an address of this host it sees the device that owns it.
 */
enum km_path { KM_PATH_UNKNOWN, KM_PATH_LO, KM_PATH_WIRE /* or above */ };

/* Added to the reason: allowed as this host itself, which the packet layer has to confirm. */
#define KM_AS_SELF 0x100

static __always_inline int km_is_loopback(__u32 family, const struct km_ip *ip)
{
	if (family == KM_V4)
		return ip->word[0] >> 24 == 127;
	return !(km_ip_half(ip, 0) | (km_ip_half(ip, 1) ^ 1));
}

static __always_inline int km_same_ip(__u32 family, const struct km_ip *a, const struct km_ip *b)
{
	if (family == KM_V4)
		return a->word[0] == b->word[0];
	return !((km_ip_half(a, 0) ^ km_ip_half(b, 0)) | (km_ip_half(a, 1) ^ km_ip_half(b, 1)));
}

/* True if they claim to be this host talking to itself, whatever its addresses. */
static __always_inline int km_is_strange(__u32 family, const struct km_ip *source, const struct km_ip *destination)
{
	return km_is_loopback(family, destination) || km_same_ip(family, source, destination);
}

/*
 * The same, of the lower half of an IPv6 destination, in host byte order, of IPv4 of the address: true also of some
 * that are not strange, but false of nearly all, for less.
 */
static __always_inline int km_may_be_strange(__u32 family, const struct km_ip *source, __u64 destination)
{
	if (family == KM_V4)
		return destination >> 24 == 127 || destination == source->word[0];
	return destination == 1 || destination == km_ip_half(source, 1);
}

static __always_inline int km_set_has(const struct km_image *image, __u32 mask, const struct km_set *set, __u32 family,
				      const struct km_ip *ip)
{
	if (family == KM_V4)
		return km_set_v4_has(image->port, mask, set->v4, ip->word[0]);
	return km_set_v6_has(image->port, mask, &set->v6, ip);
}

/* Everything that decides, where neither the list nor the default does at once. */
static __attribute__((noinline)) __u32 km_decide_rest(const struct km_image *image, __u32 mask, __u32 service,
						      const struct km_tuple *t, __u32 path)
{
	/* Asked before anything depends on it: the verifier walks each question once for every state it is asked in. */
	int listed = km_set_has(image, mask, &image->set[service], t->family, &t->source);
	int own = km_set_has(image, mask, &image->set[KM_SET_OWN], t->family, &t->source);
	int failsafe = km_set_has(image, mask, &image->set[KM_SET_FAILSAFE], t->family, &t->source);
	int claims_self =
		own || km_is_strange(t->family, &t->source, &t->destination) || km_is_loopback(t->family, &t->source);
	int self = path == KM_PATH_LO || (path == KM_PATH_UNKNOWN && claims_self);

	if (path >= KM_PATH_WIRE && claims_self)
		return KM_DENIED_MARTIAN;
	if (self && !(image->set[service].service.flags & KM_DENY_SELF))
		return KM_ALLOWED | KM_AS_SELF;
	if (!self && listed)
		return KM_ALLOWED;
	return failsafe ? KM_ALLOWED_FAILSAFE : KM_DENIED_SOURCE;
}

#define KM_ASK KM_REASONS /* instead of a reason or a verdict: it takes more to tell */

/* What can be said at once of a source that is not strange, and that the list names or does not; else KM_ASK. */
static __always_inline __u32 km_decide_plain(const struct km_image *image, __u32 mask, const struct km_set *set,
					     __u32 family, const struct km_ip *source, int listed)
{
	if (listed)
		return set->service.flags & KM_DENY_SELF ? KM_ASK : KM_ALLOWED;
	return km_set_has(image, mask, &image->set[KM_SET_SPECIAL], family, source) ? KM_ASK : KM_DENIED_SOURCE;
}

/* The reason for a new connection to a service; KM_AS_SELF is added where that is why. */
static __always_inline __u32 km_decide(const struct km_image *image, __u32 mask, __u32 service,
				       const struct km_tuple *t, __u32 path)
{
	const struct km_set *set = &image->set[service];
	__u32 reason = KM_ASK;

	if (path != KM_PATH_LO && !km_is_strange(t->family, &t->source, &t->destination))
		reason = km_decide_plain(image, mask, set, t->family, &t->source,
					 km_set_has(image, mask, set, t->family, &t->source));
	return reason == KM_ASK ? km_decide_rest(image, mask, service, t, path) : reason;
}

static __always_inline int km_reason_allows(__u32 reason)
{
	return (reason & 0xff) <= KM_ALLOWED_FAILSAFE;
}

#endif
