#include "sandbox/spool.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static int open_file(struct sandbox_spool *spool)
{
    const char *folder = getenv("TMPDIR");
    char *path = base_printf("%s/aampe-sandbox-result-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        unlink(path);
    }
    free(path);
    spool->fd = fd > 0 ? fd : 0;
    return fd > 0 ? 0 : -1;
}

struct part {
    uint8_t **at;
    size_t len;
};

static size_t parts_of(struct sandbox_batch *batch, struct part *parts)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->column_count; i++) {
        struct sandbox_vector *vector = &batch->columns[i];
        size_t bits = (size_t)((vector->count + 7) / 8);
        parts[count++] = (struct part){&vector->valid, bits};
        if (vector->width == SB_WIDTH_VAR) {
            parts[count++] =
                (struct part){(uint8_t **)&vector->offsets, (size_t)(vector->count + 1) * 4};
            parts[count++] = (struct part){&vector->data, vector->data_len};
        } else if (vector->width != SB_WIDTH_NONE) {
            size_t len =
                vector->width == SB_WIDTH_BIT ? bits : (size_t)(vector->count * vector->width);
            parts[count++] = (struct part){&vector->values, len};
        }
    }
    return count;
}

static size_t padded(size_t len)
{
    return (len + 15) & ~(size_t)15;
}

int sandbox_spool_batch(struct sandbox_spool *spool, struct sandbox_batch *batch)
{
    struct part *parts = base_alloc_zero(batch->column_count * 3 + 1, sizeof *parts);
    size_t count = parts_of(batch, parts), total = 0;
    for (size_t i = 0; i < count; i++)
        total += padded(parts[i].len);
    total = (total + PAGE - 1) & ~(size_t)(PAGE - 1);
    uint8_t *map = MAP_FAILED;
    if ((spool->fd || open_file(spool) == 0) && total > 0 &&
        posix_fallocate(spool->fd, spool->len, (off_t)total) == 0)
        map = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, spool->fd, spool->len);
    if (map == MAP_FAILED) {
        free(parts);
        return -1;
    }
    struct sandbox_spool_map entry = {map, total};
    vec_push(&spool->maps, entry);
    spool->len += (int64_t)total;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len)
            memcpy(map, *parts[i].at, parts[i].len);
        free(*parts[i].at);
        *parts[i].at = map;
        map += padded(parts[i].len);
    }
    for (size_t i = 0; i < batch->column_count; i++)
        batch->columns[i].borrowed = true;
    free(parts);
    return 0;
}

void sandbox_spool_close(struct sandbox_spool *spool)
{
    for (size_t i = 0; i < spool->maps.count; i++)
        munmap(spool->maps.items[i].at, spool->maps.items[i].len);
    vec_free(&spool->maps);
    if (spool->fd)
        close(spool->fd);
    spool->fd = 0;
}
