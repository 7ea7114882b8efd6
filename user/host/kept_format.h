/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bundle as one file. Text lines around raw bytes, so that a person can read and mend it; the last line is the
 * SHA-256 of all before it:
 *
 *	kubemoat-policy 1 GENERATION FILES BUNDLE-HASH
 *	file NAME-BYTES PATH-BYTES CONTENT-BYTES|- LINE COLUMN	(then name, path and contents, and a newline)
 *	sha256 HEX
 */
#ifndef KM_KEPT_FORMAT_H
#define KM_KEPT_FORMAT_H

#include <stdint.h>
#include <stdio.h>

#include "policy/bundle.h"

/* Writes it from the start of the stream. 0; -EINVAL: a file has trouble; or -errno. */
int km_kept_format_write(FILE *stream, const struct km_bundle *bundle, uint64_t generation);

/* Reads what `size` bytes of the stream hold. 0, -ENOMEM, or -EBADMSG with what is wrong in *damage (static text). */
int km_kept_format_read(FILE *stream, uint64_t size, struct km_bundle *bundle, uint64_t *generation,
			const char **damage);

/* The hash of the bundle as its first line says, unchecked. 0 or -EBADMSG. */
int km_kept_format_hash(FILE *stream, unsigned char hash[32]);

#endif
