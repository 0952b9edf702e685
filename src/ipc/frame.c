#include "ipc/frame.h"

#include "base/json.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

/* A partial line of almost the maximum plus one read of whole frames behind it. */
#define FRAMES_BUFFER_MAX (IPC_FRAME_MAX + ((size_t)256 << 10))

void ipc_frames_init(struct ipc_frames *frames)
{
    base_buf_init(&frames->in, FRAMES_BUFFER_MAX);
    frames->start = 0;
    frames->scanned = 0;
}

void ipc_frames_free(struct ipc_frames *frames)
{
    if (frames->in.cap > 0)
        base_secret_wipe(frames->in.data, frames->in.cap);
    base_buf_free(&frames->in);
    frames->start = 0;
    frames->scanned = 0;
}

static void frames_compact(struct ipc_frames *frames)
{
    if (frames->start == 0)
        return;
    size_t rest = frames->in.len - frames->start;
    memmove(frames->in.data, frames->in.data + frames->start, rest);
    base_secret_wipe(frames->in.data + rest, frames->in.len - rest);
    frames->in.len = rest;
    frames->scanned -= frames->start;
    frames->start = 0;
}

/* A frame may carry a secret on its way to the vault, so nothing that was read stays behind: not
 * in a buffer that was outgrown, nor in one whose frame has been taken. */
static int frames_room(struct ipc_frames *frames, size_t len)
{
    if (frames->in.cap > 0 && frames->in.len + len < frames->in.cap)
        return 0;
    struct ipc_frames grown;
    ipc_frames_init(&grown);
    if (base_buf_reserve(&grown.in, frames->in.len + len) != 0 ||
        base_buf_append(&grown.in, frames->in.data, frames->in.len) != 0) {
        ipc_frames_free(&grown);
        return -1;
    }
    grown.scanned = frames->scanned;
    ipc_frames_free(frames);
    *frames = grown;
    return 0;
}

int ipc_frames_feed(struct ipc_frames *frames, const void *data, size_t len, struct err *err)
{
    frames_compact(frames);
    if (frames_room(frames, len) != 0 || base_buf_append(&frames->in, data, len) != 0)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "a message is longer than %zu bytes",
                            IPC_FRAME_MAX);
    return 0;
}

/* Length of the next line without its newline, or -1 when there is none yet. */
static ptrdiff_t frames_line(struct ipc_frames *frames)
{
    if (frames->scanned >= frames->in.len)
        return -1;
    const char *from = frames->in.data + frames->scanned;
    const char *newline = memchr(from, '\n', frames->in.len - frames->scanned);
    if (newline == NULL) {
        frames->scanned = frames->in.len;
        return -1;
    }
    frames->scanned = (size_t)(newline - frames->in.data) + 1;
    return newline - (frames->in.data + frames->start);
}

static bool frames_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
            return false;
    return true;
}

int ipc_frames_next(struct ipc_frames *frames, cJSON **out, struct err *err)
{
    ptrdiff_t len;
    *out = NULL;
    while ((len = frames_line(frames)) >= 0) {
        char *line = frames->in.data + frames->start;
        frames->start = frames->scanned;
        if ((size_t)len >= IPC_FRAME_MAX)
            return base_err_set(err, ERR_LIMIT_EXCEEDED, "a message is longer than %zu bytes",
                                IPC_FRAME_MAX);
        if (frames_blank(line, (size_t)len))
            continue;
        cJSON *json = base_json_parse(line, (size_t)len, IPC_FRAME_MAX, err);
        base_secret_wipe(line, (size_t)len);
        if (json == NULL)
            return -1;
        if (!cJSON_IsObject(json)) {
            cJSON_Delete(json);
            return base_err_set(err, ERR_ENGINE_PROTOCOL, "a message is not a JSON object");
        }
        *out = json;
        return 1;
    }
    if (frames->in.len - frames->start >= IPC_FRAME_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "a message is longer than %zu bytes",
                            IPC_FRAME_MAX);
    return 0;
}

int ipc_frame_put(struct buf *out, const cJSON *message, struct err *err)
{
    char *text = base_json_print(message);
    size_t len = strlen(text);
    int rc = 0;
    if (len + 1 > IPC_FRAME_MAX)
        rc = base_err_set(err, ERR_LIMIT_EXCEEDED, "a message would be longer than %zu bytes",
                          IPC_FRAME_MAX);
    else if (base_buf_reserve(out, len + 1) != 0)
        rc = base_err_set(err, ERR_LIMIT_EXCEEDED, "too many bytes wait to be sent");
    else if (base_buf_append(out, text, len) != 0 || base_buf_byte(out, '\n') != 0)
        rc = base_err_set(err, ERR_INTERNAL, "reserved bytes were refused");
    base_secret_wipe(text, len);
    free(text);
    return rc;
}
