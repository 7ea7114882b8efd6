// SPDX-License-Identifier: BSD-2-Clause
/*
 * A TCP client made by hand on a packet socket: it can use any source address, and wrap its segments as no kernel
 * would. It handshakes, sends its payload and waits for as many bytes; or sends one segment and names the answer.
 *
 *   handshake   served BYTES | refused | reset | timeout       exit 0 if served, else 1
 *   one segment synack | ack | rst | timeout                    exit 0 if anything came back
 *
 * The source should be an address that nobody has, reached by a neighbour entry: else its owner answers too.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"
#include "segment.h"

struct wire {
	int fd;
	struct sockaddr_ll peer;
	struct wrapping wrapping;
	uint16_t id; /* of the next datagram */
};

struct answer {
	uint8_t flags; /* 0: none came */
	uint32_t sequence;
	size_t payload_size;
};

static struct wire wire_open(const char *device, const char *mac, int family)
{
	uint16_t protocol = htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	struct wire wire = {.fd = socket(AF_PACKET, SOCK_DGRAM, protocol), .id = getpid()};
	const struct ether_addr *peer = ether_aton(mac);

	if (wire.fd < 0)
		err(1, "packet socket");
	if (!peer)
		errx(2, "\"%s\" is no MAC address", mac);
	wire.peer = (struct sockaddr_ll){.sll_family = AF_PACKET,
					 .sll_protocol = protocol,
					 .sll_ifindex = if_nametoindex(device),
					 .sll_halen = ETH_ALEN};
	memcpy(wire.peer.sll_addr, peer, ETH_ALEN);
	if (!wire.peer.sll_ifindex || bind(wire.fd, (struct sockaddr *)&wire.peer, sizeof(wire.peer)))
		err(1, "device %s", device);
	return wire;
}

static void send_segment(struct wire *wire, const struct segment *s)
{
	static struct packet packets[PACKETS_MAX];
	size_t count = segment_wrap(s, &wire->wrapping, wire->id++, packets);

	for (size_t i = 0; i < count; i++)
		if (sendto(wire->fd, packets[i].bytes, packets[i].size, 0, (struct sockaddr *)&wire->peer,
			   sizeof(wire->peer)) < 0)
			err(1, "sending");
}

/* True if the packet answers `sent`: the same flow, the other way round. */
static bool answers(const struct segment *sent, const uint8_t *packet, size_t size, struct answer *answer)
{
	bool v4 = sent->source.any.sa_family == AF_INET;
	size_t bytes = address_size(&sent->source), header = v4 ? (packet[0] & 15) * 4 : 40, total;
	const uint8_t *from = packet + (v4 ? 12 : 8), *to = from + bytes, *tcp = packet + header;

	if (size < header + 20 || packet[v4 ? 9 : 6] != IPPROTO_TCP)
		return false;
	total = v4 ? packet[2] << 8 | packet[3] : 40 + (packet[4] << 8 | packet[5]);
	if (memcmp(from, address_bytes(&sent->destination), bytes) || memcmp(to, address_bytes(&sent->source), bytes) ||
	    memcmp(tcp, &sent->destination.v4.sin_port, 2) || memcmp(tcp + 2, &sent->source.v4.sin_port, 2))
		return false;
	*answer = (struct answer){.flags = tcp[13],
				  .sequence = get32(tcp + 4),
				  .payload_size = total - header - (tcp[12] >> 4) * 4};
	return true;
}

/* The next answer to `sent`, or flags 0 at the deadline. */
static struct answer receive(const struct wire *wire, const struct segment *sent, int64_t deadline)
{
	struct answer answer = {0};

	for (;;) {
		struct pollfd p = {.fd = wire->fd, .events = POLLIN};
		struct sockaddr_ll from;
		socklen_t length = sizeof(from);
		uint8_t packet[65536];
		int64_t left = deadline - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, left) == 0)
			return answer;
		n = recvfrom(wire->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &length);
		if (n > 0 && from.sll_pkttype != PACKET_OUTGOING && answers(sent, packet, n, &answer))
			return answer;
	}
}

static int single(struct wire *wire, const struct segment *s, int64_t deadline)
{
	struct answer answer;

	send_segment(wire, s);
	answer = receive(wire, s, deadline);
	if (!answer.flags)
		puts("timeout");
	else if (answer.flags & TCP_RST)
		puts("rst");
	else
		puts(answer.flags & TCP_SYN ? "synack" : "ack");
	return answer.flags ? 0 : 1;
}

