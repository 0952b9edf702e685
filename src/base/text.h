/* The one text filter: everything foreign passes here before it reaches a terminal, a log or a
 * message. Valid UTF-8 only; C0, DEL, C1, bidi controls, line/paragraph separators, zero-width and
 * tag characters become visible escapes (\n, \x1b, \u{202e}); a backslash stays as it is. */
#ifndef AAMPE_BASE_TEXT_H
#define AAMPE_BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends the cleaned form. 0 or -1 (buffer at its maximum). */
int base_text_clean(const char *text, size_t len, struct buf *out);
/* Cleaned copy, malloc'd, cut to at most max_len bytes on a character boundary (0 = no cut). */
char *base_text_clean_dup(const char *text, size_t max_len);
/* Cleaned into a fixed array, cut on a character boundary, always terminated. */
void base_text_clean_into(char *out, size_t size, const char *text);
/* Columns the cleaned text takes in a terminal (wide = 2, combining = 0). The one width function.
 */
size_t base_text_width(const char *text, size_t len);
/* True for the characters the filter turns into escapes. */
bool base_text_hidden(uint32_t codepoint);
/* Takes out of a text, in place, what may be a credential: queries of URLs, values of signature
 * parameters (AWS, Azure, Google; any letter case), words after "Bearer" and "Basic", Databricks
 * tokens and secrets, JSON web tokens. What was there is shown as "***". Messages and log values
 * pass here; it is the net below the rule never to put one there. */
void base_text_redact(char *text);
bool base_text_utf8_valid(const char *text, size_t len);
/* Decodes one character; returns its length in bytes or 0 when invalid. */
size_t base_text_utf8_decode(const char *text, size_t len, uint32_t *codepoint);
/* ASCII-only, locale-free. */
bool base_text_equal_nocase(const char *a, const char *b);
void base_text_lower(char *text);
/* "1.20 M", "186 MiB": rows and bytes for people; out 24 bytes. */
void base_text_rows(int64_t rows, char out[24]);
void base_text_bytes(int64_t bytes, char out[24]);

#endif
