/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a policy as they are now: configuration, and the lists it names, into a bundle. */
#ifndef KM_SOURCE_H
#define KM_SOURCE_H

#include "error.h"
#include "policy/bundle.h"

#define KM_FILE_MAX (256u << 20) /* a larger file has trouble "is larger than 256 MiB" */

/*
 * Reads what `config_path` (a file, or a directory that holds kubemoat.yaml) leads to. What is wrong with single files
 * is in their `trouble` (missing, directory, FIFO, device, symlink loop, unreadable, too large, changed while it was
 * read), worded to follow a file's name: "is a directory: put a regular file in its place"; nothing here blocks. A path
 * of the configuration that does not exist at all is "no file": 0 with files[0] absent; so is a directory without
 * kubemoat.yaml. Each file is read at one size, and all at one state of a
 * ..data link beside the configuration (a ConfigMap volume); memory never exceeds the size of the files.
 * Lists are relative to the configuration's directory. Without a configuration no list is read.
 * 0, or -errno with *err (memory, a path too long).
 */
int km_source_read(const char *config_path, struct km_bundle *bundle, struct km_err *err);

/* One file into memory with the same care: *bytes malloc'ed, or *trouble malloc'ed and *bytes NULL. 0 or -ENOMEM. */
int km_source_read_file(const char *path, char **bytes, size_t *size, char **trouble);

#endif
