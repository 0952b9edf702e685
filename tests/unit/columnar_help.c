#include "columnar_help.h"

#include "base/alloc.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **help_golden_list(const char *ending, size_t *count)
{
    static const char *const FOLDERS[] = {"0.17.1", "1.0.0-littleendian", "2.0.0-compression"};
    const char *root = getenv("AAMPE_TESTDATA");
    char **list = NULL;
    *count = 0;
    for (size_t i = 0; root && i < base_countof(FOLDERS); i++) {
        char *folder = base_printf("%s/arrow-golden/%s", root, FOLDERS[i]);
        DIR *dir = opendir(folder);
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
            size_t len = strlen(entry->d_name), tail = strlen(ending);
            if (len < tail || strcmp(entry->d_name + len - tail, ending) != 0)
                continue;
            list = base_realloc(list, *count + 1, sizeof *list);
            list[(*count)++] = base_printf("%s/%s", folder, entry->d_name);
        }
        if (dir)
            closedir(dir);
        free(folder);
    }
    if (list)
        qsort(list, *count, sizeof *list, by_name);
    return list;
}

void help_list_free(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

uint8_t *help_read(const char *path, size_t *len)
{
    struct buf buf;
    struct err err = ERR_INIT;
    base_buf_init(&buf, (size_t)64 << 20);
    if (base_file_read(path, buf.max, &buf, &err) < 0)
        base_bug(__FILE__, __LINE__, "%s: %s", path, err.message);
    return (uint8_t *)base_buf_take(&buf, len);
}

uint8_t *help_gunzip(const char *path, size_t *len)
{
    struct buf buf;
    char part[8192];
    base_buf_init(&buf, (size_t)64 << 20);
    gzFile file = gzopen(path, "rb");
    if (!file)
        base_bug(__FILE__, __LINE__, "%s: cannot be opened", path);
    for (int got; (got = gzread(file, part, sizeof part)) > 0;) {
        if (base_buf_append(&buf, part, (size_t)got) < 0)
            base_bug(__FILE__, __LINE__, "%s: too large", path);
    }
    gzclose(file);
    return (uint8_t *)base_buf_take(&buf, len);
}

uint64_t help_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t bytes_sum(const uint8_t *bytes, size_t len)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

static uint64_t touch(const struct columnar_array *array)
{
    uint64_t sum = (uint64_t)array->length + (uint64_t)array->null_count;
    enum columnar_kind kind = array->field->kind;
    bool small = kind == COLUMNAR_UTF8 || kind == COLUMNAR_BINARY || kind == COLUMNAR_LIST ||
                 kind == COLUMNAR_MAP;
    bool large =
        kind == COLUMNAR_LARGE_UTF8 || kind == COLUMNAR_LARGE_BINARY || kind == COLUMNAR_LARGE_LIST;
    if (array->validity)
        sum += bytes_sum(array->validity, (size_t)(array->length + 7) / 8);
    if ((small || large) && array->length) {
        const int32_t *narrow = array->offsets;
        const int64_t *wide = array->offsets;
        uint64_t last = small ? (uint64_t)narrow[array->length] : (uint64_t)wide[array->length];
        sum += last;
        if (array->child_count == 0)
            sum += bytes_sum(array->values, last);
        else if (last > (uint64_t)array->children[0].length)
            abort();
    } else if (array->values) {
        sum += bytes_sum(array->values, array->values_len);
    }
    for (size_t i = 0; i < array->child_count; i++)
        sum += touch(&array->children[i]);
    return sum;
}

int help_walk(uint8_t *take, size_t len, bool lz4, const struct columnar_limits *limits,
              int64_t *rows, uint64_t *sum, struct err *err)
{
    struct columnar_chunk *chunk;
    const struct columnar_batch *batch;
    *rows = 0;
    if (columnar_arrow_open(take, len, lz4, limits, &chunk, err) < 0)
        return -1;
    int rc;
    while ((rc = columnar_arrow_next(chunk, &batch, err)) > 0) {
        for (size_t i = 0; i < batch->count; i++)
            *sum += touch(&batch->columns[i]);
    }
    *rows = columnar_arrow_rows(chunk);
    columnar_arrow_free(&chunk);
    return rc;
}
