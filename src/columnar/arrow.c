#include "columnar/arrow.h"

#include "base/alloc.h"
#include "columnar/arrow_private.h"

#include <stdlib.h>
#include <string.h>

/* Message.fbs: enum MetadataVersion, union MessageHeader. */
enum { VERSION_V4 = 3, VERSION_V5 = 4 };
enum { HEADER_SCHEMA = 1, HEADER_BATCH = 3 };

struct columnar_chunk {
    struct columnar_limits limits;
    uint8_t *data;
    size_t len, pos;
    bool ended;
    struct arrow_budget budget;
    struct arrow_scratch scratch;
    struct columnar_schema schema;
    struct columnar_batch batch;
    int64_t rows;
};

struct message {
    struct flat flat;
    struct flat_table header;
    uint8_t type;
    const uint8_t *body;
    size_t body_len;
};

static int corrupt(const struct columnar_chunk *chunk, struct err *err, const char *what)
{
    return base_err_set(err, ERR_SRC_CHUNK_CORRUPT, "chunk at byte %zu: %s", chunk->pos, what);
}

static int cut_short(const struct columnar_chunk *chunk, struct err *err)
{
    return base_err_set(err, ERR_SRC_CHUNK_SHORT, "chunk ends inside a message, after %zu bytes",
                        chunk->len);
}

/* Continuation word and metadata length. 1: a message follows, 0: end of the stream. */
static int read_frame(struct columnar_chunk *chunk, uint32_t *metadata_len, struct err *err)
{
    uint32_t words[2];
    size_t left = chunk->len - chunk->pos;
    if (left == 0)
        return 0;
    if (left < 8)
        return cut_short(chunk, err);
    memcpy(words, chunk->data + chunk->pos, 8);
    if (words[0] != UINT32_MAX)
        return corrupt(chunk, err,
                       "no continuation word: not an Arrow stream, or one older than 0.15");
    *metadata_len = words[1];
    if (words[1] == 0)
        return 0;
    chunk->pos += 8;
    left -= 8;
    if (words[1] % 8 != 0 || words[1] > INT32_MAX)
        return corrupt(chunk, err, "odd metadata length");
    if (words[1] > chunk->limits.metadata_bytes)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "message metadata of %u bytes", words[1]);
    return words[1] > left ? cut_short(chunk, err) : 1;
}

static int read_message(struct columnar_chunk *chunk, struct message *message, struct err *err)
{
    uint32_t metadata_len = 0;
    struct flat_table root;
    int16_t version;
    int64_t body_len;
    bool has_header;
    int rc = read_frame(chunk, &metadata_len, err);
    if (rc <= 0)
        return rc;
    if (!flat_root(&message->flat, chunk->data + chunk->pos, metadata_len, &root) ||
        !flat_i16(&root, 0, 0, &version) || !flat_u8(&root, 1, 0, &message->type) ||
        !flat_sub(&root, 2, &message->header, &has_header) || !flat_i64(&root, 3, 0, &body_len))
        return corrupt(chunk, err, "unsound message metadata");
    if (version != VERSION_V4 && version != VERSION_V5)
        return base_err_set(err, ERR_TYPE_UNSUPPORTED, "Arrow metadata version %d", version + 1);
    if (!has_header || body_len < 0 || body_len % 8 != 0)
        return corrupt(chunk, err, "unsound message");
    if ((uint64_t)body_len > chunk->limits.message_bytes)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "message body of %lld bytes",
                            (long long)body_len);
    chunk->pos += metadata_len;
    if ((uint64_t)body_len > chunk->len - chunk->pos)
        return cut_short(chunk, err);
    message->body = chunk->data + chunk->pos;
    message->body_len = (size_t)body_len;
    chunk->pos += (size_t)body_len;
    return 1;
}

static int read_schema(struct columnar_chunk *chunk, struct err *err)
{
    struct message message;
    int rc = read_message(chunk, &message, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return base_err_set(err, ERR_SRC_CHUNK_SHORT, "chunk ends before its schema");
    if (message.type != HEADER_SCHEMA || message.body_len != 0)
        return corrupt(chunk, err, "the first message is not a schema");
    if (arrow_schema_parse(&message.header, &chunk->limits, &chunk->schema, err) < 0)
        return -1;
    chunk->batch.count = chunk->schema.count;
    chunk->batch.columns = arrow_arrays_new(chunk->schema.fields, chunk->schema.count);
    return 0;
}

static int inflate(struct columnar_chunk *chunk, struct err *err)
{
    uint8_t *plain;
    size_t len;
    if (arrow_lz4_chunk(chunk->data, chunk->len, &chunk->budget, &plain, &len, err) < 0)
        return -1;
    free(chunk->data);
    chunk->data = plain;
    chunk->len = len;
    return 0;
}

int columnar_arrow_open(uint8_t *take, size_t len, bool lz4, const struct columnar_limits *limits,
                        struct columnar_chunk **out, struct err *err)
{
    struct columnar_chunk *chunk = base_alloc_zero(1, sizeof *chunk);
    *out = NULL;
    chunk->limits = limits ? *limits : columnar_limits_default();
    chunk->data = take;
    chunk->len = len;
    chunk->budget.limits = &chunk->limits;
    int rc = 0;
    if (len > chunk->limits.chunk_bytes)
        rc = base_err_set(err, ERR_LIMIT_EXCEEDED, "chunk of %zu bytes", len);
    else if (lz4)
        rc = inflate(chunk, err);
    if (rc < 0 || read_schema(chunk, err) < 0) {
        columnar_arrow_free(&chunk);
        return -1;
    }
    *out = chunk;
    return 0;
}

void columnar_arrow_free(struct columnar_chunk **chunk)
{
    if (!*chunk)
        return;
    arrow_arrays_free((*chunk)->batch.columns, (*chunk)->batch.count);
    columnar_schema_free(&(*chunk)->schema);
    arrow_scratch_clear(&(*chunk)->scratch);
    free((*chunk)->data);
    base_free(chunk);
}

const struct columnar_schema *columnar_arrow_schema(const struct columnar_chunk *chunk)
{
    return &chunk->schema;
}

int columnar_arrow_next(struct columnar_chunk *chunk, const struct columnar_batch **batch,
                        struct err *err)
{
    struct message message;
    *batch = NULL;
    arrow_scratch_clear(&chunk->scratch);
    if (chunk->ended)
        return 0;
    int rc = read_message(chunk, &message, err);
    if (rc <= 0) {
        chunk->ended = true;
        return rc;
    }
    if (message.type != HEADER_BATCH) {
        chunk->ended = true;
        return corrupt(chunk, err, "a message that is not a record batch");
    }
    if (arrow_batch_parse(&message.header, message.body, message.body_len, &chunk->limits,
                          &chunk->budget, &chunk->scratch, &chunk->batch, err) < 0) {
        chunk->ended = true;
        return -1;
    }
    chunk->rows += chunk->batch.rows;
    *batch = &chunk->batch;
    return 1;
}

int64_t columnar_arrow_rows(const struct columnar_chunk *chunk)
{
    return chunk->rows;
}

size_t columnar_arrow_memory(const struct columnar_chunk *chunk)
{
    return chunk->len + chunk->scratch.bytes;
}
