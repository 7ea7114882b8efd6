/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/kept_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "cleanup.h"

#define LINE_ROOM 160
#define HASH_BYTES 32
#define HASH_TEXT (2 * HASH_BYTES + 1)
#define FIRST_LINE "kubemoat-policy 1 "

static const char *hash_format(const unsigned char hash[HASH_BYTES], char text[HASH_TEXT])
{
	for (unsigned i = 0; i < HASH_BYTES; i++)
		sprintf(text + 2 * i, "%02x", hash[i]);
	return text;
}

static bool hash_parse(const char *text, unsigned char hash[HASH_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < 2 * HASH_BYTES; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return false;
		hash[i / 2] = (i % 2 ? hash[i / 2] << 4 : 0) | (digit - digits);
	}
	return !text[2 * HASH_BYTES];
}

/* A stream on its way out. */
struct sink {
	FILE *stream;
	int error; /* the first, -errno */
	struct sha256_ctx sha;
};

static void put(struct sink *sink, const void *bytes, size_t size)
{
	if (!sink->error && fwrite(bytes, 1, size, sink->stream) != size)
		sink->error = -errno;
	sha256_update(&sink->sha, size, bytes);
}

__attribute__((format(printf, 2, 3))) static void put_text(struct sink *sink, const char *format, ...)
{
	char line[LINE_ROOM];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	put(sink, line, strlen(line));
}

static void put_file(struct sink *sink, const struct km_file *file)
{
	char contents[24] = "-";

	if (file->bytes)
		snprintf(contents, sizeof(contents), "%zu", file->size);
	put_text(sink, "file %zu %zu %s %u %u\n", strlen(file->name), strlen(file->path), contents, file->line,
		 file->column);
	put(sink, file->name, strlen(file->name));
	put(sink, file->path, strlen(file->path));
	if (file->bytes)
		put(sink, file->bytes, file->size);
	put_text(sink, "\n");
}

int km_kept_format_write(FILE *stream, const struct km_bundle *bundle, uint64_t generation)
{
	struct sink sink = {.stream = stream};
	struct sha256_ctx sealed;
	unsigned char hash[HASH_BYTES];
	char text[HASH_TEXT];

	for (unsigned i = 0; i < bundle->count; i++)
		if (bundle->files[i].trouble)
			return -EINVAL;
	sha256_init(&sink.sha);
	put_text(&sink, FIRST_LINE "%" PRIu64 " %u %s\n", generation, bundle->count, hash_format(bundle->hash, text));
	for (unsigned i = 0; i < bundle->count; i++)
		put_file(&sink, &bundle->files[i]);
	/* A copy: what is put from here on goes into a digest that nobody takes. */
	sealed = sink.sha;
	sha256_digest(&sealed, SHA256_DIGEST_SIZE, hash);
	put_text(&sink, "sha256 %s\n", hash_format(hash, text));
	if (!sink.error && fflush(stream))
		sink.error = -errno;
	return sink.error;
}

/* A stream on its way in, never beyond its size. */
struct feed {
	FILE *stream;
	uint64_t left;
	struct sha256_ctx sha;
	const char *damage; /* the first that was found */
};

static int damaged(struct feed *feed, const char *what)
{
	if (!feed->damage)
		feed->damage = what;
	return -EBADMSG;
}

static int take(struct feed *feed, void *bytes, uint64_t size)
{
	if (size > feed->left || fread(bytes, 1, size, feed->stream) != size)
		return damaged(feed, "it ends too early");
	feed->left -= size;
	sha256_update(&feed->sha, size, bytes);
	return 0;
}

/* A line, its newline left out. */
static int take_line(struct feed *feed, char line[LINE_ROOM])
{
	for (unsigned i = 0; i < LINE_ROOM; i++) {
		int r = take(feed, &line[i], 1);

		if (r)
			return r;
		if (line[i] == '\n') {
			line[i] = '\0';
			return 0;
		}
	}
	return damaged(feed, "it has a line that is too long");
}

