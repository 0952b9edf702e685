/* Keys of the tree: "c:shop", "s:shop.aampe", "t:shop.aampe.events"; what follows the colon is the
 * full name as model_name_text writes it, parts with dots or backticks in backticks. Pure. */
#ifndef AAMPE_CATALOG_KEY_H
#define AAMPE_CATALOG_KEY_H

#include <stddef.h>

/* Lower-case copy, ASCII; malloc'd. */
char *catalog_key_lower(const char *text);
/* Parts of a full name; dots inside backticks divide nothing. */
size_t catalog_key_parts(const char *full_name);
/* Bytes of the first `parts` parts of a full name, without the dot after them. */
size_t catalog_key_prefix(const char *full_name, size_t parts);
/* Key of the container of kind 's' or 'c' that a full name lies in; malloc'd. */
char *catalog_key_parent(const char *full_name, char parent_kind);

#endif
