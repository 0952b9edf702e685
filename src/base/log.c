#define _GNU_SOURCE
#include "base/log.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBERS 32
#define VALUE_MAX 1024 /* bytes of one value */

static const char *const fields[] = {LOG_FIELDS};

struct base_log {
    struct base_seam *seam;
    pthread_mutex_t lock;
    char *path; /* NULL: stderr */
    int fd;
    int64_t size;
    enum log_level level;
    void (*tap)(void *user, const char *line);
    void *tap_user;
    bool echo; /* to stderr as well */
    char numbers[NUMBERS][24];
    size_t number;
};

static int open_file(struct base_log *log)
{
    struct stat now;

    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log->fd < 0)
        return -1;
    log->size = fstat(log->fd, &now) ? 0 : (int64_t)now.st_size;
    return 0;
}

struct base_log *base_log_new(struct base_seam *seam, const char *path, enum log_level level)
{
    struct base_log *log = base_alloc_zero(1, sizeof *log);

    pthread_mutex_init(&log->lock, NULL);
    log->seam = seam;
    log->level = level;
    log->path = base_strdup(path);
    log->fd = STDERR_FILENO;
    if (path && open_file(log))
        base_log_free(&log);
    return log;
}

void base_log_free(struct base_log **log)
{
    if (!*log)
        return;
    if ((*log)->path && (*log)->fd >= 0)
        close((*log)->fd);
    pthread_mutex_destroy(&(*log)->lock);
    free((*log)->path);
    base_free(log);
}

void base_log_level(struct base_log *log, enum log_level level)
{
    log->level = level;
}

void base_log_echo(struct base_log *log)
{
    log->echo = true;
}

void base_log_tap(struct base_log *log, void (*tap)(void *user, const char *line), void *user)
{
    log->tap = tap;
    log->tap_user = user;
}

static bool allowed(const char *field)
{
    for (size_t i = 0; i < base_countof(fields); i++)
        if (!strcmp(fields[i], field))
            return true;
    return false;
}

static void add_value(struct buf *line, const char *value)
{
    char *clean = base_text_clean_dup(value, VALUE_MAX);

    base_text_redact(clean);
    if (*clean && !strpbrk(clean, " \"="))
        base_buf_text(line, clean);
    else {
        base_buf_byte(line, '"');
        for (const char *c = clean; *c; c++) {
            if (*c == '"')
                base_buf_byte(line, '\\');
            base_buf_byte(line, (uint8_t)*c);
        }
        base_buf_byte(line, '"');
    }
    free(clean);
}

/* A rotation that fails leaves the old file growing: lines matter more than its size. */
static void rotate(struct base_log *log)
{
    char *old = base_printf("%s.1", log->path);

    if (!rename(log->path, old)) {
        close(log->fd);
        if (open_file(log))
            log->fd = -1;
    }
    free(old);
}

static void write_line(struct base_log *log, const struct buf *line)
{
    pthread_mutex_lock(&log->lock);
    if (log->path && log->size + (int64_t)line->len > LOG_MAX_BYTES && log->size)
        rotate(log);
    if (log->path && log->fd < 0)
        open_file(log);
    /* One write a line: lines of several processes never mix. A full disk must not stop the work.
     */
    if (log->fd >= 0 && write(log->fd, line->data, line->len) > 0)
        log->size += (int64_t)line->len;
    if (log->echo && log->path)
        (void)!write(STDERR_FILENO, line->data, line->len);
    pthread_mutex_unlock(&log->lock);
}

void base_log_event(struct base_log *log, enum log_level level, const char *event, ...)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};
    const char *field;
    struct buf line;
    char time[40];
    va_list args;

    if (!log || level < log->level)
        return;
    base_time_format(base_seam_now_us(log->seam), time);
    base_buf_init(&line, 1 << 16);
    base_buf_printf(&line, "%s %s %s", time, words[level], event);
    va_start(args, event);
    while ((field = va_arg(args, const char *))) {
        const char *value = va_arg(args, const char *);

        if (!allowed(field))
            bug("log field '%s' of event '%s' is not in the allow-list", field, event);
        if (!value)
            continue;
        base_buf_printf(&line, " %s=", field);
        add_value(&line, value);
    }
    va_end(args);
    if (log->tap)
        log->tap(log->tap_user, line.data);
    base_buf_byte(&line, '\n');
    write_line(log, &line);
    base_buf_free(&line);
}

const char *base_log_i64(struct base_log *log, int64_t value)
{
    char *number;

    if (!log)
        return NULL;
    pthread_mutex_lock(&log->lock);
    number = log->numbers[log->number++ % NUMBERS];
    snprintf(number, sizeof log->numbers[0], "%" PRId64, value);
    pthread_mutex_unlock(&log->lock);
    return number;
}
