// SPDX-License-Identifier: BSD-2-Clause
/*
 * A client that says in one word what became of its connection: it connects, sends a payload and waits until as many
 * bytes have come back.
 *
 *   served BYTES   the answer came        refused   reset instead of a connection
 *   timeout        nothing came           reset     reset after the connection stood
 *   closed         ended without answer   else      the name of the errno
 *   late           as good, but a packet was lost (of many connections)
 *
 * Exit 0 if served, else 1. Many connections (--count, --stream) print their numbers as one JSON object.
 */
#include <errno.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define PARALLEL_MAX 256
#define OUTCOMES 16

struct plan {
	struct endpoint peer;
	struct endpoint source; /* length 0: the kernel's choice */
	const char *device;
	const char *payload;
	size_t payload_size;
	unsigned timeout;    /* ms */
	unsigned ip_options; /* words of 4 bytes */
	bool freebind, mptcp, fastopen, extension_headers, quick_close;
};

struct attempt {
	int fd;
	bool connected;
	size_t got;
	int64_t deadline; /* ms */
};

struct tally {
	const char *outcome;
	unsigned long count;
};

static const char *errno_name(int code)
{
	switch (code) {
	case ECONNREFUSED:
		return "refused";
	case ECONNRESET:
	case EPIPE:
		return "reset";
	case ETIMEDOUT:
		return "timeout";
	default:
		return strerrorname_np(code);
	}
}

/* Headers that carry nothing and have to be skipped by whoever looks for the port. */
static void pad_headers(int fd, const struct plan *plan)
{
	unsigned char nops[40];
	const unsigned char padded[8] = {0, 0, 1, 4, 0, 0, 0, 0}; /* next header, length, PadN of 6 bytes */

	memset(nops, 1, sizeof(nops));
	if (plan->ip_options && setsockopt(fd, IPPROTO_IP, IP_OPTIONS, nops, plan->ip_options * 4))
		err(1, "IP options");
	if (plan->extension_headers && (setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, padded, sizeof(padded)) ||
					setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, padded, sizeof(padded))))
		err(1, "IPv6 extension headers");
}

/* NULL and a connection on its way, or the outcome at once. */
static const char *attempt_start(const struct plan *plan, struct attempt *a)
{
	int fd = socket(plan->peer.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, plan->mptcp ? IPPROTO_MPTCP : 0);
	struct linger hard = {.l_onoff = 1};
	ssize_t result;

	if (fd < 0)
		err(1, "socket");
	*a = (struct attempt){.fd = fd, .deadline = now_ms() + plan->timeout};
	if (plan->freebind)
		set_option(fd, IPPROTO_IP, IP_FREEBIND, 1, "IP_FREEBIND");
	if (plan->quick_close)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	if (plan->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, plan->device, strlen(plan->device)))
		err(1, "device %s", plan->device);
	if (plan->source.length && plan->source.v4.sin_port)
		set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	pad_headers(fd, plan);
	if (plan->source.length && bind(fd, &plan->source.any, plan->source.length))
		return errno_name(errno);
	if (plan->fastopen) {
		/* Without a cookie: servers that ask for none take the data of the SYN. */
		set_option(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1, "TCP_FASTOPEN_NO_COOKIE");
		result = sendto(fd, plan->payload, plan->payload_size, MSG_FASTOPEN | MSG_NOSIGNAL, &plan->peer.any,
				plan->peer.length);
	} else {
		result = connect(fd, &plan->peer.any, plan->peer.length);
	}
	return result >= 0 || errno == EINPROGRESS ? NULL : errno_name(errno);
}

/* NULL while it goes on, else the outcome. */
static const char *attempt_step(const struct plan *plan, struct attempt *a, short events)
{
	socklen_t size = sizeof(int);
	char bytes[4096];
	ssize_t n;
	int code = 0;

	if (!a->connected) {
		if (!(events & (POLLOUT | POLLERR | POLLHUP)))
			return NULL;
		if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &code, &size))
			code = errno;
		if (code)
			return errno_name(code);
		a->connected = true;
		if (!plan->fastopen && plan->payload_size &&
		    send(a->fd, plan->payload, plan->payload_size, MSG_NOSIGNAL) < 0)
			return errno_name(errno);
	}
	while (a->got < plan->payload_size) {
		n = recv(a->fd, bytes, sizeof(bytes), 0);
		if (n < 0)
			return errno == EAGAIN ? NULL : errno_name(errno);
		if (n == 0)
			return a->got ? "served" : "closed";
		a->got += n;
	}
	return "served";
}

