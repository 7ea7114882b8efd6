/* SPDX-License-Identifier: BSD-2-Clause */
/* The mode and the ports of a service, as text. */
#ifndef KM_REPORT_PORTS_H
#define KM_REPORT_PORTS_H

#include "kernel/book.h"

#define KM_PORTS_TEXT (KM_PORTS * 6 + 2)

/* "2379,2380"; "-" without any. Returns `text`. */
const char *km_ports_format(const struct km_name_row *row, char text[KM_PORTS_TEXT]);

/* "enforce" or "audit"; of a service that is out of the file, its last. */
const char *km_row_mode(const struct km_name_row *row);

#endif
