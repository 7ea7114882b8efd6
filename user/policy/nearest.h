/* SPDX-License-Identifier: BSD-2-Clause */
/* The known word that was probably meant, for messages about an unknown one. Pure. */
#ifndef KM_NEAREST_H
#define KM_NEAREST_H

/* A search over candidates that the caller offers one by one. Initialise with the word as typed: {.word = word}. */
struct km_nearest {
	const char *word;
	const char *best;  /* the nearest candidate so far, the first of equals; NULL before the first */
	unsigned distance; /* letters to insert, remove, replace or swap with the next, from word to best */
};

/* Letters count without case. `candidate` must outlive the search. */
void km_nearest_offer(struct km_nearest *search, const char *candidate);

#endif
