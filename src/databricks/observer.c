#include "databricks/observer.h"

#include "base/text.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define DEPTH_MAX 32

struct reader {
    const char *at;
    char word[64]; /* the token: a word, or one character of punctuation */
    bool bad;
};

/* Past quotes, comments are refused: what hides in them is not worth finding out. */
static bool next(struct reader *reader)
{
    const char *at = reader->at;
    size_t len = 0;
    while (isspace((unsigned char)*at))
        at++;
    if (*at == '\'' || *at == '"' || *at == '`' || *at == ';' || *at == '\\' ||
        strncmp(at, "--", 2) == 0 || strncmp(at, "/*", 2) == 0) {
        if (*at != '\'')
            return reader->bad = true, false;
        for (at++; *at && *at != '\''; at++)
            if (*at == '\\')
                return reader->bad = true, false;
        if (!*at)
            return reader->bad = true, false;
        reader->at = at + 1;
        memcpy(reader->word, "'", 2);
        return true;
    }
    if (isalnum((unsigned char)*at) || *at == '_') {
        while (isalnum((unsigned char)at[len]) || at[len] == '_')
            len++;
        if (len >= sizeof reader->word)
            return reader->bad = true, false;
    } else if (*at) {
        len = 1;
    }
    memcpy(reader->word, at, len);
    reader->word[len] = '\0';
    base_text_lower(reader->word);
    reader->at = at + len;
    return len > 0;
}

static bool takes(struct reader *reader, const char *word)
{
    return next(reader) && strcmp(reader->word, word) == 0;
}

/* What stands after FROM or JOIN. */
static bool source_good(struct reader *reader)
{
    struct reader ahead = *reader;
    if (!next(&ahead))
        return false;
    if (strcmp(ahead.word, "(") == 0) {
        *reader = ahead;
        struct reader inner = ahead;
        return takes(&inner, "select");
    }
    *reader = ahead;
    if (strcmp(ahead.word, "system") != 0 || !takes(reader, ".") || !next(reader) ||
        (strcmp(reader->word, "access") != 0 && strcmp(reader->word, "query") != 0) ||
        !takes(reader, ".") || !next(reader))
        return false;
    struct reader after = *reader;
    return !next(&after) || strcmp(after.word, ".") != 0;
}

bool databricks_observer_may(const char *sql)
{
    static const char *const ends[] = {"where", "on", "group", "order", "limit", "union", "having"};
    struct reader reader = {.at = sql};
    bool in_from[DEPTH_MAX] = {false}, any = false; /* by depth of brackets */
    int depth = 0;
    if (!takes(&reader, "select"))
        return false;
    while (next(&reader)) {
        const char *word = reader.word;
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
            in_from[depth] = in_from[depth] && strcmp(word, ends[i]) != 0;
        if (strcmp(word, "from") == 0 || strcmp(word, "join") == 0) {
            if (!source_good(&reader))
                return false;
            in_from[depth] = any = true;
        }
        if (in_from[depth] && *word == ',')
            return false; /* a second table */
        if (*word == '(' && ++depth == DEPTH_MAX)
            return false;
        if (*word == '(')
            in_from[depth] = false;
        if (*word == ')' && depth-- == 0)
            return false;
    }
    return any && depth == 0 && !reader.bad;
}
