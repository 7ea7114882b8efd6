/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small HTTP/1 server for a daemon that has better things to do: GET and HEAD, one request a connection. Whatever
 * clients do, it holds at most KM_HTTP_CLIENTS connections, each for at most KM_HTTP_SECONDS, with KM_REQUEST_MAX bytes
 * of what it sent and one page of what it gets. A further connection takes the place of the oldest.
 *
 * libevent's own server is not used: it neither limits the number of connections nor the time that a request may take.
 */
#ifndef KM_HTTP_H
#define KM_HTTP_H

#include <stdio.h>

#include <event2/event.h>

#include "error.h"
#include "policy/endpoint.h"

#define KM_HTTP_CLIENTS 16
#define KM_HTTP_SECONDS 5

/* Writes the page of that path, and its content type. Its HTTP status: 200, 404, 500 or 503. */
typedef unsigned km_http_page(void *context, const char *path, const char **type, FILE *out);

struct km_http;

/*
 * Listens nowhere yet. Its events have the lowest priority of `base`, which must outlive it, and each is done after one
 * connection or one request: with a second, higher priority whatever else waits comes in between. 0 or -ENOMEM with
 * *err.
 */
int km_http_new(struct event_base *base, km_http_page *page, void *context, struct km_http **http, struct km_err *err);
void km_http_free(struct km_http *http);

/*
 * Listens there and nowhere else, in the network namespace of the caller; with port 0 nowhere. What cannot be listened
 * on is said once; call again, every second or so, to try again: it is cheap where nothing has changed.
 */
void km_http_listen(struct km_http *http, const struct km_endpoint *endpoint);

#endif
