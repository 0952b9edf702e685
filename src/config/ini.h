/* Private: one line of an INI file, shared by reading and editing. */
#ifndef AAMPE_CONFIG_INI_H
#define AAMPE_CONFIG_INI_H

#include "base/err.h"

#include <stddef.h>

enum ini_kind { INI_BLANK, INI_COMMENT, INI_SECTION, INI_KEY };

struct ini_line {
    enum ini_kind kind;
    size_t start, len; /* the line without its end; end of line is 0, 1 or 2 bytes */
    size_t eol;
    size_t name, name_len;   /* section or key, offsets into the text */
    size_t value, value_len; /* of a key, quotes still around it */
};

/* The line that begins at `at` (< len). CONFIG_INVALID names its number. */
int config_ini_line(const char *text, size_t len, size_t at, size_t number, struct ini_line *out,
                    struct err *err) must_check;
/* Bytes of a leading UTF-8 byte order mark. */
size_t config_ini_bom(const char *text, size_t len);

#endif
