/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes a policy is made of: kubemoat.yaml and the allowlists it names, as they were read. Filled by host/source
 * (from files) or host/kept (from the kept copy); read by policy. Pure data.
 */
#ifndef KM_BUNDLE_H
#define KM_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/diag.h"

struct km_file {
	char *name;  /* what messages call it: "etcd.allow" as written in the configuration, or the configuration's path
		      */
	char *path;  /* where it was read from */
	char *bytes; /* contents, not NUL-terminated; NULL if `trouble` */
	size_t size;
	char *trouble;	       /* NULL, or why it could not be read ("No such file or directory", "is a directory") */
	unsigned line, column; /* where file 0 names this list; 0: nowhere, it is a default name */
};

/* Zero-initialise. files[0] is the configuration (absent: name set, bytes NULL, trouble NULL); each list once. */
struct km_bundle {
	struct km_file *files;
	unsigned count;
	unsigned char hash[32]; /* SHA-256 over names and contents; of files with trouble over the trouble */
};

/* Appends a file that takes over the strings given (each malloc'ed or NULL). Its index, or -ENOMEM (nothing taken). */
int km_bundle_add(struct km_bundle *bundle, const struct km_file *file);
/* Index of the list with that name, or -1. Never 0. */
int km_bundle_find(const struct km_bundle *bundle, const char *name);
/* Computes `hash` from the rest. */
void km_bundle_hash(struct km_bundle *bundle);
void km_bundle_free(struct km_bundle *bundle);

#endif
