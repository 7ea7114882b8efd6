/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "cleanup.h"
#include "daemon/request.h"
#include "policy/addr.h"
#include "report/say.h"

#define BACKLOG 128 /* a burst of clients that are accepted one at a time */

struct client {
	TAILQ_ENTRY(client) link;
	struct km_http *http;
	struct bufferevent *stream;
	struct event *deadline;
	struct km_request request;
	bool answered, ended; /* by us: all is in the output buffer; by the client: nothing more comes */
};

struct km_http {
	struct event_base *base;
	km_http_page *page;
	void *context;
	struct km_endpoint endpoint;
	struct event *accepting;		 /* NULL: not listening */
	bool failed;				 /* said so */
	TAILQ_HEAD(client_list, client) clients; /* oldest first */
	unsigned count;
};

static const struct {
	unsigned status;
	const char *phrase, *advice;
} statuses[] = {
	{200, "OK", ""},
	{400, "Bad Request", "this is not HTTP/1\n"},
	{404, "Not Found", "there are /metrics, /healthz and /readyz\n"},
	{405, "Method Not Allowed", "only GET and HEAD are answered\n"},
	{431, "Request Header Fields Too Large", "the header of the request is too large\n"},
	{500, "Internal Server Error", ""},
	{503, "Service Unavailable", ""},
	{505, "HTTP Version Not Supported", "HTTP/1.0 and HTTP/1.1 are spoken here\n"},
};

static void drop(struct client *client)
{
	int fd = bufferevent_getfd(client->stream);

	TAILQ_REMOVE(&client->http->clients, client, link);
	client->http->count--;
	bufferevent_free(client->stream);
	/* Not by libevent, which would do so some events later: a place that is free is free. */
	close(fd);
	event_free(client->deadline);
	free(client);
}

/* By a reset: what the client has not read is not kept for it by the kernel either. */
static void throw_out(struct client *client)
{
	static const struct linger at_once = {.l_onoff = 1};

	setsockopt(bufferevent_getfd(client->stream), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	drop(client);
}

/* The page, or what a refused request is told. Its status; 500 where there is no memory. */
static unsigned write_page(struct client *client, unsigned status, const char **type, char **body, size_t *size)
{
	FILE *out = open_memstream(body, size);

	*type = "text/plain; charset=utf-8";
	if (!out)
		return 500;
	if (status == 200)
		status = client->http->page(client->http->context, client->request.path, type, out);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			fputs(statuses[i].advice, out);
	return fclose(out) ? 500 : status;
}

static const char *phrase_of(unsigned status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].phrase;
	return "Unknown";
}

static void answer(struct client *client, unsigned status)
{
	struct evbuffer *output = bufferevent_get_output(client->stream);
	KM_AUTO_FREE char *body = NULL;
	time_t now = time(NULL);
	size_t size = 0;
	const char *type;
	struct tm tm;
	char date[64];

	status = write_page(client, status, &type, &body, &size);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	client->answered = true;
	if (evbuffer_add_printf(output,
				"HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
				"Connection: close\r\n\r\n",
				status, phrase_of(status), date, type, size,
				status == 405 ? "Allow: GET, HEAD\r\n" : "") < 0 ||
	    (!client->request.head && evbuffer_add(output, body, size)))
		drop(client);
}

static void on_read(struct bufferevent *stream, void *context)
{
	struct client *client = context;
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t size = evbuffer_get_length(input);
	unsigned status;

	if (!client->answered) {
		status = km_request_read(&client->request, (const char *)evbuffer_pullup(input, -1), size);
		if (!status)
			return;
		answer(client, status);
		return;
	}
	/* A body, or a second request: closing over it would reset the connection and take the answer with it. */
	evbuffer_drain(input, size);
}

static void on_written(struct bufferevent *stream, void *context)
{
	struct client *client = context;

	if (client->ended)
		drop(client);
	else if (client->answered)
		shutdown(bufferevent_getfd(stream), SHUT_WR);
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
	struct client *client = context;

	client->ended = true;
	if (!(what & BEV_EVENT_EOF) || !evbuffer_get_length(bufferevent_get_output(stream)))
		drop(client);
}

static void on_deadline(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	throw_out(context);
}

