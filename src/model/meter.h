/* Numbers about work under way: how fast it goes, how long it may still take, and the map of its
 * chunks as a short text. Pure; the clock is the caller's. */
#ifndef AAMPE_MODEL_METER_H
#define AAMPE_MODEL_METER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows over the whole time of the work in at most METER_STEPS equal steps: when they are full, two
 * become one and a step is twice as long. So a picture of it changes at its end only. */
#define METER_STEPS 24
struct model_meter {
    int64_t began_us, step_us, total;
    size_t count; /* steps begun, the last one not over yet */
    int64_t rows[METER_STEPS];
};
void model_meter_start(struct model_meter *meter, int64_t now_us);
/* rows may be negative: what was counted is read once more. */
void model_meter_add(struct model_meter *meter, int64_t now_us, int64_t rows);
/* Rows a second of each step; the last one only once it has lasted a quarter of a step. Returns how
 * many. */
size_t model_meter_rates(const struct model_meter *meter, int64_t now_us, double out[METER_STEPS]);
double model_meter_mean(const struct model_meter *meter, int64_t now_us); /* rows a second */

/* How long `left` rows may take, in whole seconds from..to: between the faster and the slower of
 * the rate now and the mean, with something added for what is not known. False: cannot be said
 * (nothing moves, or the two differ tenfold). */
struct model_eta {
    int64_t from, to;
};
bool model_eta(int64_t left, double now, double mean, struct model_eta *out);

/* What has become of each chunk. */
#define CHUNK_ENCODED '#'
#define CHUNK_ENCODING '+'
#define CHUNK_DOWNLOADING 'd'
#define CHUNK_WAITING '.'
#define CHUNK_AGAIN 'r' /* fetched more than once */

/* Run lengths ("75#1+3d71."): states is one character a chunk. At most CHUNKS_PACKED_MAX bytes;
 * what does not fit ends in "?" for all that follow. */
#define CHUNKS_PACKED_MAX 4096
void model_chunks_pack(const char *states, size_t count, struct buf *out);
/* One character a chunk again, at most max of them; malloc'd, NULL when the text is not such a map.
 */
char *model_chunks_unpack(const char *packed, size_t max, size_t *count);
/* The map in at most `width` marks of `per` chunks each: a mark shows the chunk of its group that
 * is least done, one fetched again before all. malloc'd. */
char *model_chunks_map(const char *states, size_t count, size_t width, size_t *per);

#endif
