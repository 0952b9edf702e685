/* What the tests of src/columnar share: test data, byte strings, a small random generator. */
#ifndef AAMPE_TESTS_COLUMNAR_HELP_H
#define AAMPE_TESTS_COLUMNAR_HELP_H

#include "base/err.h"
#include "columnar/arrow.h"

#include <stddef.h>
#include <stdint.h>

/* Paths of the golden files with this ending, sorted; NULL when there is no test data. */
char **help_golden_list(const char *ending, size_t *count);
void help_list_free(char **list, size_t count);
/* Whole file in malloc'd memory. */
uint8_t *help_read(const char *path, size_t *len);
/* The same, through gunzip. */
uint8_t *help_gunzip(const char *path, size_t *len);
/* splitmix64: same seed, same numbers. */
uint64_t help_random(uint64_t *state);
/* Opens and walks a chunk to its end, touching every value it offers; sum is there to be used.
 * Takes bytes. */
int help_walk(uint8_t *take, size_t len, bool lz4, const struct columnar_limits *limits,
              int64_t *rows, uint64_t *sum, struct err *err);

#endif
