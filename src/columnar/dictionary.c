#include "columnar/dictionary.h"

#define FIRST_SLOTS 1024
#define PROBES_MAX 96

void dictionary_init(struct dictionary *dictionary, size_t width, size_t max_bytes)
{
    *dictionary = (struct dictionary){.width = width, .max_bytes = max_bytes};
    dictionary->slot_count = FIRST_SLOTS;
    dictionary->slots = base_alloc_zero(FIRST_SLOTS, sizeof *dictionary->slots);
}

void dictionary_free(struct dictionary *dictionary)
{
    bytes_free(&dictionary->plain);
    free(dictionary->starts);
    free(dictionary->slots);
    *dictionary = (struct dictionary){0};
}

void dictionary_close(struct dictionary *dictionary)
{
    base_free(&dictionary->starts);
    base_free(&dictionary->slots);
    dictionary->starts_cap = dictionary->slot_count = 0;
}

size_t dictionary_memory(const struct dictionary *dictionary)
{
    return dictionary->plain.cap + dictionary->starts_cap * 4 +
           dictionary->slot_count * sizeof *dictionary->slots;
}

static uint64_t mix(uint64_t value)
{
    unsigned __int128 product =
        (unsigned __int128)(value ^ 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_bytes(const uint8_t *data, size_t len)
{
    uint64_t hash = len * 0xa0761d6478bd642fu, tail = 0;
    for (; len > 8; data += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        hash = mix(hash ^ word);
    }
    if (len)
        memcpy(&tail, data, len);
    return mix(hash ^ tail);
}

static void grow(struct dictionary *dictionary)
{
    size_t count = dictionary->slot_count * 2, mask = count - 1;
    struct dictionary_slot *slots = base_alloc_zero(count, sizeof *slots);
    /* The tag is the hash's low half, which is all the position needs up to 2^32 slots. */
    for (size_t i = 0; i < dictionary->slot_count; i++) {
        struct dictionary_slot slot = dictionary->slots[i];
        if (!slot.index)
            continue;
        size_t at = slot.tag & mask;
        while (slots[at].index)
            at = (at + 1) & mask;
        slots[at] = slot;
    }
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->slot_count = count;
}

struct slice dictionary_entry(const struct dictionary *dictionary, uint32_t index)
{
    struct slice slice = {.len = (uint32_t)dictionary->width};
    if (dictionary->width) {
        slice.data = dictionary->plain.data + dictionary->width * index;
        return slice;
    }
    const uint8_t *at = dictionary->plain.data + dictionary->starts[index];
    memcpy(&slice.len, at, 4);
    slice.data = at + 4;
    return slice;
}

static uint32_t enter(struct dictionary *dictionary, size_t at, uint32_t tag, struct slice value)
{
    size_t prefix = dictionary->width ? 0 : 4;
    if (dictionary->plain.len + prefix + value.len > dictionary->max_bytes)
        return DICTIONARY_FULL;
    uint32_t index = dictionary->count++;
    if (prefix) {
        if (index == dictionary->starts_cap) {
            dictionary->starts_cap = dictionary->starts_cap ? dictionary->starts_cap * 2 : 256;
            dictionary->starts = base_realloc(dictionary->starts, dictionary->starts_cap, 4);
        }
        dictionary->starts[index] = (uint32_t)dictionary->plain.len;
        bytes_u32(&dictionary->plain, value.len);
    }
    bytes_append(&dictionary->plain, value.data, value.len);
    dictionary->slots[at] = (struct dictionary_slot){.tag = tag, .index = index + 1};
    if ((size_t)dictionary->count * 2 > dictionary->slot_count)
        grow(dictionary);
    return dictionary->last = index;
}

uint32_t dictionary_put_fixed(struct dictionary *dictionary, uint64_t value, bool *is_new)
{
    const size_t width = dictionary->width, mask = dictionary->slot_count - 1;
    uint32_t tag = (uint32_t)mix(value);
    size_t at = tag & mask;
    for (int probes = 0; dictionary->slots[at].index; at = (at + 1) & mask) {
        if (dictionary->slots[at].tag == tag) {
            uint64_t have = 0;
            uint32_t index = dictionary->slots[at].index - 1;
            memcpy(&have, dictionary->plain.data + width * index, width);
            if (have == value)
                return index;
        }
        if (++probes > PROBES_MAX)
            return DICTIONARY_FULL;
    }
    *is_new = true;
    return enter(dictionary, at, tag, (struct slice){(const uint8_t *)&value, (uint32_t)width});
}

static bool entry_is(const struct dictionary *dictionary, uint32_t index, struct slice value)
{
    struct slice have = dictionary_entry(dictionary, index);
    return have.len == value.len && (!value.len || memcmp(have.data, value.data, value.len) == 0);
}

uint32_t dictionary_put_bytes(struct dictionary *dictionary, struct slice value, bool *is_new)
{
    const size_t mask = dictionary->slot_count - 1;
    if (dictionary->count && entry_is(dictionary, dictionary->last, value))
        return dictionary->last;
    uint32_t tag = (uint32_t)hash_bytes(value.data, value.len);
    size_t at = tag & mask;
    for (int probes = 0; dictionary->slots[at].index; at = (at + 1) & mask) {
        if (dictionary->slots[at].tag == tag &&
            entry_is(dictionary, dictionary->slots[at].index - 1, value))
            return dictionary->last = dictionary->slots[at].index - 1;
        if (++probes > PROBES_MAX)
            return DICTIONARY_FULL;
    }
    *is_new = true;
    return enter(dictionary, at, tag, value);
}
