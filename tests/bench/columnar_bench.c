/* Arrow stream files to Parquet files, and how fast.
 *   columnar_bench convert OUT.parquet CODEC TYPES IN.arrows...   TYPES: "bigint;decimal(10,2);..."
 * or "-" columnar_bench speed IN.arrows...                             none, snappy, zstd side by
 * side IN may be an LZ4 frame of a stream (name ends in .lz4). */
#include "base/alloc.h"
#include "base/file.h"
#include "columnar/arrow.h"
#include "columnar/parquet_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void stop(const char *what, const struct err *err)
{
    fprintf(stderr, "columnar_bench: %s: %s: %s\n", what, base_err_name(err->code), err->message);
    exit(1);
}

static char *guess_type(const struct columnar_field *field)
{
    static const char *const NAMES[] = {
        [COLUMNAR_NULL] = "void",
        [COLUMNAR_BOOL] = "boolean",
        [COLUMNAR_INT8] = "tinyint",
        [COLUMNAR_INT16] = "smallint",
        [COLUMNAR_INT32] = "int",
        [COLUMNAR_INT64] = "bigint",
        [COLUMNAR_FLOAT] = "float",
        [COLUMNAR_DOUBLE] = "double",
        [COLUMNAR_UTF8] = "string",
        [COLUMNAR_LARGE_UTF8] = "string",
        [COLUMNAR_BINARY] = "binary",
        [COLUMNAR_LARGE_BINARY] = "binary",
        [COLUMNAR_FIXED_BINARY] = "binary",
        [COLUMNAR_DATE32] = "date",
        [COLUMNAR_DATE64] = "date",
        [COLUMNAR_DURATION] = "interval day to second",
        [COLUMNAR_INTERVAL_YM] = "interval year to month",
    };
    if (field->kind == COLUMNAR_DECIMAL128)
        return base_printf("decimal(%d,%d)", field->precision, field->scale);
    if (field->kind == COLUMNAR_TIMESTAMP)
        return base_strdup(field->timezone ? "timestamp" : "timestamp_ntz");
    const char *name = (size_t)field->kind < base_countof(NAMES) ? NAMES[field->kind] : NULL;
    return base_strdup(name ? name : columnar_kind_name(field->kind));
}

static struct model_schema make_schema(const struct columnar_schema *arrow, const char *types)
{
    struct model_schema schema = {.count = arrow->count};
    struct err err = ERR_INIT;
    schema.columns = base_alloc_zero(arrow->count, sizeof *schema.columns);
    for (size_t i = 0; i < arrow->count; i++) {
        size_t len = strcspn(types, ";");
        char *text =
            len && types[0] != '-' ? base_strndup(types, len) : guess_type(&arrow->fields[i]);
        types += len + (types[len] == ';');
        schema.columns[i] = (struct model_column){
            .name = base_strdup(arrow->fields[i].name), .nullable = true, .partition_index = -1};
        if (model_type_parse(text, &schema.columns[i].type, &err) < 0)
            stop(text, &err);
        free(text);
    }
    return schema;
}

static struct columnar_chunk *open_chunk(const char *path)
{
    struct buf buf;
    struct err err = ERR_INIT;
    struct columnar_chunk *chunk;
    size_t len;
    base_buf_init(&buf, (size_t)1 << 30);
    if (base_file_read(path, buf.max, &buf, &err) < 0)
        stop(path, &err);
    uint8_t *bytes = (uint8_t *)base_buf_take(&buf, &len);
    bool lz4 = strlen(path) > 4 && strcmp(path + strlen(path) - 4, ".lz4") == 0;
    if (columnar_arrow_open(bytes, len, lz4, NULL, &chunk, &err) < 0)
        stop(path, &err);
    return chunk;
}

