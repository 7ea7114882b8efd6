/* SPDX-License-Identifier: BSD-2-Clause */
/* File names, cgroups and the names of processes are bytes; JSON is UTF-8. Pure. */
#ifndef KM_UTF8_H
#define KM_UTF8_H

/* A malloc'ed copy with each byte that is not part of valid UTF-8 replaced by U+FFFD, or NULL: no memory. */
char *km_utf8(const char *bytes);

#endif
