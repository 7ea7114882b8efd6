/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one contract between the kernel programs (bpf/) and user space (user/): everything that both sides read or
 * write in a map. Sizes and offsets are fixed; a change of any of them is a new KM_LAYOUT.
 *
 * Byte order: addresses are numbers in host byte order, most significant word first (see km_ip); ports are numbers.
 */
#ifndef KUBEMOAT_H
#define KUBEMOAT_H

#include <linux/types.h>

/*
 * Version of everything pinned: maps, their values, the names of the pins. Never moved by any: the start of the state
 * (km_state in user/kernel/book.h), a name at the start of its row, counts at the start of theirs, and km_cuts up to
 * its log. KM_LAYOUT_TEST builds one that differs in nearly every map, for the tests of upgrade and downgrade.
 */
#ifdef KM_LAYOUT_TEST
#define KM_LAYOUT 1007
#else
#define KM_LAYOUT 7
#endif

#define KM_NAME_MAX 32	  /* longest instance or service name, without the NUL */
#define KM_SERVICES 16	  /* services of one policy */
#define KM_SLOTS 64	  /* service names remembered for their counters since the last unload */
#define KM_PORTS 64	  /* guarded ports of one policy */
#define KM_LOG_EVENTS 256 /* reported denials kept per CPU; a power of two */
#define KM_BANK 8	  /* images that one schedule can name, the present one included */
#define KM_IMAGE_SLOTS 16 /* two banks */
#define KM_LINE 64	  /* bytes of a line of the image: a cache line */
#define KM_CUT_LOGS 16	  /* rings for the events of connections that user space cut */
#define KM_CLAIMS 4096	  /* revocations under way at a time */
#define KM_ARRIVALS 512	  /* sources let in that are kept per CPU until the daemon reads them; a power of two */
#define KM_SEEN 8192	  /* sources that the daemon remembers */

/* Address family as an index. */
enum km_family { KM_V4, KM_V6, KM_FAMILIES };

/* An address as numbers: word[0] is the most significant. IPv4 sits in word[0], the others are 0. */
struct km_ip {
	__u32 word[4];
};

/*
 * Every way a connection is decided, in the order of the counters: name in C, name in events, JSON and metrics, and
 * who can cause it: ALLOW and DENY are counted by this version, LATER is reserved.
 */
#define KM_REASON_LIST(X)                                  \
	X(ALLOWED, "allowed", ALLOW)                       \
	X(ALLOWED_FAILSAFE, "allowed_failsafe", ALLOW)     \
	X(DENIED_SOURCE, "denied_source", DENY)            \
	X(REVOKED, "revoked", DENY)                        \
	X(DENIED_RATE, "denied_rate", LATER)               \
	X(DENIED_LOCAL, "denied_local", LATER)             \
	X(DENIED_LISTEN, "denied_listen", LATER)           \
	X(DENIED_EGRESS, "denied_egress", LATER)           \
	X(DENIED_PLAINTEXT, "denied_plaintext", LATER)     \
	X(DENIED_TLS_VERSION, "denied_tls_version", LATER) \
	X(DENIED_TLS_CIPHER, "denied_tls_cipher", LATER)   \
	X(DENIED_MARTIAN, "denied_martian", DENY)          \
	X(ERROR, "error", DENY)

enum km_reason {
#define KM_REASON_ENUM(id, name, kind) KM_##id,
	KM_REASON_LIST(KM_REASON_ENUM)
#undef KM_REASON_ENUM
		KM_REASONS
};

/* What became of it. KM_AUDIT: would have been refused, but the service is in audit mode. */
enum km_verdict { KM_ALLOW, KM_DENY, KM_AUDIT, KM_VERDICTS };

#define KM_REASONS_ROOM 16 /* columns of the counters, KM_REASONS used */

/* Value of the per-CPU map `counters`, indexed by slot. Only ever grows; exact: one context writes it at a time. */
struct km_counters {
	__u64 count[KM_VERDICTS][KM_REASONS_ROOM];
#ifdef KM_LAYOUT_TEST
	__u64 another_layout[8];
#endif
};

/*
 * A reported denial. The low half of `seq` counts the events of one CPU from 1, the high half is km_event_check(). It
 * is written last, and 0 while the record is being written. Whose check does not fit was read half-written: a barrier
 * that the programs could use came after the oldest kernel, and arm64 shows stores in any order.
 */
