/* Certificates of --tls: a CA of its own and a leaf for loopback. Private to the room. */
#ifndef AAMPE_SANDBOX_TLS_H
#define AAMPE_SANDBOX_TLS_H

#include "base/err.h"

/* PEM texts, malloc'd. The CA's key is thrown away. now_us: wall clock. */
int sandbox_tls_make(int64_t now_us, char **ca, char **certificate, char **key,
                     struct err *err) must_check;

#endif
