/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a server listens: ADDRESS:PORT, numeric. Pure. */
#ifndef KM_ENDPOINT_H
#define KM_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kubemoat.h"

struct km_endpoint {
	enum km_family family;
	struct km_ip ip;
	uint16_t port; /* 0: none */
};

#define KM_ENDPOINT_TEXT 64

/*
 * "127.0.0.1:9475" or "[::1]:9475", port 1 to 65535. 0, or -EINVAL with *err, whose text goes on after what was parsed:
 * "has no port; …".
 */
int km_endpoint_parse(const char *text, struct km_endpoint *endpoint, struct km_err *err);
/* The canonical text. Returns `text`. */
const char *km_endpoint_format(const struct km_endpoint *endpoint, char text[KM_ENDPOINT_TEXT]);
bool km_endpoint_equal(const struct km_endpoint *a, const struct km_endpoint *b);

#endif