static const char *handshake(struct wire *wire, struct segment *s, int64_t deadline, size_t *got)
{
	const char *payload = s->payload;
	size_t size = s->payload_size;
	struct answer answer;

	s->flags = TCP_SYN;
	s->payload_size = 0;
	send_segment(wire, s);
	answer = receive(wire, s, deadline);
	if (!answer.flags)
		return "timeout";
	if ((answer.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != (TCP_SYN | TCP_ACK))
		return "refused";
	s->sequence++;
	s->acknowledgement = answer.sequence + 1;
	s->flags = TCP_ACK | TCP_PSH;
	s->payload = payload;
	s->payload_size = size;
	send_segment(wire, s);
	while (*got < size) {
		answer = receive(wire, s, deadline);
		if (!answer.flags)
			return "timeout";
		if (answer.flags & TCP_RST)
			return "reset";
		*got += answer.payload_size;
	}
	s->flags = TCP_RST;
	s->sequence += size;
	s->payload_size = 0;
	send_segment(wire, s);
	return "served";
}

static uint8_t flags(const char *letters)
{
	static const char known[] = "FSRPA";
	uint8_t result = 0;

	for (; *letters; letters++) {
		const char *at = strchr(known, *letters);

		if (!at)
			errx(2, "flag %c: expected letters of %s", *letters, known);
		result |= 1 << (at - known);
	}
	return result;
}

static void usage(FILE *out)
{
	fputs("usage: rawsend --dev DEVICE --mac MAC [OPTION]... SOURCE:PORT DESTINATION:PORT\n"
	      "  --flags LETTERS    one segment with these flags (F S R P A) instead of a handshake\n"
	      "  --payload TEXT     (hello); in a single segment too\n"
	      "  --fastopen         with --flags S: the payload in the SYN, as TCP Fast Open\n"
	      "  --timeout MS       (5000)\n"
	      "  --ip-options WORDS longer IPv4 headers (10 at most)\n"
	      "  --extensions CHAIN IPv6 headers: letters h d r f\n"
	      "  --fragments        of 8 bytes; --reversed: last first; --overlapping: each repeats some of the next\n",
	      out);
}

int main(int argc, char **argv)
{
	enum { DEV = 1, MAC, FLAGS, PAYLOAD, FASTOPEN, TIMEOUT, IPOPT, EXT, FRAGMENTS, REVERSED, OVERLAPPING };
	static const struct option options[] = {
		{"dev", 1, NULL, DEV},
		{"mac", 1, NULL, MAC},
		{"flags", 1, NULL, FLAGS},
		{"payload", 1, NULL, PAYLOAD},
		{"fastopen", 0, NULL, FASTOPEN},
		{"timeout", 1, NULL, TIMEOUT},
		{"ip-options", 1, NULL, IPOPT},
		{"extensions", 1, NULL, EXT},
		{"fragments", 0, NULL, FRAGMENTS},
		{"reversed", 0, NULL, REVERSED},
		{"overlapping", 0, NULL, OVERLAPPING},
		{"help", 0, NULL, 'h'},
		{NULL},
	};
	struct segment segment = {.payload = "hello", .sequence = 1000000};
	struct wrapping wrapping = {.extensions = ""};
	const char *device = NULL, *mac = NULL, *outcome;
	unsigned timeout = 5000;
	struct wire wire;
	size_t got = 0;
	int o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (o) {
		case DEV:
			device = optarg;
			break;
		case MAC:
			mac = optarg;
			break;
		case FLAGS:
			segment.flags = flags(optarg);
			break;
		case PAYLOAD:
			segment.payload = optarg;
			break;
		case FASTOPEN:
			segment.fastopen = true;
			break;
		case TIMEOUT:
			timeout = number("--timeout", optarg, 3600000);
			break;
		case IPOPT:
			wrapping.option_words = number("--ip-options", optarg, 10);
			break;
		case EXT:
			wrapping.extensions = optarg;
			break;
		case FRAGMENTS:
			wrapping.fragments = true;
			break;
		case REVERSED:
			wrapping.reversed = true;
			break;
		case OVERLAPPING:
			wrapping.overlapping = true;
			break;
		default:
			usage(o == 'h' ? stdout : stderr);
			return o == 'h' ? 0 : 2;
		}
	}
	segment.payload_size = strlen(segment.payload);
	if (optind + 2 != argc || !device || !mac || segment.payload_size > 1000 || strlen(wrapping.extensions) > 8) {
		usage(stderr);
		return 2;
	}
	segment.source = endpoint(argv[optind]);
	segment.destination = endpoint(argv[optind + 1]);
	if (segment.source.any.sa_family != segment.destination.any.sa_family)
		errx(2, "source and destination are of different families");
	wire = wire_open(device, mac, segment.source.any.sa_family);
	wire.wrapping = wrapping;
	if (segment.flags)
		return single(&wire, &segment, now_ms() + timeout);
	outcome = handshake(&wire, &segment, now_ms() + timeout, &got);
	if (strcmp(outcome, "served")) {
		puts(outcome);
		return 1;
	}
	printf("served %zu\n", got);
	return 0;
}
