/* Frames: one JSON object per line, at most 1 MiB with its newline. A reader for one direction of
 * one socket. */
#ifndef AAMPE_IPC_FRAME_H
#define AAMPE_IPC_FRAME_H

#include "base/buf.h"
#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#define IPC_FRAME_MAX ((size_t)1 << 20)
#define IPC_PROTOCOL 1

struct ipc_frames {
    struct buf in;
    size_t start;   /* of the first byte not yet handed out */
    size_t scanned; /* bytes of `in` looked at for a newline */
};
void ipc_frames_init(struct ipc_frames *frames);
void ipc_frames_free(struct ipc_frames *frames);
/* Adds bytes as they came. LIMIT_EXCEEDED: a line longer than IPC_FRAME_MAX. */
int ipc_frames_feed(struct ipc_frames *frames, const void *data, size_t len,
                    struct err *err) must_check;
/* Next whole frame: 1 and *out (caller deletes), 0 = none yet, -1 not a JSON object. Blank lines
 * are skipped. */
int ipc_frames_next(struct ipc_frames *frames, cJSON **out, struct err *err);
/* Appends text and newline. LIMIT_EXCEEDED if longer than IPC_FRAME_MAX. */
int ipc_frame_put(struct buf *out, const cJSON *message, struct err *err) must_check;

#endif
