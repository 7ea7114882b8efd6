/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guard uses of the kernel's BPF where it is there, and does without where not. Found out by trying. */
#ifndef KM_FEATURES_H
#define KM_FEATURES_H

#include <stdbool.h>

/* cgroup_skb programs cannot ask for a packet's network namespace (bpf_get_netns_cookie). False: they can, or this
 * process may not ask. */
bool km_lacks_netns_cookie(void);

/* A map value ends at 4 MiB. False: it does not, or this process may not ask. */
bool km_lacks_large_maps(void);

#endif
