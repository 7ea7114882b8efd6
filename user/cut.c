/* SPDX-License-Identifier: BSD-2-Clause */
#include "cut.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/clock.h"
#include "host/netns.h"
#include "kernel/cuts.h"
#include "policy/explain.h"

/* Ports of the services that refuse anybody at all. */
static size_t enforced_ports(const struct km_config *config, unsigned ports[KM_PORTS])
{
	size_t count = 0;

	for (unsigned i = 0; i < config->service_count; i++)
		for (unsigned j = 0; config->services[i].enforce && j < config->services[i].port_count; j++)
			if (count < KM_PORTS)
				ports[count++] = config->services[i].ports[j];
	return count;
}

int km_refused_find(const struct km_pins *pins, const struct km_policy *policy, const struct km_host *host,
		    bool standing, struct km_refused **list, size_t *count, struct km_err *err)
{
	KM_AUTO_CLOSE int marks = pins->dir < 0 ? -1 : km_pins_get(pins, KM_PIN_MARKS, err);
	KM_AUTO_FREE struct km_connection *connections = NULL;
	struct km_refused *refused;
	unsigned ports[KM_PORTS];
	size_t port_count = enforced_ports(&policy->config, ports), found = 0, kept = 0;
	int r;

	if (marks < 0 && pins->dir >= 0 && marks != -ENOENT)
		return marks;
	if (port_count) {
		r = km_connections_read(host->netns, ports, port_count, marks, &connections, &found, err);
		if (r)
			return r;
	}
	refused = calloc(found + 1, sizeof(*refused));
	if (!refused)
		return km_fail(err, ENOMEM, "no memory for %zu connections", found);
	for (size_t i = 0; i < found; i++) {
		const struct km_connection *c = &connections[i];
		int service = km_policy_service_of_port(policy, c->port);

		if (standing && (c->half_open || c->revoked))
			continue;
		if (km_explain_flow(policy, &host->facts, (unsigned)service, c->family, c->source, c->destination) ==
		    KM_DENIED_SOURCE)
			refused[kept++] = (struct km_refused){*c, (unsigned)service};
	}
	*list = refused;
	*count = kept;
	return 0;
}

/* Slot of the counters of that service. */
static unsigned slot_of(const struct km_name_row *rows, const char *name)
{
	for (unsigned i = 0; i < KM_SLOTS; i++)
		if (!strcmp(rows[i].name, name))
			return i;
	return 0;
}

/* Ends one and counts it, unless the packet layer has. 0 also where it had ended by itself. */
static int end(const struct km_cut_books *books, int diag, const struct km_refused *refused, uint64_t generation,
	       unsigned slot, size_t *cut)
{
	const struct km_connection *c = &refused->connection;
	const struct km_claim claim = {
		.source = c->source,
		.destination = c->destination,
		.generation = generation,
		.source_port = c->source_port,
		.port = c->port,
		.family = c->family,
	};
	bool ours = books->cuts && !c->revoked && km_cut_claim(books, &claim);
	int r = km_connection_end(diag, c);

	if (r) {
		if (ours)
			km_cut_disclaim(books, &claim);
		return r == -ENOENT ? 0 : r;
	}
	++*cut;
	if (ours)
		km_cut_count(books, &(struct km_event){
					    .time = (uint64_t)km_clock_boot(),
					    .generation = generation,
					    .source = c->source,
					    .destination = c->destination,
					    .source_port = c->source_port,
					    .port = c->port,
					    .family = c->family,
					    .slot = slot,
					    .verdict = KM_DENY,
					    .reason = KM_REVOKED,
				    });
	return 0;
}

static int end_all(const struct km_pins *pins, const struct km_policy *policy, const struct km_host *host,
		   const struct km_refused *list, size_t count, uint64_t generation, const struct km_name_row *rows,
		   size_t *cut, struct km_err *err)
{
	KM_AUTO_CLOSE int diag = km_netns_socket(host->netns, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, err);
	struct km_cut_books books = {0};
	int r;

	if (diag < 0)
		return diag;
	r = km_cut_books_open(pins, &books, err);
	if (r && r != -ENOENT)
		return r;
	r = 0;
	for (size_t i = 0; i < count && !r; i++) {
		const char *name = policy->config.services[list[i].service].name;

		r = end(&books, diag, &list[i], generation, slot_of(rows, name), cut);
	}
	km_cut_books_close(&books);
	if (r == -EOPNOTSUPP)
		return km_fail(err, EOPNOTSUPP,
			       "this kernel cannot end connections (CONFIG_INET_DIAG_DESTROY): %zu that are no longer "
			       "allowed %s",
			       count,
			       policy->config.packet_layer ? "stay, and the packet layer drops what they send"
							   : "go on; add packet to \"layers\"");
	return r ? km_fail(err, -r, "%zu of %zu connections that are no longer allowed cannot be ended: %s",
			   count - *cut, count, strerror(-r))
		 : 0;
}

int km_refused_cut(const struct km_pins *pins, const struct km_policy *policy, const struct km_host *host,
		   uint64_t generation, const struct km_name_row *rows, size_t *cut, struct km_err *err)
{
	KM_AUTO_FREE struct km_refused *list = NULL;
	size_t count = 0;
	int r = km_refused_find(pins, policy, host, false, &list, &count, err);

	*cut = 0;
	return r || !count ? r : end_all(pins, policy, host, list, count, generation, rows, cut, err);
}
