/* Hash map from text to pointer. Keys are copied; values are the caller's. */
#ifndef AAMPE_BASE_MAP_H
#define AAMPE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct base_map;
struct base_map *base_map_new(void);
void base_map_free(struct base_map **map, void (*free_value)(void *)); /* free_value may be NULL */
void *base_map_get(const struct base_map *map, const char *key);       /* NULL: absent */
void *base_map_put(struct base_map *map, const char *key,
                   void *value); /* returns the replaced value */
void *base_map_remove(struct base_map *map, const char *key);
size_t base_map_count(const struct base_map *map);
/* Walk in insertion order: for (size_t i = 0; base_map_at(map, i, &key, &value); i++). */
bool base_map_at(const struct base_map *map, size_t index, const char **key, void **value);

#endif
