#include "sandbox/fault.h"
#include "sandbox/unity.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

#define SERVER_CAP 10000
#define AFTER_EMPTY ((size_t)1 << 40) /* mark in a token: the empty page was served */

/* Tokens are opaque to clients: base64 of "endpoint:position", so that one of another list is
 * refused. */
static char *token_text(const struct sandbox_exchange *exchange, size_t position)
{
    char *plain = base_printf("%s:%zu", exchange->endpoint, position);
    struct buf out;

    base_buf_init(&out, 4096);
    if (base_base64_encode(plain, strlen(plain), &out) != 0)
        bug("a page token is too long");
    free(plain);
    return base_buf_take(&out, NULL);
}

static bool token_read(const struct sandbox_exchange *exchange, const char *token, size_t *position)
{
    struct buf plain;
    size_t len = strlen(exchange->endpoint);
    bool good;

    base_buf_init(&plain, 4096);
    good = base_base64_decode(token, strlen(token), &plain) == 0 && plain.len > len + 1 &&
           strncmp(plain.data, exchange->endpoint, len) == 0 &&
           sscanf(plain.data + len, ":%zu", position) == 1;
    base_buf_free(&plain);
    return good;
}

static bool empty_page_wanted(struct sandbox_exchange *exchange, const char *scope)
{
    struct sandbox_fault_probe probe = {.endpoint = exchange->endpoint,
                                        .path = exchange->path,
                                        .principal = exchange->principal,
                                        .scope = scope,
                                        .chunk = -1};
    cJSON *options = sandbox_fault_hit(exchange->server, "empty_page", &probe);
    bool wanted = options != NULL;

    cJSON_Delete(options);
    return wanted;
}

bool sandbox_page_read_as(struct sandbox_exchange *exchange, const char *size_name,
                          const char *scope, bool always, struct sandbox_page *page)
{
    const char *max = sandbox_exchange_query(exchange, size_name);
    const char *token = sandbox_exchange_query(exchange, "page_token");
    long long wanted = 0;
    char *end = NULL;

    *page = (struct sandbox_page){.size = max || always ? 0 : SIZE_MAX};
    if (max)
        wanted = strtoll(max, &end, 10);
    if (max && (end == max || *end || wanted < 0)) {
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "Invalid %s value: %s. It must be at least 0.", size_name, max);
        return false;
    }
    if (page->size == 0)
        page->size = wanted ? (size_t)(wanted < SERVER_CAP ? wanted : SERVER_CAP)
                            : (size_t)sandbox_server_setting(exchange->server, SANDBOX_PAGE_SIZE);
    if (token && *token) {
        if (!token_read(exchange, token, &page->start)) {
            sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE", "Invalid page token.");
            return false;
        }
        page->start &= AFTER_EMPTY - 1;
    } else if (page->size != SIZE_MAX) {
        page->empty = empty_page_wanted(exchange, scope);
    }
    return true;
}

bool sandbox_page_read(struct sandbox_exchange *exchange, const char *scope, bool always,
                       struct sandbox_page *page)
{
    return sandbox_page_read_as(exchange, "max_results", scope, always, page);
}

void sandbox_page_token(const struct sandbox_exchange *exchange, const struct sandbox_page *page,
                        size_t end, size_t total, cJSON *json)
{
    char *token;

    if (end >= total && !page->empty)
        return;
    token = token_text(exchange, page->empty ? AFTER_EMPTY : end);
    base_json_add_str(json, "next_page_token", token);
    free(token);
}
