#include "catalog/key.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

char *catalog_key_lower(const char *text)
{
    char *copy = base_strdup(text);
    base_text_lower(copy);
    return copy;
}

size_t catalog_key_prefix(const char *full_name, size_t parts)
{
    bool quoted = false;
    size_t at = 0;
    for (; full_name[at]; at++) {
        if (full_name[at] == '`')
            quoted = !quoted; /* a doubled one ends and begins again */
        else if (full_name[at] == '.' && !quoted && --parts == 0)
            break;
    }
    return at;
}

size_t catalog_key_parts(const char *full_name)
{
    size_t parts = 1, at = 0;
    while (full_name[at = catalog_key_prefix(full_name, parts)] == '.')
        parts++;
    return parts;
}

char *catalog_key_parent(const char *full_name, char parent_kind)
{
    size_t parts = parent_kind == 'c' ? 1 : 2;
    return base_printf("%c:%.*s", parent_kind, (int)catalog_key_prefix(full_name, parts),
                       full_name);
}
