#define _GNU_SOURCE
#include "base/seam.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A hundred years, so that it stays above 0 however far back the clock is turned. */
#define MONO_BEGINS_US ((int64_t)36525 * 86400 * 1000000)

struct base_seam {
    pthread_mutex_t lock;
    char *clock_file;
    struct stat clock_stat; /* of the reading in file_us */
    int64_t file_us;        /* what the file adds */
    int64_t turned_us;      /* what base_seam_turn added */
    char *crash_point;
    int64_t crash_left;
    char *fail_operation;
    int fail_errno;
    int64_t fail_left; /* passings that still go ahead */
};

static void fail_read(struct base_seam *seam, const char *text)
{
    const char *colon = text ? strchr(text, ':') : NULL, *second;

    if (!colon)
        return;
    second = strchr(colon + 1, ':');
    seam->fail_operation = base_strndup(text, (size_t)(colon - text));
    seam->fail_errno = atoi(colon + 1);
    seam->fail_left = second ? atoll(second + 1) - 1 : 0;
}

struct base_seam *base_seam_new(void)
{
    struct base_seam *seam = base_alloc_zero(1, sizeof *seam);
    const char *crash = getenv("AAMPE_CRASH_AT");

    pthread_mutex_init(&seam->lock, NULL);
    seam->clock_file = base_strdup(getenv("AAMPE_CLOCK_FILE"));
    fail_read(seam, getenv("AAMPE_FAIL_AT"));
    if (crash && crash[0]) {
        const char *colon = strchr(crash, ':');

        seam->crash_point =
            colon ? base_strndup(crash, (size_t)(colon - crash)) : base_strdup(crash);
        seam->crash_left = colon ? atoll(colon + 1) : 1;
    }
    return seam;
}

void base_seam_free(struct base_seam **seam)
{
    if (!*seam)
        return;
    pthread_mutex_destroy(&(*seam)->lock);
    free((*seam)->clock_file);
    free((*seam)->crash_point);
    free((*seam)->fail_operation);
    base_free(seam);
}

/* "-12.5" seconds to microseconds, without the locale's decimal point. */
static int64_t seconds_us(const char *text)
{
    char *end;
    int64_t us = (int64_t)strtol(text, &end, 10), scale = 100000, fraction = 0;

    if (us > INT64_MAX / 2000000 || us < -INT64_MAX / 2000000)
        return 0;
    if (*end == '.')
        for (end++; *end >= '0' && *end <= '9' && scale; end++, scale /= 10)
            fraction += (*end - '0') * scale;
    while (*text == ' ')
        text++;
    return us * 1000000 + (*text == '-' ? -fraction : fraction);
}

static int64_t offset_locked(struct base_seam *seam)
{
    struct stat now;
    char text[64];
    ssize_t len;
    int fd;

    if (!seam->clock_file || stat(seam->clock_file, &now))
        return seam->turned_us + seam->file_us;
    if (now.st_ino == seam->clock_stat.st_ino && now.st_size == seam->clock_stat.st_size &&
        now.st_mtim.tv_sec == seam->clock_stat.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == seam->clock_stat.st_mtim.tv_nsec)
        return seam->turned_us + seam->file_us;
    fd = open(seam->clock_file, O_RDONLY | O_CLOEXEC);
    len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (len > 0) {
        text[len] = '\0';
        seam->file_us = seconds_us(text);
        seam->clock_stat = now;
    }
    return seam->turned_us + seam->file_us;
}

static int64_t read_clock(struct base_seam *seam, clockid_t clock)
{
    struct timespec now;
    int64_t offset;

    clock_gettime(clock, &now);
    pthread_mutex_lock(&seam->lock);
    offset = offset_locked(seam);
    pthread_mutex_unlock(&seam->lock);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + offset;
}

int64_t base_seam_now_us(struct base_seam *seam)
{
    return read_clock(seam, CLOCK_REALTIME);
}

int64_t base_seam_mono_us(struct base_seam *seam)
{
    return MONO_BEGINS_US + read_clock(seam, CLOCK_MONOTONIC);
}

void base_seam_turn(struct base_seam *seam, int64_t seconds)
{
    pthread_mutex_lock(&seam->lock);
    seam->turned_us += seconds * 1000000;
    pthread_mutex_unlock(&seam->lock);
}

void base_seam_random(struct base_seam *seam, void *out, size_t len)
{
    uint8_t *bytes = out;

    (void)seam;
    while (len) {
        ssize_t got = getrandom(bytes, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            bug("getrandom: errno %d", errno);
        bytes += got;
        len -= (size_t)got;
    }
}

void base_seam_uuid(struct base_seam *seam, char out[37])
{
    uint64_t ms = (uint64_t)(base_seam_now_us(seam) / 1000);
    uint8_t b[16];

    base_seam_random(seam, b, sizeof b);
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(ms >> (40 - 8 * i));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x70);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

void base_seam_crash(struct base_seam *seam, const char *point)
{
    bool hit;

    if (!seam->crash_point || strcmp(seam->crash_point, point))
        return;
    pthread_mutex_lock(&seam->lock);
    hit = --seam->crash_left == 0;
    pthread_mutex_unlock(&seam->lock);
    if (!hit)
        return;
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

int base_seam_fail(struct base_seam *seam, const char *operation)
{
    bool hit;

    if (!seam->fail_operation || strcmp(seam->fail_operation, operation))
        return 0;
    pthread_mutex_lock(&seam->lock);
    hit = seam->fail_left == 0;
    seam->fail_left -= !hit;
    pthread_mutex_unlock(&seam->lock);
    return hit ? seam->fail_errno : 0;
}