/* The next `size` bytes, malloc'ed, with a NUL behind them. */
static int take_bytes(struct feed *feed, uint64_t size, char **bytes)
{
	KM_AUTO_FREE char *buffer = NULL;
	int r;

	if (size > feed->left)
		return damaged(feed, "it ends too early");
	buffer = malloc(size + 1);
	if (!buffer)
		return -ENOMEM;
	r = take(feed, buffer, size);
	if (r)
		return r;
	buffer[size] = '\0';
	*bytes = KM_TAKE_PTR(buffer);
	return 0;
}

static int take_parts(struct feed *feed, struct km_file *file)
{
	uint64_t name, path, contents = 0;
	char line[LINE_ROOM], size[24];
	int end = -1, r;

	r = take_line(feed, line);
	if (r)
		return r;
	sscanf(line, "file %" SCNu64 " %" SCNu64 " %23s %u %u%n", &name, &path, size, &file->line, &file->column, &end);
	if (end < 0 || line[end] || (strcmp(size, "-") && sscanf(size, "%" SCNu64, &contents) != 1))
		return damaged(feed, "the line before a file is malformed");
	r = take_bytes(feed, name, &file->name);
	if (!r)
		r = take_bytes(feed, path, &file->path);
	if (!r && strcmp(size, "-"))
		r = take_bytes(feed, contents, &file->bytes);
	file->size = contents;
	if (!r)
		r = take_line(feed, line);
	return !r && line[0] ? damaged(feed, "a file is longer than said") : r;
}

static int take_file(struct feed *feed, struct km_bundle *bundle)
{
	struct km_file file = {0};
	int r = take_parts(feed, &file);

	if (!r)
		r = km_bundle_add(bundle, &file);
	if (r >= 0)
		return 0;
	free(file.name);
	free(file.path);
	free(file.bytes);
	return r;
}

static int take_first_line(struct feed *feed, uint64_t *generation, unsigned *files, unsigned char hash[HASH_BYTES])
{
	char line[LINE_ROOM], text[HASH_TEXT];
	int end = -1, r = take_line(feed, line);

	if (r)
		return r;
	sscanf(line, FIRST_LINE "%" SCNu64 " %u %64s%n", generation, files, text, &end);
	if (end < 0 || line[end] || !hash_parse(text, hash))
		return damaged(feed, "its first line is none of this version's");
	return 0;
}

/* The last line, and that it fits all before it. */
static int take_seal(struct feed *feed)
{
	unsigned char actual[HASH_BYTES], expected[HASH_BYTES];
	struct sha256_ctx sha = feed->sha;
	char line[LINE_ROOM];
	int r;

	sha256_digest(&sha, SHA256_DIGEST_SIZE, actual);
	r = take_line(feed, line);
	if (r)
		return r;
	if (strncmp(line, "sha256 ", 7) || !hash_parse(line + 7, expected) || memcmp(actual, expected, HASH_BYTES))
		return damaged(feed, "its bytes have changed since it was written");
	return feed->left ? damaged(feed, "something follows its last line") : 0;
}

int km_kept_format_read(FILE *stream, uint64_t size, struct km_bundle *bundle, uint64_t *generation,
			const char **damage)
{
	struct feed feed = {.stream = stream, .left = size};
	struct km_bundle read = {0};
	uint64_t number;
	unsigned files;
	int r;

	sha256_init(&feed.sha);
	r = take_first_line(&feed, &number, &files, read.hash);
	for (unsigned i = 0; !r && i < files; i++)
		r = take_file(&feed, &read);
	if (!r)
		r = take_seal(&feed);
	if (r) {
		km_bundle_free(&read);
		*damage = feed.damage;
		return r;
	}
	/* By today's rule: an older version may have made the hash of the first line by another. */
	km_bundle_hash(&read);
	*bundle = read;
	*generation = number;
	return 0;
}

int km_kept_format_hash(FILE *stream, unsigned char hash[HASH_BYTES])
{
	struct feed feed = {.stream = stream, .left = LINE_ROOM};
	uint64_t generation;
	unsigned files;

	sha256_init(&feed.sha);
	return take_first_line(&feed, &generation, &files, hash);
}