struct km_event {
	__u64 seq;
	__u64 time;	  /* CLOCK_BOOTTIME, ns */
	__u64 generation; /* of the image that decided */
	struct km_ip source;
	struct km_ip destination;
	__u16 source_port;
	__u16 port;   /* the guarded port */
	__u8 family;  /* enum km_family */
	__u8 slot;    /* of the service, in the map `names` */
	__u8 verdict; /* enum km_verdict: KM_DENY or KM_AUDIT */
	__u8 reason;  /* enum km_reason */
#ifdef KM_LAYOUT_TEST
	__u8 reserved[128];
#else
	__u8 reserved[64]; /* of local events: pid, uid, comm, cgroup */
#endif
};

/* Of everything between `seq` and `reserved`. */
static __inline__ __u32 km_event_check(const struct km_event *event)
{
	const __u64 *word = (const __u64 *)event;
	__u64 sum = 0;

	for (unsigned i = 1; i < __builtin_offsetof(struct km_event, reserved) / sizeof(*word); i++)
		sum = (sum + word[i]) * 0x9e3779b97f4a7c15ull;
	return sum >> 32;
}

/* Value of the map `denials`, indexed by CPU: written by that CPU alone, mapped read-only by any number of readers. */
struct km_log {
	__u64 head; /* events written; event n (from 1) is in event[(n - 1) % KM_LOG_EVENTS] */
	__u64 reserved[7];
	struct km_event event[KM_LOG_EVENTS];
};

/* Value of the socket storage `marks`. */
enum km_mark_kind {
	KM_MARK_GUARDED = 1, /* a listener that our lookup led to, or accepted by one */
	KM_MARK_OWN = 2,     /* connected from here, with a guarded port number as its source port */
};

struct km_mark {
	__u32 kind;
	__u32 revoked; /* the packet layer has claimed its revocation, or found it claimed */
};

/*
 * Key of the map `claims`. A connection that a policy refuses is met by two: the packet layer, at its next packet, and
 * user space, which looks for it. Whoever inserts its claim first (BPF_NOEXIST) counts and reports it.
 */
struct km_claim {
	struct km_ip source, destination;
	__u64 generation; /* of the policy that refuses it */
	__u16 source_port, port;
	__u8 family;
	__u8 reserved[3]; /* 0 */
};

/* The one value of the map `cuts`: what user space counts and reports of revoked connections, under the writers' lock.
 */
struct km_cuts {
	__u64 revoked[KM_SLOTS];				/* only ever grows */
	__u64 carried[KM_SLOTS][KM_VERDICTS * KM_REASONS_ROOM]; /* counted by programs of another layout */
	struct km_log log[KM_CUT_LOGS]; /* filled in turn, so that they hold KM_CUT_LOGS * KM_LOG_EVENTS events */
};

/* A source that was let in. Also the key of the map `seen`, whose value is the CLOCK_BOOTTIME ns of its last arrival.
 */
struct km_arrival {
	struct km_ip source;
	__u16 port;  /* the guarded port */
	__u8 family; /* enum km_family */
	__u8 self;   /* as this host itself */
};

/* Value of the map `arrivals`, indexed by CPU: written by that CPU alone. */
struct km_arrivals {
	__u64 head; /* arrivals written; number n (from 0) is in arrival[n % KM_ARRIVALS] */
	struct km_arrival arrival[KM_ARRIVALS];
};

/*
 * The policy image: one value of one array map. A header, and behind it a power of two bytes, in lines of KM_LINE
 * bytes: the ports, then the sets' indexes and nodes. All offsets are in bytes from the first of these lines, so that
 * one mask bounds them; 0 is the ports'. The kernel programs read it, nothing writes it after it is in force.
 */

/*
 * IPv4 sets (bpf/set_v4.h has the drawing). A page has a word for each /17 of an /8: the offset of its line, with how
 * to read it in the bits that are 0 in such an offset, and whether the first address is in the set.
 */
#define KM_V4_ROOT 256
#define KM_V4_PAGE 512
#define KM_V4_INDEX (1u << 0)
#define KM_V4_BITS (1u << 1)
#define KM_V4_START (1u << 31)

