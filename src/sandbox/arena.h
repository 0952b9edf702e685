/* Memory that lives as long as one statement (or one table) and is freed at once. */
#ifndef AAMPE_SANDBOX_ARENA_H
#define AAMPE_SANDBOX_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct sandbox_arena;

struct sandbox_arena *sandbox_arena_new(void);
void sandbox_arena_free(struct sandbox_arena **arena);
/* Everything given so far is void; memory is kept for the next use. */
void sandbox_arena_reset(struct sandbox_arena *arena);
/* Zeroed, aligned to 16. Never NULL. */
void *sandbox_arena_alloc(struct sandbox_arena *arena, size_t size);
char *sandbox_arena_text(struct sandbox_arena *arena, const char *text, size_t len);
char *sandbox_arena_dup(struct sandbox_arena *arena, const char *text); /* NULL gives NULL */
__attribute__((format(printf, 2, 3))) char *sandbox_arena_printf(struct sandbox_arena *arena,
                                                                 const char *fmt, ...);

#endif
