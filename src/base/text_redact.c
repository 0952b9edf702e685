/* The net below the rule that no credential gets into a message or a log. Credentials leaked by
 * other clients came in exception texts, second header names, presigned links in other letter cases
 * and in server answers. */
#include "base/text.h"

#include "base/alloc.h"

#include <string.h>

#define END_OF_VALUE " \t\r\n\"'<>&;,)}]"
#define END_OF_URL " \t\r\n\"'<>)}]"

/* Names of parameters, then of headers, whose value is or holds a credential. */
#define FIRST_HEADER (base_countof(names) - 3)
static const char *const names[] = {
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "X-Goog-Signature",
    "X-Goog-Credential",
    "AWSAccessKeyId",
    "Signature",
    "sig",
    "skoid",
    "sktid",
    "client_secret",
    "access_token",
    "refresh_token",
    "id_token",
    "assertion",
    "client_assertion",
    "password",
    "passwd",
    "secret",
    "token",
    "x-api-key",
    "Authorization",
    "X-Databricks-Azure-SP-Management-Token",
};

static bool word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool starts(const char *text, const char *prefix)
{
    for (; *prefix; prefix++, text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text;
        char p = *prefix >= 'A' && *prefix <= 'Z' ? (char)(*prefix + 32) : *prefix;

        if (c != p)
            return false;
    }
    return true;
}

/* Behind a name: bytes up to its value in the forms n=v, n%3Dv, "n":"v" and, for headers, n: v; 0:
 * none of them. A plain "name: words" is a sentence. */
static size_t to_value(const char *after, bool header)
{
    const char *at = after;

    if (*at == '"' && at[1] == ':') {
        at += at[2] == ' ' ? 3 : 2;
        return *at == '"' ? (size_t)(at + 1 - after) : 0;
    }
    if (header && *at == ':')
        return at[1] == ' ' ? 2 : 1;
    if (starts(at, "%3d"))
        return 3;
    if (*at != '=')
        return 0;
    return at[1] == '"' || at[1] == '\'' ? 2 : 1;
}

/* Bytes of text up to the value of a named parameter that begins here; 0: none does. */
static size_t named(const char *text)
{
    for (size_t i = 0; i < base_countof(names); i++) {
        size_t len = strlen(names[i]), more;

        if (starts(text, names[i]) && (more = to_value(text + len, i >= FIRST_HEADER)))
            return len + more;
    }
    return 0;
}

static size_t run_of(const char *text, const char *set)
{
    return strspn(text, set);
}

/* Length of a token that is known by its looks; 0: none begins here. */
static size_t token(const char *text)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    static const char base64url[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len;

    if ((starts(text, "dapi") || starts(text, "dose")) && (len = run_of(text + 4, hex)) >= 16)
        return 4 + len + run_of(text + 4 + len, "-0123456789");
    if (!strncmp(text, "eyJ", 3) && (len = run_of(text, base64url)) >= 20)
        return len;
    return 0;
}

/* At text[at]: how much stays, and how much behind it goes. False: nothing to hide begins here. */
static bool find(const char *text, size_t at, size_t *keep, size_t *drop)
{
    const char *here = text + at;
    bool word_start = !at || !word_byte(here[-1]) || (at >= 3 && starts(here - 3, "%26"));

    *keep = 0;
    if (!strncmp(here, "://", 3)) {
        size_t len = strcspn(here, END_OF_URL), query = strcspn(here, "?" END_OF_URL);

        *keep = query + 1;
        *drop = len > query + 1 ? len - query - 1 : 0;
        return *drop >= 3; /* "***" fits in its place */
    }
    if (!word_start)
        return false;
    if ((*drop = token(here)))
        return true;
    *keep = named(here);
    if (starts(here + *keep, "Bearer ") || starts(here + *keep, "Basic ")) {
        *keep += strcspn(here + *keep, " ") + 1;
        *drop = strcspn(here + *keep, END_OF_VALUE);
        return *drop >= 16; /* "Bearer token expired" is a sentence */
    }
    *drop = strcspn(here + *keep, END_OF_VALUE);
    return *keep && *drop >= 4; /* shorter is no credential */
}

/* "https://user:password@host": what stands before the host. */
static void hide_login(char *text)
{
    for (char *at = text; (at = strstr(at, "://")) != NULL;) {
        char *login = at + 3;
        size_t authority = strcspn(login, "/?#" END_OF_URL), len = authority;

        while (len && login[len - 1] != '@')
            len--;
        at = login;
        if (!len--)
            continue;
        memset(login, '*', len < 3 ? len : 3);
        if (len > 3)
            memmove(login + 3, login + len, strlen(login + len) + 1);
    }
}

void base_text_redact(char *text)
{
    size_t len, from = 0, to = 0, keep, drop;

    hide_login(text);
    len = strlen(text);
    while (from < len) {
        if (!find(text, from, &keep, &drop)) {
            text[to++] = text[from++];
            continue;
        }
        memmove(text + to, text + from, keep);
        memcpy(text + to + keep, "***", 3);
        to += keep + 3;
        from += keep + drop;
    }
    text[to] = '\0';
}
