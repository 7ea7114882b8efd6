/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/request.h"

#include <ctype.h>
#include <string.h>

enum { OK = 200, BAD_REQUEST = 400, NOT_ALLOWED = 405, TOO_LARGE = 431, VERSION_NOT_SUPPORTED = 505 };

struct span {
	const char *at;
	size_t size;
};

static bool is(struct span span, const char *text)
{
	return span.size == strlen(text) && !memcmp(span.at, text, span.size);
}

/* Cuts off what comes before the separator, which is dropped. False if there is none. */
static bool cut(struct span *rest, char separator, struct span *part)
{
	const char *end = memchr(rest->at, separator, rest->size);

	if (!end)
		return false;
	*part = (struct span){rest->at, end - rest->at};
	rest->size -= part->size + 1;
	rest->at = end + 1;
	return true;
}

static bool next_line(struct span *rest, struct span *line)
{
	if (!cut(rest, '\n', line))
		return false;
	if (line->size && line->at[line->size - 1] == '\r')
		line->size--;
	return true;
}

/* A method or the name of a field, RFC 9110 5.6.2. */
static bool is_token(struct span span)
{
	for (size_t i = 0; i < span.size; i++)
		if (!isalnum((unsigned char)span.at[i]) && !memchr("!#$%&'*+-.^_`|~", span.at[i], 15))
			return false;
	return span.size > 0;
}

static unsigned check_version(struct span version)
{
	if (version.size != 8 || memcmp(version.at, "HTTP/", 5) || !isdigit((unsigned char)version.at[5]) ||
	    version.at[6] != '.' || !isdigit((unsigned char)version.at[7]))
		return BAD_REQUEST;
	return version.at[5] == '1' ? OK : VERSION_NOT_SUPPORTED;
}

/* From "/path?query", or from the form that proxies use, "http://host/path". */
static bool take_path(struct span target, char path[KM_REQUEST_PATH])
{
	struct span before;

	if (target.size > 7 && !memcmp(target.at, "http://", 7)) {
		target = (struct span){target.at + 7, target.size - 7};
		if (!cut(&target, '/', &before))
			return false;
		target = (struct span){target.at - 1, target.size + 1};
	}
	if (!target.size || *target.at != '/')
		return false;
	if (cut(&target, '?', &before))
		target = before;
	if (target.size >= KM_REQUEST_PATH)
		target.size = 0;
	memcpy(path, target.at, target.size);
	path[target.size] = '\0';
	return true;
}

static unsigned parse(struct km_request *request, const char *bytes)
{
	struct span rest = {bytes, request->seen}, line = {bytes}, method, target, name;
	unsigned status;

	if (!next_line(&rest, &line) || !cut(&line, ' ', &method) || !cut(&line, ' ', &target) || !is_token(method))
		return BAD_REQUEST;
	status = check_version(line);
	if (status != OK)
		return status;
	while (next_line(&rest, &line) && line.size)
		if (!cut(&line, ':', &name) || !is_token(name) || memchr(line.at, '\r', line.size))
			return BAD_REQUEST;
	request->head = is(method, "HEAD");
	if (!request->head && !is(method, "GET"))
		return NOT_ALLOWED;
	return take_path(target, request->path) ? OK : BAD_REQUEST;
}

unsigned km_request_read(struct km_request *request, const char *bytes, size_t size)
{
	size_t end = size < KM_REQUEST_MAX ? size : KM_REQUEST_MAX;

	while (request->seen < end) {
		unsigned char byte = (unsigned char)bytes[request->seen++];

		if (byte == '\n') {
			if (!request->in_line)
				return parse(request, bytes);
			request->in_line = false;
		} else if (byte != '\r') {
			/* A TLS client says so with its first byte, rather than once it has given up waiting. */
			if ((byte < ' ' && byte != '\t') || byte == 0x7f)
				return BAD_REQUEST;
			request->in_line = true;
		}
	}
	return request->seen == KM_REQUEST_MAX ? TOO_LARGE : 0;
}
