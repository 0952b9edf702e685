/* Arrow IPC streams: one downloaded chunk is one complete stream (schema, batches, end). Format:
 * arrow.apache.org/docs/format/Columnar.html, "Encapsulated message format"; accepted are
 * metadata versions V4 and V5, little endian, with continuation words, body buffers plain, LZ4
 * frames or zstd. Refused by name (TYPE_UNSUPPORTED): unions, run-end encoded, views,
 * dictionary-encoded fields, older framing. */
#ifndef AAMPE_COLUMNAR_ARROW_H
#define AAMPE_COLUMNAR_ARROW_H

#include "columnar/array.h"

struct columnar_chunk;

/* Opens a chunk. `take` must come from malloc; it belongs to the chunk from here on, also when
 * this fails. lz4: the whole body is a sequence of LZ4 frames (manifest.result_compression
 * LZ4_FRAME), empty ones included; it is decoded here, piece by piece under the caps. limits may
 * be NULL (defaults). Errors: SRC_CHUNK_CORRUPT (says what and where), SRC_CHUNK_SHORT (ends
 * inside a message), LIMIT_EXCEEDED, TYPE_UNSUPPORTED (column named), TEXT_INVALID (a column
 * name that is not UTF-8), HOST_MEMORY. */
int columnar_arrow_open(uint8_t *take, size_t len, bool lz4, const struct columnar_limits *limits,
                        struct columnar_chunk **out, struct err *err) must_check;
void columnar_arrow_free(struct columnar_chunk **chunk);

const struct columnar_schema *columnar_arrow_schema(const struct columnar_chunk *chunk);
/* Next batch: 1 and *batch (valid until the next call or free), 0 at the end, -1 with err.
 * Batches of no rows are yielded too. Values are not yet judged (UTF-8, ranges): the writer does
 * that while it encodes. */
int columnar_arrow_next(struct columnar_chunk *chunk, const struct columnar_batch **batch,
                        struct err *err) must_check;
/* Rows of the batches yielded so far; after the end: of the chunk. */
int64_t columnar_arrow_rows(const struct columnar_chunk *chunk);
/* Bytes held now: the (decompressed) stream and the current batch's decompressed buffers. */
size_t columnar_arrow_memory(const struct columnar_chunk *chunk);

#endif
