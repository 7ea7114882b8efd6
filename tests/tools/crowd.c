// SPDX-License-Identifier: BSD-2-Clause
/*
 * Many clients at once that do not behave. Each connects and sends its text, `\r` and `\n` in it meaning what they
 * mean in C; then it does what the options say until it was closed or the time is over. Once all were closed it ends;
 * with --again a new one takes the place of each, until the time is over. At the end, as one JSON object:
 *
 *   connections  made in all      closed  by the server      open  at the end
 *   longest_ms   that a connection lasted      bytes  sent in all
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"

#define CLIENTS_MAX 1024
#define STEP_MS 50

struct plan {
	struct endpoint peer;
	char *text;
	size_t size;
	bool slow, endless, deaf, again;
};

struct client {
	int fd;	       /* -1: closed */
	int64_t since; /* it is connected; 0: not yet */
	size_t sent;
};

struct tally {
	unsigned long connections, closed, open, bytes;
	int64_t longest;
};

/* In place; the size, which may count NULs. */
static size_t unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (from[0] == '\\' && (from[1] == 'r' || from[1] == 'n'))
			*to++ = *++from == 'r' ? '\r' : '\n';
		else
			*to++ = *from;
	}
	return to - text;
}

static void start(const struct plan *plan, struct client *client, struct tally *tally)
{
	client->fd = socket(plan->peer.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (client->fd < 0)
		err(1, "socket");
	client->sent = 0;
	client->since = 0;
	if (plan->deaf)
		set_option(client->fd, SOL_SOCKET, SO_RCVBUF, 1, "SO_RCVBUF");
	if (!connect(client->fd, &plan->peer.any, plan->peer.length) || errno == EINPROGRESS) {
		tally->connections++;
		return;
	}
	/* No port is free so soon after the last ones. */
	if (errno != EADDRNOTAVAIL)
		err(1, "connect");
	close(client->fd);
	client->fd = -1;
}

static void end(struct client *client, struct tally *tally, unsigned long *how)
{
	int64_t lasted = client->since ? now_ms() - client->since : 0;

	if (lasted > tally->longest)
		tally->longest = lasted;
	(*how)++;
	close(client->fd);
	client->fd = -1;
}

/* What is next to be sent of the text: all, a byte a step, or the last line of it over and over. */
static void speak(const struct plan *plan, struct client *client, struct tally *tally)
{
	static char more[65536];
	const char *bytes = plan->text + client->sent;
	size_t size = plan->size - client->sent;
	ssize_t sent;

	if (!size && plan->endless) {
		memset(more, 'a', sizeof(more));
		bytes = more;
		size = sizeof(more);
	}
	sent = size ? send(client->fd, bytes, plan->slow ? 1 : size, MSG_NOSIGNAL) : 0;
	if (sent <= 0)
		return;
	tally->bytes += sent;
	if (bytes != more)
		client->sent += sent;
}

static bool was_closed(const struct plan *plan, struct client *client, short events)
{
	char bytes[65536];
	ssize_t got;

	if (events & (POLLERR | POLLHUP))
		return true;
	if (plan->deaf || !(events & POLLIN))
		return false;
	got = recv(client->fd, bytes, sizeof(bytes), 0);
	return got == 0 || (got < 0 && errno != EAGAIN);
}

static void run(const struct plan *plan, unsigned count, unsigned seconds)
{
	static struct client clients[CLIENTS_MAX];
	static struct pollfd polls[CLIENTS_MAX];
	int64_t over = now_ms() + seconds * 1000LL;
	struct tally tally = {0};

	for (unsigned i = 0; i < count; i++)
		start(plan, &clients[i], &tally);
	while (now_ms() < over && (plan->again || tally.closed < tally.connections)) {
		/* Whoever has something to say would be woken at once, again and again: a slow one speaks once a step.
		 */
		bool quick = (plan->endless || plan->again) && !plan->slow;

		for (unsigned i = 0; i < count; i++)
			polls[i] = (struct pollfd){
				.fd = clients[i].fd,
				.events = (plan->deaf ? 0 : POLLIN) | (quick || !clients[i].since ? POLLOUT : 0),
			};
		poll(polls, count, STEP_MS);
		for (unsigned i = 0; i < count; i++) {
			if (clients[i].fd < 0) {
				if (plan->again)
					start(plan, &clients[i], &tally);
				continue;
			}
			if (was_closed(plan, &clients[i], polls[i].revents)) {
				end(&clients[i], &tally, &tally.closed);
				continue;
			}
			if (!clients[i].since && polls[i].revents & POLLOUT)
				clients[i].since = now_ms();
			speak(plan, &clients[i], &tally);
		}
		if (plan->slow)
			usleep(STEP_MS * 1000);
	}
	for (unsigned i = 0; i < count; i++)
		if (clients[i].fd >= 0)
			end(&clients[i], &tally, &tally.open);
	printf("{\"connections\":%lu,\"closed\":%lu,\"open\":%lu,\"longest_ms\":%lld,\"bytes\":%lu}\n",
	       tally.connections, tally.closed, tally.open, (long long)tally.longest, tally.bytes);
}

static void usage(FILE *out)
{
	fputs("usage: crowd [OPTION]... COUNT SECONDS TEXT ADDRESS:PORT        (SECONDS at most)\n"
	      "  --slow     a byte of the text every 50 ms\n"
	      "  --endless  letters without end after the text\n"
	      "  --deaf     reads nothing\n"
	      "  --again    a new client for each that was closed\n",
	      out);
}

int main(int argc, char **argv)
{
	enum { SLOW = 1, ENDLESS, DEAF, AGAIN };
	static const struct option options[] = {
		{"slow", 0, NULL, SLOW},   {"endless", 0, NULL, ENDLESS}, {"deaf", 0, NULL, DEAF},
		{"again", 0, NULL, AGAIN}, {"help", 0, NULL, 'h'},	  {NULL},
	};
	struct plan plan = {0};
	int o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (o) {
		case SLOW:
			plan.slow = true;
			break;
		case ENDLESS:
			plan.endless = true;
			break;
		case DEAF:
			plan.deaf = true;
			break;
		case AGAIN:
			plan.again = true;
			break;
		default:
			usage(o == 'h' ? stdout : stderr);
			return o == 'h' ? 0 : 2;
		}
	}
	if (optind + 4 != argc) {
		usage(stderr);
		return 2;
	}
	plan.text = argv[optind + 2];
	plan.size = unescape(plan.text);
	plan.peer = endpoint(argv[optind + 3]);
	run(&plan, number("COUNT", argv[optind], CLIENTS_MAX), number("SECONDS", argv[optind + 1], 3600));
	return 0;
}