/* One file's chunk becomes one row group. */
static struct columnar_row_group *encode(const char *path, const struct model_schema *schema,
                                         const struct columnar_write_options *options, size_t *peak,
                                         double *seconds)
{
    struct err err = ERR_INIT;
    struct columnar_chunk *chunk = open_chunk(path);
    struct columnar_conversion *conversion;
    struct columnar_encoder *encoder;
    struct columnar_row_group *group;
    const struct columnar_batch *batch;
    struct timespec from, to;
    int rc;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    if (columnar_schema_reconcile(schema, columnar_arrow_schema(chunk), &conversion, &err) < 0 ||
        columnar_encoder_new(schema, options, &encoder, &err) < 0)
        stop(path, &err);
    while ((rc = columnar_arrow_next(chunk, &batch, &err)) > 0) {
        if (columnar_encoder_append(encoder, conversion, batch, 0, batch->rows, &err) < 0)
            stop(path, &err);
        if (columnar_encoder_memory(encoder) > *peak)
            *peak = columnar_encoder_memory(encoder);
    }
    if (rc < 0 || columnar_encoder_finish(&encoder, &group, &err) < 0)
        stop(path, &err);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    *seconds += (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    columnar_conversion_free(&conversion);
    columnar_arrow_free(&chunk);
    return group;
}

static void put(int fd, const void *data, size_t len)
{
    if (base_file_write_all(fd, data, len) < 0) {
        perror("columnar_bench: write");
        exit(1);
    }
}

static int convert(int argc, char **argv)
{
    struct columnar_write_options options = columnar_write_options_default();
    struct columnar_footer *footer;
    struct err err = ERR_INIT;
    struct buf bytes;
    double seconds = 0;
    size_t peak = 0;
    if (columnar_codec_parse(argv[3], &options.codec, &err) < 0)
        stop(argv[3], &err);
    struct columnar_chunk *first = open_chunk(argv[5]);
    struct model_schema schema = make_schema(columnar_arrow_schema(first), argv[4]);
    columnar_arrow_free(&first);
    if (columnar_footer_new(&schema, "0.0.0", "bench", &footer, &err) < 0)
        stop(argv[2], &err);
    int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    put(fd, COLUMNAR_PARQUET_MAGIC, COLUMNAR_PARQUET_MAGIC_LEN);
    int64_t at = COLUMNAR_PARQUET_MAGIC_LEN;
    for (int i = 5; i < argc; i++) {
        struct columnar_row_group *group = encode(argv[i], &schema, &options, &peak, &seconds);
        if (columnar_footer_add(footer, group, at, &err) < 0)
            stop(argv[i], &err);
        for (size_t k = 0; k < group->piece_count; k++)
            put(fd, group->pieces[k].data, group->pieces[k].len);
        at += (int64_t)group->bytes;
        columnar_row_group_free(&group);
    }
    base_buf_init(&bytes, (size_t)64 << 20);
    if (columnar_footer_finish(footer, &bytes, &err) < 0)
        stop(argv[2], &err);
    put(fd, bytes.data, bytes.len);
    close(fd);
    base_buf_free(&bytes);
    columnar_footer_free(&footer);
    model_schema_free(&schema);
    return 0;
}

static int speed(int argc, char **argv)
{
    static const char *const CODECS[] = {"none", "snappy", "zstd"};
    struct columnar_chunk *first = open_chunk(argv[2]);
    struct model_schema schema = make_schema(columnar_arrow_schema(first), "-");
    size_t in = 0, peak_estimate;
    for (int i = 2; i < argc; i++) {
        struct columnar_chunk *chunk = open_chunk(argv[i]);
        in += columnar_arrow_memory(chunk);
        columnar_arrow_free(&chunk);
    }
    columnar_arrow_free(&first);
    for (size_t c = 0; c < base_countof(CODECS); c++) {
        struct columnar_write_options options = columnar_write_options_default();
        struct err err = ERR_INIT;
        double seconds = 0;
        size_t out = 0, peak = 0;
        int64_t rows = 0;
        if (columnar_codec_parse(CODECS[c], &options.codec, &err) < 0)
            stop(CODECS[c], &err);
        for (int i = 2; i < argc; i++) {
            struct columnar_row_group *group = encode(argv[i], &schema, &options, &peak, &seconds);
            out += group->bytes;
            rows += group->rows;
            columnar_row_group_free(&group);
        }
        peak_estimate = columnar_encoder_estimate(&schema, &options, rows / (argc - 2),
                                                  (int64_t)in / (argc - 2));
        printf("%-6s %7.0f MB/s of Arrow, %5.2f M rows/s, %zu -> %zu bytes, encoder peak %zu, "
               "estimate %zu\n",
               CODECS[c], (double)in / seconds / 1e6, (double)rows / seconds / 1e6, in, out, peak,
               peak_estimate);
    }
    model_schema_free(&schema);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 6 && strcmp(argv[1], "convert") == 0)
        return convert(argc, argv);
    if (argc >= 3 && strcmp(argv[1], "speed") == 0)
        return speed(argc, argv);
    fprintf(stderr, "usage: columnar_bench convert OUT CODEC TYPES IN... | speed IN...\n");
    return 2;
}