static void count(struct tally tally[OUTCOMES], const char *outcome)
{
	int i = 0;

	while (tally[i].outcome && strcmp(tally[i].outcome, outcome))
		if (++i == OUTCOMES)
			errx(1, "more outcomes than expected: %s", outcome);
	tally[i].outcome = outcome;
	tally[i].count++;
}

static int print_tally(const struct tally tally[OUTCOMES])
{
	unsigned long total = 0, served = 0;

	putchar('{');
	for (int i = 0; i < OUTCOMES && tally[i].outcome; i++) {
		printf("\"%s\":%lu,", tally[i].outcome, tally[i].count);
		total += tally[i].count;
		if (!strcmp(tally[i].outcome, "served"))
			served = tally[i].count;
	}
	printf("\"total\":%lu}\n", total);
	return total && served == total ? 0 : 1;
}

/* What became of it, unless a packet had to be sent again: on a network of cables that means that one was dropped. */
static const char *unless_late(const struct attempt *a, const char *outcome)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	if (strcmp(outcome, "timeout") && !getsockopt(a->fd, IPPROTO_TCP, TCP_INFO, &info, &size) &&
	    info.tcpi_total_retrans)
		return "late";
	return outcome;
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* `total` connections, or as many as fit in `seconds`, or until SIGTERM; `parallel` at a time. */
static int many(const struct plan *plan, unsigned long total, unsigned seconds, unsigned parallel)
{
	static struct attempt attempts[PARALLEL_MAX];
	struct pollfd polls[PARALLEL_MAX];
	struct tally tally[OUTCOMES] = {0};
	int64_t end = now_ms() + seconds * 1000LL;
	unsigned long started = 0;
	unsigned running = 0;

	for (unsigned i = 0; i < parallel; i++)
		attempts[i].fd = -1;
	for (;;) {
		for (unsigned i = 0; i < parallel; i++) {
			struct attempt *a = &attempts[i];
			const char *outcome;

			if (a->fd < 0 && !stopped && (seconds ? now_ms() < end : started < total)) {
				started++;
				running++;
				outcome = attempt_start(plan, a);
				if (outcome) {
					count(tally, outcome);
					close(a->fd);
					a->fd = -1;
					running--;
				}
			}
			polls[i] = (struct pollfd){.fd = a->fd, .events = a->connected ? POLLIN : POLLOUT};
		}
		if (!running && (stopped || (seconds ? now_ms() >= end : started >= total)))
			return print_tally(tally);
		if (poll(polls, parallel, 20) < 0 && errno != EINTR)
			err(1, "poll");
		for (unsigned i = 0; i < parallel; i++) {
			struct attempt *a = &attempts[i];
			const char *outcome = NULL;

			if (a->fd < 0)
				continue;
			if (polls[i].revents)
				outcome = attempt_step(plan, a, polls[i].revents);
			if (!outcome && now_ms() >= a->deadline)
				outcome = "timeout";
			if (outcome) {
				count(tally, unless_late(a, outcome));
				close(a->fd);
				a->fd = -1;
				running--;
			}
		}
	}
}

/* Waits for the end of this attempt. */
static const char *finish(const struct plan *plan, struct attempt *a)
{
	const char *outcome = NULL;

	while (!outcome) {
		struct pollfd p = {.fd = a->fd, .events = a->connected ? POLLIN : POLLOUT};
		int64_t left = a->deadline - now_ms();

		if (left <= 0 || poll(&p, 1, left) == 0)
			return "timeout";
		outcome = attempt_step(plan, a, p.revents);
	}
	return outcome;
}

static bool print_outcome(const char *outcome, size_t got)
{
	bool served = !strcmp(outcome, "served");

	if (served)
		printf("served %zu\n", got);
	else
		puts(outcome);
	fflush(stdout);
	return served;
}

