#include "columnar/page.h"

#include <limits.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

static int squeeze_zstd(struct column_shared *shared, struct err *err)
{
    const struct bytes *payload = &shared->payload;
    struct bytes *out = &shared->squeezed;
    if (!shared->zstd)
        shared->zstd = ZSTD_createCCtx();
    if (!shared->zstd)
        return base_err_set(err, ERR_HOST_MEMORY, "no memory for a zstd context");
    size_t bound = ZSTD_compressBound(payload->len);
    size_t len = ZSTD_compressCCtx(shared->zstd, bytes_room(out, bound), bound, payload->data,
                                   payload->len, shared->options.zstd_level);
    if (ZSTD_isError(len))
        return base_err_set(err, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(len));
    out->len = len;
    return 0;
}

static int squeeze(struct column_shared *shared, struct err *err)
{
    const struct bytes *payload = &shared->payload;
    struct bytes *out = &shared->squeezed;
    out->len = 0;
    if (shared->options.codec == COLUMNAR_CODEC_ZSTD)
        return squeeze_zstd(shared, err);
    size_t len = snappy_max_compressed_length(payload->len);
    char *to = (char *)bytes_room(out, len);
    if (snappy_compress((const char *)payload->data, payload->len, to, &len) != SNAPPY_OK)
        return base_err_set(err, ERR_INTERNAL, "snappy refuses a page of %zu bytes", payload->len);
    out->len = len;
    return 0;
}

static void write_header(struct buf *buf, bool dictionary_page, int64_t values, int encoding,
                         size_t plain_len, size_t len, uint32_t crc)
{
    struct thrift_writer writer;
    thrift_writer_init(&writer, buf);
    thrift_i32(&writer, 1, dictionary_page ? PQ_PAGE_DICTIONARY : PQ_PAGE_DATA);
    thrift_i32(&writer, 2, (int32_t)plain_len);
    thrift_i32(&writer, 3, (int32_t)len);
    thrift_i32(&writer, 4, (int32_t)crc);
    thrift_struct(&writer, dictionary_page ? 7 : 5);
    thrift_i32(&writer, 1, (int32_t)values);
    thrift_i32(&writer, 2, encoding);
    if (!dictionary_page) {
        thrift_i32(&writer, 3, PQ_RLE);
        thrift_i32(&writer, 4, PQ_RLE);
    }
    thrift_end(&writer);
    thrift_end(&writer);
}

int page_make(struct column_shared *shared, bool dictionary_page, int64_t values, int encoding,
              struct columnar_piece *out, int64_t *uncompressed, struct err *err)
{
    const struct bytes *body = &shared->payload;
    if (shared->payload.len > INT32_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "a page of %zu bytes", shared->payload.len);
    bytes_room(&shared->payload, 1);
    if (shared->options.codec != COLUMNAR_CODEC_NONE) {
        if (squeeze(shared, err) < 0)
            return -1;
        body = &shared->squeezed;
    }
    if (body->len > INT32_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "a page of %zu bytes", body->len);
    uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), body->data, (uInt)body->len);
    struct buf header;
    base_buf_init(&header, 256);
    write_header(&header, dictionary_page, values, encoding, shared->payload.len, body->len, crc);
    /* One byte more than needed, so that a piece can be handed on as a struct buf. */
    out->len = header.len + body->len;
    out->data = base_alloc(out->len + 1);
    memcpy(out->data, header.data, header.len);
    memcpy(out->data + header.len, body->data, body->len);
    out->data[out->len] = 0;
    *uncompressed += (int64_t)(header.len + shared->payload.len);
    shared->held += out->len;
    base_buf_free(&header);
    return 0;
}
