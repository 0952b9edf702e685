#include "model/meter.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000

void model_meter_start(struct model_meter *meter, int64_t now_us)
{
    *meter = (struct model_meter){.began_us = now_us, .step_us = SECOND_US, .count = 1};
}

static void meter_halve(struct model_meter *meter)
{
    for (size_t i = 0; i < METER_STEPS / 2; i++)
        meter->rows[i] = meter->rows[2 * i] + meter->rows[2 * i + 1];
    memset(&meter->rows[METER_STEPS / 2], 0, sizeof meter->rows / 2);
    meter->count = (meter->count + 1) / 2;
    meter->step_us *= 2;
}

void model_meter_add(struct model_meter *meter, int64_t now_us, int64_t rows)
{
    int64_t age = now_us > meter->began_us ? now_us - meter->began_us : 0;
    if (meter->step_us <= 0)
        model_meter_start(meter, now_us);
    while (age / meter->step_us >= METER_STEPS)
        meter_halve(meter);
    size_t at = (size_t)(age / meter->step_us);
    if (at + 1 > meter->count)
        meter->count = at + 1;
    meter->rows[at] += rows;
    meter->total += rows;
}

size_t model_meter_rates(const struct model_meter *meter, int64_t now_us, double out[METER_STEPS])
{
    struct model_meter copy = *meter;
    model_meter_add(&copy, now_us, 0);
    double step = (double)copy.step_us / SECOND_US;
    double begun = (double)(now_us - copy.began_us) / SECOND_US - step * (double)(copy.count - 1);
    size_t count = begun >= step / 4 ? copy.count : copy.count - 1;
    for (size_t i = 0; i < count; i++) {
        double seconds = i + 1 == copy.count && begun < step ? begun : step;
        out[i] = copy.rows[i] > 0 ? (double)copy.rows[i] / seconds : 0;
    }
    return count;
}

double model_meter_mean(const struct model_meter *meter, int64_t now_us)
{
    int64_t age = now_us - meter->began_us;
    return age > 0 && meter->total > 0 ? (double)meter->total * SECOND_US / (double)age : 0;
}

bool model_eta(int64_t left, double now, double mean, struct model_eta *out)
{
    double fast = now > mean ? now : mean, slow = now > mean ? mean : now;
    if (left < 0 || !(fast > 0))
        return false;
    if (!(slow > 0) || fast > 10 * slow)
        return false;
    double from = (double)left / fast, to = (double)left / slow * 1.25;
    if (to > 90 * 86400.0)
        return false;
    out->from = (int64_t)from;
    out->to = (int64_t)to + 1;
    return true;
}

void model_chunks_pack(const char *states, size_t count, struct buf *out)
{
    size_t start = out->len;
    for (size_t i = 0, k; i < count; i = k) {
        char text[32];
        for (k = i + 1; k < count && states[k] == states[i]; k++)
            continue;
        if (out->len - start > CHUNKS_PACKED_MAX - 2 * sizeof text) {
            snprintf(text, sizeof text, "%zu?", count - i);
            (void)base_buf_text(out, text);
            return;
        }
        snprintf(text, sizeof text, "%zu%c", k - i, states[i]);
        (void)base_buf_text(out, text);
    }
}

char *model_chunks_unpack(const char *packed, size_t max, size_t *count)
{
    char *out = base_alloc_zero(max + 1, 1);
    size_t at = 0;
    while (packed && *packed) {
        char *end = NULL;
        unsigned long long length =
            *packed >= '0' && *packed <= '9' ? strtoull(packed, &end, 10) : 0;
        if (length == 0 || !strchr("#+d.r?", *end) || *end == '\0') {
            free(out);
            return NULL;
        }
        size_t fits = length < max - at ? (size_t)length : max - at;
        memset(out + at, *end, fits);
        at += fits;
        packed = end + 1;
    }
    *count = at;
    return out;
}

/* The more there is still to do with it, the higher; what went wrong is not hidden by it. */
static int mark_rank(char state)
{
    static const char order[] = "#+d.?r";
    const char *at = strchr(order, state);
    return at ? (int)(at - order) : 0;
}

/* A mark is # only when all its chunks are; one that is at work is shown as such, although the rest
 * of the group waits. */
static char mark_of(const char *states, size_t count)
{
    char worst = states[0], active = '\0';
    for (size_t i = 0; i < count; i++) {
        if (mark_rank(states[i]) > mark_rank(worst))
            worst = states[i];
        if ((states[i] == CHUNK_ENCODING || states[i] == CHUNK_DOWNLOADING) && active != '+')
            active = states[i];
    }
    return worst == CHUNK_WAITING && active ? active : worst;
}

char *model_chunks_map(const char *states, size_t count, size_t width, size_t *per)
{
    width = width ? width : 1;
    *per = count ? (count + width - 1) / width : 1;
    char *out = base_alloc_zero(width + 1, 1);
    for (size_t i = 0; i * *per < count; i++) {
        size_t first = i * *per, rest = count - first;
        out[i] = mark_of(states + first, rest < *per ? rest : *per);
    }
    return out;
}
