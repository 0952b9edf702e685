/* The difference of two texts as a patch of one piece. */
#include "engine/tree.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <string.h>

#define CONTEXT 3

struct lines {
    const char *text;
    size_t count;
};

static struct lines lines_of(const char *text)
{
    struct lines lines = {text, 0};
    for (const char *at = text; *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : "")
        lines.count++;
    return lines;
}

/* Line by number, with its length without the newline. */
static const char *line_at(const struct lines *lines, size_t number, size_t *len)
{
    const char *at = lines->text;
    while (number-- > 0)
        at = strchr(at, '\n') + 1;
    *len = strcspn(at, "\n");
    return at;
}

static bool line_same(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
    size_t left_len, right_len;
    const char *left = line_at(a, i, &left_len), *right = line_at(b, k, &right_len);
    return left_len == right_len && memcmp(left, right, left_len) == 0;
}

static void put(struct buf *out, char sign, const struct lines *lines, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        size_t len;
        const char *line = line_at(lines, i, &len);
        (void)base_buf_printf(out, "%c%.*s\n", sign, (int)len, line);
    }
}

char *engine_patch(const char *name, const char *before, const char *after)
{
    struct lines old = lines_of(before), new = lines_of(after);
    const char *file = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    size_t head = 0, tail = 0;
    struct buf out;
    base_buf_init(&out, BUF_MAX_DEFAULT);
    while (head < old.count && head < new.count &&line_same(&old, head, &new, head))
        head++;
    while (tail < old.count - head &&
           tail <
               new.count - head &&line_same(&old, old.count - 1 - tail, &new, new.count - 1 - tail))
        tail++;
    size_t lead = head < CONTEXT ? head : CONTEXT, trail = tail < CONTEXT ? tail : CONTEXT;
    size_t from = head - lead, old_to = old.count - tail, new_to = new.count - tail;
    (void)base_buf_text(&out, "");
    if (head < old.count || head < new.count) {
        (void)base_buf_printf(&out, "--- a/%s\n+++ b/%s\n@@ -%zu,%zu +%zu,%zu @@\n", file, file,
                              from + 1, old_to + trail - from, from + 1, new_to + trail - from);
        put(&out, ' ', &old, from, head);
        put(&out, '-', &old, head, old_to);
        put(&out, '+', &new, head, new_to);
        put(&out, ' ', &old, old_to, old_to + trail);
    }
    return base_buf_take(&out, NULL);
}
