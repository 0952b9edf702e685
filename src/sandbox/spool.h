/* Finished batches of a large result, moved from memory into an unnamed file that is mapped back.
 */
#ifndef AAMPE_SANDBOX_SPOOL_H
#define AAMPE_SANDBOX_SPOOL_H

#include "sandbox/vector.h"

#include "base/vec.h"

struct sandbox_spool {
    int fd; /* 0: not opened yet */
    int64_t len;
    vec_of(struct sandbox_spool_map {
        void *at;
        size_t len;
    }) maps;
};

/* The batch's buffers become borrowed ones. -1: the file cannot be made or grown; the batch is as
 * it was. */
int sandbox_spool_batch(struct sandbox_spool *spool, struct sandbox_batch *batch);
void sandbox_spool_close(struct sandbox_spool *spool);

#endif
