/* Thrift compact protocol, both ways, as far as Parquet metadata needs it (data-plane.md 2.2;
 * thrift's doc/specs/thrift-compact-protocol.md). Private to the room. */
#ifndef AAMPE_COLUMNAR_THRIFT_H
#define AAMPE_COLUMNAR_THRIFT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum thrift_type {
    THRIFT_TRUE = 1,
    THRIFT_FALSE = 2,
    THRIFT_I8 = 3,
    THRIFT_I16 = 4,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_DOUBLE = 7,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_SET = 10,
    THRIFT_MAP = 11,
    THRIFT_STRUCT = 12
};

#define THRIFT_DEPTH 16

struct thrift_writer {
    struct buf *buf;
    int last[THRIFT_DEPTH]; /* id of the field written last, per open struct */
    int depth;
    bool failed; /* the buffer is at its maximum */
};

/* Opens the outermost struct; close it with thrift_end. */
void thrift_writer_init(struct thrift_writer *writer, struct buf *buf);
void thrift_i16(struct thrift_writer *writer, int id, int16_t value);
void thrift_i32(struct thrift_writer *writer, int id, int32_t value);
void thrift_i64(struct thrift_writer *writer, int id, int64_t value);
void thrift_i8(struct thrift_writer *writer, int id, int8_t value);
void thrift_bool(struct thrift_writer *writer, int id, bool value);
void thrift_binary(struct thrift_writer *writer, int id, const void *data, size_t len);
void thrift_text(struct thrift_writer *writer, int id, const char *text);
void thrift_struct(struct thrift_writer *writer, int id); /* ... thrift_end */
void thrift_list(struct thrift_writer *writer, int id, enum thrift_type element, size_t count);
void thrift_element_struct(struct thrift_writer *writer); /* ... thrift_end */
void thrift_element_i32(struct thrift_writer *writer, int32_t value);
void thrift_element_text(struct thrift_writer *writer, const char *text);
void thrift_end(struct thrift_writer *writer);

struct thrift_reader {
    const uint8_t *data;
    size_t len, pos;
    int last[THRIFT_DEPTH];
    int depth;
    bool failed; /* the bytes are not sound; every call after that answers zero */
};

struct thrift_field {
    int id;
    enum thrift_type type;
};

void thrift_reader_init(struct thrift_reader *reader, const uint8_t *data, size_t len);
/* Next field of the innermost struct; false at its end (which also leaves it) or on failure. */
bool thrift_next(struct thrift_reader *reader, struct thrift_field *field);
void thrift_skip(struct thrift_reader *reader, enum thrift_type type);
/* Value of a field or list element; *_as check the type and fail the reader when it is another. */
int64_t thrift_int_as(struct thrift_reader *reader, enum thrift_type have, enum thrift_type want);
bool thrift_bool_as(struct thrift_reader *reader, enum thrift_type have);
const uint8_t *thrift_binary_as(struct thrift_reader *reader, enum thrift_type have, size_t *len);
void thrift_enter(struct thrift_reader *reader, enum thrift_type have);
/* Number of elements of a list whose elements must be `want`; never more than bytes are left. */
size_t thrift_list_as(struct thrift_reader *reader, enum thrift_type have, enum thrift_type want);

#endif