/* Takes over fd. What there is no memory for is closed. */
static void add_client(struct km_http *http, int fd)
{
	static const struct timeval deadline = {.tv_sec = KM_HTTP_SECONDS};
	struct bufferevent *stream = bufferevent_socket_new(http->base, fd, 0);
	struct client *client = calloc(1, sizeof(*client));
	struct event *timer = event_new(http->base, -1, 0, on_deadline, client);

	if (!client || !stream || !timer || bufferevent_enable(stream, EV_READ) || event_add(timer, &deadline)) {
		if (stream)
			bufferevent_free(stream);
		if (timer)
			event_free(timer);
		free(client);
		close(fd);
		return;
	}
	*client = (struct client){.http = http, .stream = stream, .deadline = timer};
	bufferevent_setcb(stream, on_read, on_written, on_end, client);
	bufferevent_setwatermark(stream, EV_READ, 0, KM_REQUEST_MAX);
	TAILQ_INSERT_TAIL(&http->clients, client, link);
	http->count++;
}

static void on_accept(int fd, short what, void *context)
{
	struct km_http *http = context;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (client < 0) {
		/* Out of descriptors, or of memory: the connection still waits and would call again at once. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			event_del(http->accepting);
		return;
	}
	if (http->count == KM_HTTP_CLIENTS)
		throw_out(TAILQ_FIRST(&http->clients));
	add_client(http, client);
}

static socklen_t socket_address(const struct km_endpoint *endpoint, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;

	memset(address, 0, sizeof(*address));
	if (endpoint->family == KM_V4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(endpoint->port);
		km_ip_to_bytes(KM_V4, endpoint->ip, &v4->sin_addr);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(endpoint->port);
	km_ip_to_bytes(KM_V6, endpoint->ip, &v6->sin6_addr);
	return sizeof(*v6);
}

/* A listening socket, or -errno. [::] is every address of both families. */
static int open_socket(const struct km_endpoint *endpoint)
{
	struct sockaddr_storage address;
	socklen_t length = socket_address(endpoint, &address);
	KM_AUTO_CLOSE int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int yes = 1, no = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    (endpoint->family == KM_V6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no))) ||
	    bind(fd, (struct sockaddr *)&address, length) || listen(fd, BACKLOG))
		return -errno;
	return KM_TAKE_FD(fd);
}

static void stop_listening(struct km_http *http)
{
	if (!http->accepting)
		return;
	close(event_get_fd(http->accepting));
	event_free(http->accepting);
	http->accepting = NULL;
}

static int start_listening(struct km_http *http)
{
	KM_AUTO_CLOSE int fd = open_socket(&http->endpoint);

	if (fd < 0)
		return fd;
	http->accepting = event_new(http->base, fd, EV_READ | EV_PERSIST, on_accept, http);
	if (!http->accepting)
		return -ENOMEM;
	KM_TAKE_FD(fd);
	return 0;
}

void km_http_listen(struct km_http *http, const struct km_endpoint *endpoint)
{
	char text[KM_ENDPOINT_TEXT];
	int r;

	if (!km_endpoint_equal(&http->endpoint, endpoint)) {
		stop_listening(http);
		http->endpoint = *endpoint;
		http->failed = false;
	}
	if (!http->accepting && endpoint->port) {
		r = start_listening(http);
		if (!r)
			km_say("metrics: listening on %s", km_endpoint_format(endpoint, text));
		else if (!http->failed)
			km_say("metrics: cannot listen on %s (%s), trying again; the guard does not need it. Free that "
			       "port or choose another metrics.listen",
			       km_endpoint_format(endpoint, text), strerror(-r));
		http->failed = r;
	}
	if (http->accepting)
		event_add(http->accepting, NULL);
}

int km_http_new(struct event_base *base, km_http_page *page, void *context, struct km_http **http, struct km_err *err)
{
	struct km_http *new = calloc(1, sizeof(*new));

	if (!new)
		return km_fail(err, ENOMEM, "metrics: no memory to serve them");
	*new = (struct km_http){.base = base, .page = page, .context = context};
	TAILQ_INIT(&new->clients);
	*http = new;
	return 0;
}

void km_http_free(struct km_http *http)
{
	if (!http)
		return;
	while (!TAILQ_EMPTY(&http->clients))
		drop(TAILQ_FIRST(&http->clients));
	stop_listening(http);
	free(http);
}
