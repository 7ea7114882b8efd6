/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4), to tell by a few bytes whether files are still the same. Pure. */
#ifndef KM_SHA256_H
#define KM_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define KM_SHA256_BYTES 32

struct km_sha256 {
	uint32_t state[8];
	uint64_t bytes; /* taken so far */
	unsigned char block[64];
};

void km_sha256_init(struct km_sha256 *sha);
void km_sha256_add(struct km_sha256 *sha, const void *data, size_t size);
/* The digest of all that was added; *sha is spent. */
void km_sha256_done(struct km_sha256 *sha, unsigned char digest[KM_SHA256_BYTES]);

#endif
