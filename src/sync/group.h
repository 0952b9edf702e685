/* Pure functions over the chunks of a result manifest: do they tile the result, and how are they
 * cut into groups. */
#ifndef AAMPE_SYNC_GROUP_H
#define AAMPE_SYNC_GROUP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One chunk as the result manifest declares it. */
struct sync_chunk {
    int64_t index, row_offset, row_count;
    int64_t byte_count; /* a hint only: compressed in some recordings, plain in others; <= 0: not
                           known */
};

/* Consecutive chunks that become one row group. */
struct sync_group {
    size_t index;
    size_t first_chunk, chunk_count;
    int64_t first_row, rows;
    int64_t bytes;     /* declared or estimated bytes of Arrow */
    int64_t max_chunk; /* the largest of its chunks */
};

#define SYNC_CHUNKS_MAX ((size_t)1 << 20)
/* No chunk that is larger is taken, whatever a manifest says of it. */
#define SYNC_CHUNK_BYTES_MAX ((int64_t)1 << 30)

/* Rule 6 (ii) and (v) of reliability.md (c): `declared` chunks, numbered 0.., whose rows tile
 * 0..total_rows without gap or overlap. SRC_CHUNK_GAP where the tiling fails, SRC_ROWCOUNT_MISMATCH
 * where only the sum does. */
int sync_chunks_check(const struct sync_chunk *chunks, size_t count, int64_t declared,
                      int64_t total_rows, struct err *err) must_check;
/* Bytes of Arrow a chunk is taken to have: its byte_count, or an estimate from rows and columns; at
 * most SYNC_CHUNK_BYTES_MAX, so that sums and doubles of it do not overflow. */
int64_t sync_chunk_bytes(const struct sync_chunk *chunk, size_t columns);
/* Cuts before a group would exceed max_rows or max_bytes; a group has one chunk at least. Depends
 * on nothing but its arguments, so that a plan stored with them gives the same groups again.
 * Returns the number; *groups malloc'd. */
size_t sync_groups_cut(const struct sync_chunk *chunks, size_t count, size_t columns,
                       int64_t max_rows, int64_t max_bytes, struct sync_group **groups);

#endif
