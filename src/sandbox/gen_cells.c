/* Small tables whose cells are written out as text. */
#include "base/alloc.h"
#include "sandbox/cast.h"
#include "sandbox/world.h"

SANDBOX_FILL(sandbox_fill_cells)
{
    const char *const *cells = gen->column->extra;
    struct sandbox_arena *arena = sandbox_arena_new();
    struct sandbox_type text = sandbox_type_of(SB_STRING);
    for (int64_t i = 0; i < gen->count; i++) {
        const char *cell = cells[(gen->row + i) % gen->table_rows];
        struct sandbox_value value = {
            .null = strcmp(cell, "\1") == 0, .text = cell, .len = strlen(cell)};
        char why[200];
        if (out->type.kind == SB_BINARY &&
            cell[0] == 'x') { /* hex, so that NUL bytes can be said */
            char *bytes = sandbox_arena_alloc(arena, value.len / 2 + 1);
            value.len /= 2;
            for (size_t j = 0; j < value.len; j++)
                for (size_t k = 0; k < 2; k++) {
                    char digit = cell[1 + 2 * j + k];
                    bytes[j] =
                        (char)(bytes[j] << 4 | (digit <= '9' ? digit - '0' : digit - 'a' + 10));
                }
            value.text = bytes;
        } else if (sandbox_cast(arena, &value, &text, &out->type, "Etc/UTC", why) < 0) {
            bug("cell \"%s\": %s", cell, why);
        }
        sandbox_vector_append(out, &value);
    }
    sandbox_arena_free(&arena);
}
