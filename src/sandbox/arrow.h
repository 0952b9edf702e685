/* Arrow IPC stream writer (format of databricks-api.md 4.6): metadata V5, 8-byte alignment,
 * validity always there, lengths recorded without padding, no body compression; LZ4 frames around
 * the whole stream. */
#ifndef AAMPE_SANDBOX_ARROW_H
#define AAMPE_SANDBOX_ARROW_H

#include "sandbox/vector.h"

struct sandbox_arrow_field {
    const char *name;
    struct sandbox_type type;
    bool nullable;
};

/* Each appends one encapsulated message. 0, or -1 when the buffer is at its maximum. */
int sandbox_arrow_schema(const struct sandbox_arrow_field *fields, size_t count,
                         const char *time_zone, struct buf *out);
int sandbox_arrow_batch(const struct sandbox_batch *batch, struct buf *out);
int sandbox_arrow_end(struct buf *out);
/* One LZ4 frame of 4 MiB independent blocks without content size; small: block and content
 * checksums too. */
int sandbox_lz4_frame(const void *data, size_t len, bool small, struct buf *out);

#endif
