/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as kubemoat.yaml: the parser ends, every message is one line at a place inside the file, and a file without
 * an error means what the rest of the program relies on.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/addr.h"
#include "policy/config.h"
#include "policy/yaml_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Bytes of a line, its end not counted, or false if the file has no such line. */
static bool line_length(const char *bytes, size_t size, unsigned line, size_t *length)
{
	const char *at = bytes + km_yaml_text_mark(bytes, size), *end = bytes + size, *newline;

	for (; line > 1; line--) {
		newline = memchr(at, '\n', end - at);
		if (!newline)
			return false;
		at = newline + 1;
	}
	newline = memchr(at, '\n', end - at);
	*length = (newline ? newline : end) - at;
	return true;
}

static void check_diag(const struct km_diag *diag, const char *bytes, size_t size)
{
	size_t length;

	require(diag->file == 0 && diag->line >= 1 && diag->column >= 1);
	require(line_length(bytes, size, diag->line, &length) && diag->column <= length + 1);
	require(diag->message[0]);
	for (const char *p = diag->message; *p; p++)
		require(!iscntrl((unsigned char)*p));
}

static void check_service(const struct km_config *config, unsigned i, bool guarded[65536])
{
	const struct km_config_service *service = &config->services[i];
	size_t n = strlen(service->name);

	require(n && strspn(service->name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n);
	for (unsigned j = 0; j < i; j++)
		require(strcmp(config->services[j].name, service->name) != 0);
	require(service->port_count && service->port_count <= KM_PORTS);
	for (unsigned p = 0; p < service->port_count; p++) {
		require(service->ports[p] >= 1 && service->ports[p] <= 65535 && !guarded[service->ports[p]]);
		guarded[service->ports[p]] = true;
	}
	require(!service->drop || config->packet_layer);
	for (unsigned l = 0; l < service->list_count; l++)
		require(service->lists[l].name[0]);
}

static void check_config(const struct km_config *config)
{
	static bool guarded[65536];

	memset(guarded, 0, sizeof(guarded));
	require(config->service_count && config->service_count <= KM_SERVICES);
	for (unsigned i = 0; i < config->service_count; i++)
		check_service(config, i, guarded);
	for (unsigned i = 0; i < config->failsafe_count; i++) {
		const struct km_config_failsafe *f = &config->failsafe[i];

		require(f->len >= (f->family == KM_V4 ? 24 : 64) && f->len <= km_family_bits(f->family));
		require(!km_ip_compare(f->ip, km_ip_first(f->family, f->ip, f->len)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct km_file file = {.bytes = (char *)(uintptr_t)bytes, .size = size};
	struct km_config config;
	struct km_diags diags = {0};

	require(!km_config_parse(&file, &config, &diags));
	for (size_t i = 0; i < diags.count; i++)
		check_diag(&diags.list[i], file.bytes, size);
	if (!diags.errors)
		check_config(&config);
	km_diags_free(&diags);
	km_config_free(&config);
	return 0;
}
