/* Damage to a chunk's Arrow stream, as switched on by faults. Private to the room. */
#ifndef AAMPE_SANDBOX_TAMPER_H
#define AAMPE_SANDBOX_TAMPER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* All work on one uncompressed Arrow IPC stream of our own writer. 0 or -1 when it is not one. */

/* rows > 0: the last record batch comes twice, < 0: it is left out; all: every one comes twice. */
int sandbox_tamper_batches(struct buf *stream, int64_t rows, bool all);
/* The column's name in the schema message gets another first letter. */
int sandbox_tamper_name(struct buf *stream, const char *column);
/* One byte flipped; at < 0: the middle. */
void sandbox_tamper_flip(struct buf *stream, int64_t at);
/* Plain bytes -> one LZ4 frame. */
int sandbox_tamper_lz4(struct buf *stream);

#endif
