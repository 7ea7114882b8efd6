/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KM_BPFFS_H
#define KM_BPFFS_H

#include <stdbool.h>

/*
 * True if the BPF file system mounted there is known to be another than the one that a process above this one has
 * there: then it goes with this mount namespace, and every pin in it. False also where that cannot be seen (a pod
 * without the host's processes).
 */
bool km_bpffs_private(const char *path);

#endif
