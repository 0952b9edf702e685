/* Parquet's RLE / bit-packed hybrid (Encodings.md, "RLE"), both ways, and bit strings. Private. */
#ifndef AAMPE_COLUMNAR_RLE_H
#define AAMPE_COLUMNAR_RLE_H

#include "columnar/bytes.h"

#include <stdbool.h>

/* Copies n bits; bits of dst beyond them in the last byte touched may change. dst must have
 * (dst_bit + n + 7) / 8 bytes; src is read in no byte that holds none of the bits. */
void rle_bits_copy(uint8_t *dst, int64_t dst_bit, const uint8_t *src, int64_t src_bit, int64_t n);
void rle_bits_set(uint8_t *dst, int64_t dst_bit, int64_t n);
int64_t rle_bits_count(const uint8_t *bits, int64_t first, int64_t n);

/* Definition levels of a flat optional column: the validity bitmap itself (n bits, from bit 0).
 * Bits beyond n in the last byte are ignored. */
void rle_encode_bits(struct bytes *out, const uint8_t *bits, int64_t n, int64_t ones);
/* Dictionary indices of width 0..32, without length prefix. */
void rle_encode_indices(struct bytes *out, const uint32_t *values, int64_t n, unsigned width);
unsigned rle_width(uint32_t max); /* bits max needs */

/* Decodes exactly n values of `width` bits; false if the bytes do not hold them or are not
 * sound. */
bool rle_decode(const uint8_t *data, size_t len, unsigned width, uint32_t *out, int64_t n);

#endif
