#include "base/map.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/* Entries lie in insertion order; slots hold entry index + 1 (0 = free). A removed entry keeps its
 * slot with a NULL key until the next compaction, so that probing stays right. */
struct entry {
    char *key;
    void *value;
    uint64_t hash;
};

struct base_map {
    struct entry *entries;
    size_t used, cap; /* entries, removed ones included */
    size_t live;
    size_t *slots;
    size_t slot_count; /* power of two, 0 before the first put */
};

struct base_map *base_map_new(void)
{
    return base_alloc_zero(1, sizeof(struct base_map));
}

void base_map_free(struct base_map **map, void (*free_value)(void *))
{
    if (!*map)
        return;
    for (size_t i = 0; i < (*map)->used; i++) {
        if (!(*map)->entries[i].key)
            continue;
        free((*map)->entries[i].key);
        if (free_value)
            free_value((*map)->entries[i].value);
    }
    free((*map)->entries);
    free((*map)->slots);
    base_free(map);
}

static void place(struct base_map *map, size_t index)
{
    size_t at = (size_t)map->entries[index].hash & (map->slot_count - 1);

    while (map->slots[at])
        at = (at + 1) & (map->slot_count - 1);
    map->slots[at] = index + 1;
}

/* Drops removed entries and builds the slots anew, at most half full. */
static void rebuild(struct base_map *map)
{
    size_t kept = 0, slot_count = 16;

    for (size_t i = 0; i < map->used; i++)
        if (map->entries[i].key)
            map->entries[kept++] = map->entries[i];
    map->used = kept;
    while (slot_count < (kept + 1) * 4)
        slot_count *= 2;
    free(map->slots);
    map->slots = base_alloc_zero(slot_count, sizeof *map->slots);
    map->slot_count = slot_count;
    for (size_t i = 0; i < kept; i++)
        place(map, i);
}

static struct entry *find(const struct base_map *map, const char *key, uint64_t hash)
{
    if (!map || !map->slot_count)
        return NULL;
    for (size_t at = (size_t)hash & (map->slot_count - 1); map->slots[at];
         at = (at + 1) & (map->slot_count - 1)) {
        struct entry *entry = &map->entries[map->slots[at] - 1];

        if (entry->key && entry->hash == hash && !strcmp(entry->key, key))
            return entry;
    }
    return NULL;
}

void *base_map_get(const struct base_map *map, const char *key)
{
    struct entry *entry = find(map, key, base_hash64(key, strlen(key), 0));

    return entry ? entry->value : NULL;
}

void *base_map_put(struct base_map *map, const char *key, void *value)
{
    uint64_t hash = base_hash64(key, strlen(key), 0);
    struct entry *entry = find(map, key, hash);

    if (entry) {
        void *old = entry->value;

        entry->value = value;
        return old;
    }
    if ((map->used + 1) * 2 > map->slot_count)
        rebuild(map);
    if (map->used == map->cap) {
        map->cap = map->cap ? map->cap * 2 : 8;
        map->entries = base_realloc(map->entries, map->cap, sizeof *map->entries);
    }
    map->entries[map->used] = (struct entry){base_strdup(key), value, hash};
    place(map, map->used++);
    map->live++;
    return NULL;
}

void *base_map_remove(struct base_map *map, const char *key)
{
    struct entry *entry = find(map, key, base_hash64(key, strlen(key), 0));
    void *value;

    if (!entry)
        return NULL;
    value = entry->value;
    base_free(&entry->key);
    entry->value = NULL;
    map->live--;
    return value;
}

size_t base_map_count(const struct base_map *map)
{
    return map ? map->live : 0;
}

bool base_map_at(const struct base_map *map, size_t index, const char **key, void **value)
{
    if (!map || index >= map->live)
        return false;
    /* The walk wants dense indexes; compaction changes nothing a caller can see. */
    if (map->live != map->used)
        rebuild((struct base_map *)map);
    if (key)
        *key = map->entries[index].key;
    if (value)
        *value = map->entries[index].value;
    return true;
}
