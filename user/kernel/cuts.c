/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/cuts.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cleanup.h"
#include "kernel/event.h"

int km_cut_books_open(const struct km_pins *pins, struct km_cut_books *books, struct km_err *err)
{
	KM_AUTO_CLOSE int claims = km_pins_get(pins, KM_PIN_CLAIMS, err);
	KM_AUTO_CLOSE int map = -1;
	struct km_cuts *cuts;

	if (claims < 0)
		return claims;
	map = km_pins_get(pins, KM_PIN_CUTS, err);
	if (map < 0)
		return map;
	cuts = mmap(NULL, sizeof(*cuts), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (cuts == MAP_FAILED)
		return km_fail(err, errno, "map '" KM_PIN_CUTS "' cannot be mapped: %s", strerror(errno));
	*books = (struct km_cut_books){.cuts = cuts, .claims = KM_TAKE_FD(claims)};
	return 0;
}

void km_cut_books_close(struct km_cut_books *books)
{
	if (!books->cuts)
		return;
	munmap(books->cuts, sizeof(*books->cuts));
	close(books->claims);
	books->cuts = NULL;
}

bool km_cut_claim(const struct km_cut_books *books, const struct km_claim *claim)
{
	const uint32_t one = 1;

	/* Without memory for the claim it may be counted twice rather than not at all. */
	return !bpf_map_update_elem(books->claims, claim, &one, BPF_NOEXIST) || errno != EEXIST;
}

void km_cut_disclaim(const struct km_cut_books *books, const struct km_claim *claim)
{
	bpf_map_delete_elem(books->claims, claim);
}

/* The ring whose turn it is: the first that has fewer events than the one before it. */
static struct km_log *next_log(struct km_cuts *cuts)
{
	for (size_t i = 1; i < KM_CUT_LOGS; i++)
		if (cuts->log[i].head < cuts->log[i - 1].head)
			return &cuts->log[i];
	return &cuts->log[0];
}

void km_cut_count(const struct km_cut_books *books, const struct km_event *event)
{
	km_event_write(next_log(books->cuts), event);
	__atomic_fetch_add(&books->cuts->revoked[event->slot % KM_SLOTS], 1, __ATOMIC_RELAXED);
}
