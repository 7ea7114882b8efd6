/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/bundle.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

int km_bundle_add(struct km_bundle *bundle, const struct km_file *file)
{
	struct km_file *files = reallocarray(bundle->files, bundle->count + 1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	bundle->files = files;
	files[bundle->count] = *file;
	return (int)bundle->count++;
}

int km_bundle_find(const struct km_bundle *bundle, const char *name)
{
	for (unsigned i = 1; i < bundle->count; i++)
		if (!strcmp(bundle->files[i].name, name))
			return (int)i;
	return -1;
}

/* A part goes in with its kind and length, so that no two bundles feed the hash the same bytes. */
static void hash_part(struct sha256_ctx *sha, char kind, const void *data, uint64_t size)
{
	unsigned char length[8];

	for (unsigned i = 0; i < sizeof(length); i++)
		length[i] = size >> (56 - 8 * i);
	sha256_update(sha, 1, (const unsigned char *)&kind);
	sha256_update(sha, sizeof(length), length);
	sha256_update(sha, size, data);
}

void km_bundle_hash(struct km_bundle *bundle)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	for (unsigned i = 0; i < bundle->count; i++) {
		const struct km_file *file = &bundle->files[i];

		hash_part(&sha, 'n', file->name, strlen(file->name));
		if (file->trouble)
			hash_part(&sha, 't', file->trouble, strlen(file->trouble));
		else if (file->bytes)
			hash_part(&sha, 'b', file->bytes, file->size);
	}
	sha256_digest(&sha, SHA256_DIGEST_SIZE, bundle->hash);
}

void km_bundle_free(struct km_bundle *bundle)
{
	for (unsigned i = 0; i < bundle->count; i++) {
		struct km_file *file = &bundle->files[i];

		free(file->name);
		free(file->path);
		free(file->bytes);
		free(file->trouble);
	}
	free(bundle->files);
	*bundle = (struct km_bundle){0};
}
