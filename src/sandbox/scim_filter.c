#define _GNU_SOURCE
#include "sandbox/scim.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 16
#define WORD_MAX 64
#define VALUE_MAX 512

struct reader {
    const char *at;
    const cJSON *resource;
    int depth;
    bool wrong;
};

static void blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t");
}

/* A bare word: attribute, operator, true, 12. */
static void word_read(struct reader *reader, char word[WORD_MAX])
{
    size_t len;

    blanks(reader);
    len = strcspn(reader->at, " \t()\"");
    if (!len || len >= WORD_MAX) {
        reader->wrong = true;
        len = 0;
    }
    memcpy(word, reader->at, len);
    word[len] = '\0';
    reader->at += len;
}

static void value_read(struct reader *reader, char value[VALUE_MAX])
{
    char word[WORD_MAX];
    size_t len = 0;

    blanks(reader);
    if (*reader->at != '"') {
        word_read(reader, word);
        memcpy(value, word, strlen(word) + 1);
        return;
    }
    for (reader->at++; *reader->at && *reader->at != '"'; reader->at++) {
        if (*reader->at == '\\' && reader->at[1])
            reader->at++;
        if (len + 1 < VALUE_MAX)
            value[len++] = *reader->at;
        else
            reader->wrong = true;
    }
    value[len] = '\0';
    reader->wrong |= *reader->at != '"';
    reader->at += *reader->at == '"';
}

static bool text_matches(const char *text, const char *operator, const char * value)
{
    if (strcmp(operator, "co") == 0)
        return strcasestr(text, value) != NULL;
    if (strcmp(operator, "sw") == 0)
        return strncasecmp(text, value, strlen(value)) == 0;
    return strcasecmp(text, value) == 0;
}

/* Of a list, one item is enough; of an object in it, its value. */
static bool item_matches(const cJSON *item, const char *path, const char *operator,
                         const char * value)
{
    const char *dot = path ? strchr(path, '.') : NULL;
    char name[WORD_MAX];
    const cJSON *child;

    if (!item)
        return false;
    if (cJSON_IsArray(item)) {
        cJSON_ArrayForEach(child, item)
        {
            if (item_matches(child, path ? path : "value", operator, value))
                return true;
        }
        return false;
    }
    if (path && cJSON_IsObject(item)) {
        size_t len = dot ? (size_t)(dot - path) : strlen(path);

        memcpy(name, path, len);
        name[len] = '\0';
        return item_matches(cJSON_GetObjectItem(item, name), dot ? dot + 1 : NULL, operator, value);
    }
    if (strcmp(operator, "pr") == 0)
        return true;
    if (cJSON_IsBool(item))
        return text_matches(cJSON_IsTrue(item) ? "true" : "false", "eq", value);
    return cJSON_IsString(item) && text_matches(item->valuestring, operator, value);
}

static bool attribute_known(const char *path)
{
    static const char *const known[] = {"id",     "userName", "displayName", "applicationId",
                                        "active", "emails",   "externalId",  "groups",
                                        "name",   "members",  "roles",       "entitlements"};
    size_t len = strcspn(path, ".");

    for (size_t i = 0; i < base_countof(known); i++) {
        if (strlen(known[i]) == len && strncasecmp(known[i], path, len) == 0)
            return true;
    }
    return false;
}

static bool comparison(struct reader *reader)
{
    static const char *const operators[] = {"eq", "ne", "co", "sw", "pr"};
    char attribute[WORD_MAX], operator[WORD_MAX], value[VALUE_MAX] = "";
    bool known = false, matches;

    word_read(reader, attribute);
    word_read(reader, operator);
    for (char *c = operator; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    for (size_t i = 0; i < base_countof(operators); i++)
        known |= strcmp(operators[i], operator) == 0;
    if (strcmp(operator, "pr") != 0)
        value_read(reader, value);
    if (!known || !attribute_known(attribute))
        reader->wrong = true;
    if (reader->wrong)
        return false;
    matches = item_matches(reader->resource, attribute, operator, value);
    return strcmp(operator, "ne") == 0 ? !matches : matches;
}

static bool word_next(struct reader *reader, const char *word)
{
    size_t len = strlen(word);

    blanks(reader);
    if (strncasecmp(reader->at, word, len) != 0 || !strchr(" \t(", reader->at[len]) ||
        !reader->at[len])
        return false;
    reader->at += len;
    return true;
}

static bool either(struct reader *reader);

static bool factor(struct reader *reader)
{
    bool not = word_next(reader, "not"), matches;

    blanks(reader);
    if (*reader->at != '(')
        return comparison(reader) != not ;
    reader->at++;
    if (++reader->depth > DEPTH_MAX) {
        reader->wrong = true;
        return false;
    }
    matches = either(reader);
    reader->depth--;
    blanks(reader);
    reader->wrong |= *reader->at != ')';
    reader->at += *reader->at == ')';
    return matches != not ;
}

static bool both(struct reader *reader)
{
    bool matches = factor(reader);

    while (!reader->wrong && word_next(reader, "and"))
        matches = factor(reader) && matches;
    return matches;
}

static bool either(struct reader *reader)
{
    bool matches = both(reader);

    while (!reader->wrong && word_next(reader, "or"))
        matches = both(reader) || matches;
    return matches;
}

int sandbox_scim_filter(const char *filter, const cJSON *resource)
{
    struct reader reader = {.at = filter, .resource = resource};
    bool matches = either(&reader);

    blanks(&reader);
    return reader.wrong || *reader.at ? -1 : matches;
}
