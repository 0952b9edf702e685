/* Distinct values of a column chunk while it is written. The entries are kept as the PLAIN bytes
 * of the dictionary page. Private to the room. */
#ifndef AAMPE_COLUMNAR_DICTIONARY_H
#define AAMPE_COLUMNAR_DICTIONARY_H

#include "columnar/bytes.h"

#include <stdbool.h>

struct dictionary {
    struct bytes plain; /* the page */
    uint32_t *starts;   /* byte arrays: where each entry's length prefix (or value) starts */
    size_t starts_cap;
    struct dictionary_slot {
        uint32_t tag, index; /* index + 1; 0 = free */
    } * slots;
    size_t slot_count; /* power of two */
    uint32_t count;
    size_t width; /* fixed width; 0 = length-prefixed */
    size_t max_bytes;
    uint32_t last; /* index found last: clustered columns repeat it */
};

struct slice {
    const uint8_t *data;
    uint32_t len;
};

#define DICTIONARY_FULL UINT32_MAX

void dictionary_init(struct dictionary *dictionary, size_t width, size_t max_bytes);
/* No further values: frees all but the entries' bytes. */
void dictionary_close(struct dictionary *dictionary);
void dictionary_free(struct dictionary *dictionary);
/* Index of the value, entered if new; DICTIONARY_FULL when there is no room, or the table has
 * degenerated (values made to collide must not make us slow). *is_new tells the caller to look
 * at it for statistics. */
uint32_t dictionary_put_fixed(struct dictionary *dictionary, uint64_t value, bool *is_new);
uint32_t dictionary_put_bytes(struct dictionary *dictionary, struct slice value, bool *is_new);
struct slice dictionary_entry(const struct dictionary *dictionary, uint32_t index);
size_t dictionary_memory(const struct dictionary *dictionary);

#endif