/* Boundaries of 16 bits, the top one set; unused ones are 0xffff. */
#define KM_V4_WORDS 8
struct km_v4_line {
	__u64 boundaries[KM_V4_WORDS];
};

/*
 * A hash table of an IPv6 set, drawn with the rest of the set in bpf/set_v6.h. The slot of a key is at its home or
 * among the KM_V6_PROBES - 1 slots behind it, with no empty one before it.
 */
struct km_v6_table {
	__u64 multiplier; /* odd */
	__u32 slots;	  /* offset of the first */
	__u32 shift;	  /* 64 - log2 of the number of homes; 63 at most */
};

#define KM_V6_PROBES 32

/* The first slot to look for a key. */
static inline __u64 km_v6_home(const struct km_v6_table *table, __u64 key)
{
	return key * table->multiplier >> table->shift;
}

/* An IPv6 set. The network of an address is its upper 64 bits, the host its lower 64 bits. */
struct km_set_v6 {
	struct km_v6_table blocks;   /* of __u64, km_v6_block() | offset of a tree; 0: empty */
	struct km_v6_table networks; /* of struct km_v6_network */
	__u32 rest; /* offset of the tree over the upper 31 bits of what is in no slot; 0: all of that is out */
	__u32 reserved;
};

#define KM_V6_PLACE_BITS 31 /* a network is the number of its block, a /33, and a place in there */
#define KM_V6_PLACES (1u << KM_V6_PLACE_BITS)

/* The block of a network, its place 0. */
static inline __u64 km_v6_block(__u64 network)
{
	return network & ~(KM_V6_PLACES - 1ull);
}

#define KM_V6_KEYS 15
#define KM_V6_DEPTH 6 /* nodes on the longest path: 16^5 leaves are as many as the image has lines */

/*
 * A node of a tree over numbers of 31 bits. A key is the last number before a change, with KM_V6_KEY set; ascending;
 * unused ones are ~0. `link` of an inner node is the offset of its first child; n keys below a number lead on to child
 * n. `link` of a leaf is flags alone. The numbers up to the first key are in the set or, KM_V6_OUT, not; each key below
 * a number turns that round.
 */
struct km_v6_node {
	__u32 key[KM_V6_KEYS];
	__u32 link;
};

#define KM_V6_KEY 0x80000000u
#define KM_V6_LEAF (1u << 0)
#define KM_V6_OUT (1u << 31)
#define KM_V6_EXCEPTIONS 0x00ffff00u /* km_v6_exception_flag() of each number that is an exception; see `networks` */

/*
 * Which of the 16 flags in a leaf stands for a number of 31 bits. A search that meets a leaf with exceptions need not
 * go on if its own flag is not set.
 */
static inline __u32 km_v6_exception_flag(__u64 x)
{
	return 0x100u << ((__u32)(x * 0x9e3779b1u) >> 28);
}

/*
 * The exceptions in one network: hosts for which the answer of the leaf is to be turned round. `hosts` is 0 in an empty
 * slot; below KM_LINES_MAX_BYTES it is the offset of a tree; else there is one such host, itself with KM_V6_HOST
 * flipped.
 */
struct km_v6_network {
	__u64 network;
	__u64 hosts;
};

#define KM_V6_HOST (1ull << 63)
#define KM_V6_HOST_KEYS 7
#define KM_V6_HOST_DEPTH 8 /* 8^7 leaves are more than the image has lines */

/* As km_v6_node, for hosts, whose keys are all 64 bits. KM_V6_OUT: no exceptions up to the first key. */
struct km_v6_host_node {
	__u64 key[KM_V6_HOST_KEYS];
	__u32 link;
	__u32 reserved;
};

enum km_service_flags {
	KM_ENFORCE = 1 << 0,	  /* else audit */
	KM_DROP = 1 << 1,	  /* deny: drop, by the packet layer; else reset, by the lookup */
	KM_DENY_SELF = 1 << 2,	  /* the list says !@self */
	KM_PACKET_LAYER = 1 << 3, /* the packet layer is attached and covers every listener: it counts and drops */
};

struct km_service {
	__u16 flags; /* enum km_service_flags */
	__u16 slot;  /* row of counters and names */
} __attribute__((aligned(4)));

