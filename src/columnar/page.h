/* Pages: header, compression, checksum. Private to the room. */
#ifndef AAMPE_COLUMNAR_PAGE_H
#define AAMPE_COLUMNAR_PAGE_H

#include "columnar/column.h"

/* Compresses shared->payload and makes the finished page. encoding: of the values. Adds header
 * and uncompressed payload to *uncompressed. */
int page_make(struct column_shared *shared, bool dictionary_page, int64_t values, int encoding,
              struct columnar_piece *out, int64_t *uncompressed, struct err *err) must_check;

#endif