/* One connection; with `hold` it stays, and says the payload again for each line of standard input. */
static int one(const struct plan *plan, bool hold)
{
	struct attempt a;
	const char *outcome = attempt_start(plan, &a);
	char line[64];
	bool served;

	if (!outcome)
		outcome = finish(plan, &a);
	served = print_outcome(outcome, a.got);
	while (hold && served && fgets(line, sizeof(line), stdin)) {
		a.got = 0;
		a.deadline = now_ms() + plan->timeout;
		if (send(a.fd, plan->payload, plan->payload_size, MSG_NOSIGNAL) < 0)
			outcome = errno_name(errno);
		else
			outcome = finish(plan, &a);
		served = print_outcome(outcome, a.got);
	}
	close(a.fd);
	return served ? 0 : 1;
}

static void usage(FILE *out)
{
	fputs("usage: client [OPTION]... ADDRESS:PORT\n"
	      "  --bind ADDRESS[:PORT]  source address; --freebind: also one that is not this host's\n"
	      "  --dev DEVICE           bound to that device\n"
	      "  --payload TEXT         what to send and expect back (hello); empty: connecting is enough\n"
	      "  --timeout MS           wait that long (5000)\n"
	      "  --count N              that many connections, numbers as JSON\n"
	      "  --stream SECONDS       connections for that long or until SIGTERM, numbers as JSON\n"
	      "  --parallel N           that many at a time (1)\n"
	      "  --hold                 keep it; the payload again for each line of standard input\n"
	      "  --mptcp, --fastopen    Multipath TCP; the payload in the SYN\n"
	      "  --ip-options WORDS     IPv4 header longer by that many words (10 at most)\n"
	      "  --extension-headers    IPv6 hop-by-hop and destination options\n",
	      out);
}

int main(int argc, char **argv)
{
	enum { BIND = 1, DEV, PAYLOAD, TIMEOUT, COUNT, STREAM, PARALLEL, HOLD, MPTCP, FASTOPEN, FREEBIND, IPOPT, EXT };
	static const struct option options[] = {
		{"bind", 1, NULL, BIND},
		{"dev", 1, NULL, DEV},
		{"payload", 1, NULL, PAYLOAD},
		{"timeout", 1, NULL, TIMEOUT},
		{"count", 1, NULL, COUNT},
		{"stream", 1, NULL, STREAM},
		{"parallel", 1, NULL, PARALLEL},
		{"hold", 0, NULL, HOLD},
		{"mptcp", 0, NULL, MPTCP},
		{"fastopen", 0, NULL, FASTOPEN},
		{"freebind", 0, NULL, FREEBIND},
		{"ip-options", 1, NULL, IPOPT},
		{"help", 0, NULL, 'h'},
		{"extension-headers", 0, NULL, EXT},
		{NULL},
	};
	struct plan plan = {.payload = "hello", .timeout = 5000};
	unsigned long total = 0;
	unsigned seconds = 0, parallel = 1;
	bool hold = false;
	int o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (o) {
		case BIND:
			plan.source = endpoint(optarg);
			break;
		case DEV:
			plan.device = optarg;
			break;
		case PAYLOAD:
			plan.payload = optarg;
			break;
		case TIMEOUT:
			plan.timeout = number("--timeout", optarg, 3600000);
			break;
		case COUNT:
			total = number("--count", optarg, 100000000);
			break;
		case STREAM:
			seconds = number("--stream", optarg, 3600);
			break;
		case PARALLEL:
			parallel = number("--parallel", optarg, PARALLEL_MAX);
			break;
		case IPOPT:
			plan.ip_options = number("--ip-options", optarg, 10);
			break;
		case HOLD:
			hold = true;
			break;
		case MPTCP:
			plan.mptcp = true;
			break;
		case FASTOPEN:
			plan.fastopen = true;
			break;
		case FREEBIND:
			plan.freebind = true;
			break;
		case EXT:
			plan.extension_headers = true;
			break;
		default:
			usage(o == 'h' ? stdout : stderr);
			return o == 'h' ? 0 : 2;
		}
	}
	if (optind + 1 != argc || !parallel) {
		usage(stderr);
		return 2;
	}
	plan.peer = endpoint(argv[optind]);
	plan.payload_size = strlen(plan.payload);
	plan.quick_close = total || seconds;
	if (seconds)
		signal(SIGTERM, stop);
	return total || seconds ? many(&plan, total, seconds, parallel) : one(&plan, hold);
}