/*
 * What the lookup leaves for the packet layer (bpf/note.h). Written for every connection, so it holds what the lookup
 * has at hand: the source as it judged it, destination and the source's port as they came, in network byte order. Of an
 * IPv6 destination the lower half: it has no say in a verdict but by km_is_strange(), which the packet layer asks of
 * the packet itself.
 */
struct km_note {
	__u64 source[2];    /* its halves; of IPv4 addresses one */
	__be64 destination; /* km_note_destination() */
	__be16 source_port;
	__u16 port;
	struct km_service service;
	__u64 generation;
	__u32 what; /* KM_NOTE(), or KM_NOTE_NONE */
	__u32 reserved;
};

/* The one value of the per-CPU map `cpus`: what a verdict leaves there. Together, so that it is looked up once. */
struct km_cpu {
	struct km_note note;
	/* The limiter of the CPU's events. */
	__u64 jiffies;	  /* when the clock was last read */
	__u64 second;	  /* start of the running second, CLOCK_BOOTTIME ns */
	__u64 used;	  /* events of the running second */
	__u64 suppressed; /* denials counted but not reported, because of events.per_second */
};

#define KM_SET_FAILSAFE KM_SERVICES  /* sources that no list refuses */
#define KM_SET_OWN (KM_SERVICES + 1) /* this host's own addresses */
#define KM_SET_SPECIAL \
	(KM_SERVICES + 2) /* both, and loopback: a source that no list names is refused at once if not here */
#define KM_SETS (KM_SERVICES + 3)

/* The sources of a service, or one of the sets above. Side by side: a verdict takes them all from one address. */
struct km_set {
	__u32 v4[KM_V4_ROOT]; /* top 8 bits: offset of a page; 0: none in the set */
	struct km_set_v6 v6;
	struct km_service service; /* 0 in sets that are no service's */
	__u32 reserved;
};

/*
 * From `at` on the image in that slot of `images` is in force, daemon or not: what `until` and a trial of a policy
 * need. Slots 1 to 7 are one bank, 9 to 15 the other: a new schedule is written into the bank that the present one does
 * not name, slot 0 last.
 */
struct km_deadline {
	__u64 at;   /* CLOCK_BOOTTIME, ns; 0: none */
	__u32 slot; /* of `images`; never 0 */
	__u32 reserved;
};

#define KM_IMAGE_MAGIC 0x6b6d6f74 /* "kmot" */

struct km_image {
	__u32 magic;
	__u32 lines; /* in use, behind this header */
	__u64 generation;
	__u32 events_per_second; /* per CPU */
	__u32 reserved[11];
	struct km_deadline schedule[KM_BANK - 1]; /* of the image in slot 0: ascending, unused ones 0 */
	__u8 port_page[256];			  /* port >> 8: page below; page 0 guards nothing */
	struct km_set set[KM_SETS];
	__u8 port[][256]; /* page, port & 255: number of the service + 1; 0: not guarded */
};

_Static_assert(sizeof(struct km_image) % KM_LINE == 0, "the lines behind the header are lines of the cache");

/*
 * The ports that programs look at, by their lower bits; all that is guarded is among them. A constant of the programs,
 * so that what goes to another port is done with before anything is looked up. An image that guards a port which the
 * programs do not watch takes other programs.
 */
#define KM_WATCHED 4096 /* a power of two */
struct km_watched {
	__u8 port[KM_WATCHED];
};

#define KM_WATCHED_SECTION ".rodata.ports" /* and the name of its map */

static inline __u32 km_watched_index(__u32 port)
{
	return port & (KM_WATCHED - 1);
}

/* Powers of two. Any guarded port must be within the smallest. */
#define KM_LINES_MIN_BYTES (32u << 10)
#define KM_LINES_MAX_BYTES (64u << 20)

/* Size of an image with so many bytes of lines. */
#define KM_IMAGE_BYTES(lines) ((__u32)sizeof(struct km_image) + (lines))

/*
 * Of its map's value: a line more, so that one mask bounds every read. What it lets through begins in the lines, and
 * nothing that is read at once is longer than a line.
 */
#ifdef KM_LAYOUT_TEST
#define KM_IMAGE_PAD (2 * KM_LINE)
#else
#define KM_IMAGE_PAD KM_LINE
#endif
#define KM_IMAGE_ROOM(lines) (KM_IMAGE_BYTES(lines) + KM_IMAGE_PAD)

#endif
