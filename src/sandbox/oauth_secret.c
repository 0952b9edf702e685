#include "sandbox/oauth_secret.h"

#include "sandbox/unity.h"

#include "base/hash.h"
#include "base/text.h"

#include <pthread.h>
#include <string.h>

#define SLOTS 5
#define LIFETIME_MAX 63072000 /* 730 days */

struct oauth_secret {
    char *id, *client_id, *hash;
    int64_t created_us, updated_us, expires_us; /* 0: never, as secrets made before 2025 */
};

struct sandbox_secrets {
    pthread_mutex_t lock;
    vec_of(struct oauth_secret) items;
};

struct sandbox_secrets *sandbox_secrets_new(void)
{
    struct sandbox_secrets *secrets = base_alloc_zero(1, sizeof *secrets);

    pthread_mutex_init(&secrets->lock, NULL);
    return secrets;
}

static void item_free(struct oauth_secret *item)
{
    free(item->id);
    free(item->client_id);
    free(item->hash);
}

void sandbox_secrets_free(struct sandbox_secrets **held)
{
    struct sandbox_secrets *secrets = *held;

    if (!secrets)
        return;
    for (size_t i = 0; i < secrets->items.count; i++)
        item_free(&secrets->items.items[i]);
    vec_free(&secrets->items);
    pthread_mutex_destroy(&secrets->lock);
    free(secrets);
    *held = NULL;
}

static char *hash_text(const char *secret)
{
    uint8_t digest[32];
    char hex[65];

    base_sha256(secret, strlen(secret), digest);
    base_hex(digest, sizeof digest, hex);
    return base_strdup(hex);
}

static char *random_hex(struct base_seam *seam, const char *prefix)
{
    unsigned char bytes[16];
    char hex[33];

    base_seam_random(seam, bytes, sizeof bytes);
    base_hex(bytes, sizeof bytes, hex);
    return base_printf("%s%s", prefix, hex);
}

static size_t count_of(const struct sandbox_secrets *secrets, const char *client_id)
{
    size_t count = 0;

    for (size_t i = 0; i < secrets->items.count; i++)
        count += base_text_equal_nocase(secrets->items.items[i].client_id, client_id);
    return count;
}

char *sandbox_secrets_add(struct sandbox_server *server, const char *client_id, int64_t lifetime,
                          char **id, struct err *err)
{
    struct sandbox_secrets *secrets = server->secrets;
    int64_t now = base_seam_now_us(server->seam);
    struct oauth_secret item = {.created_us = now, .updated_us = now};
    char *text;

    if (lifetime < 0 || lifetime > LIFETIME_MAX) {
        base_err_set(err, ERR_USAGE, "a secret lives at most %d seconds", LIFETIME_MAX);
        return NULL;
    }
    pthread_mutex_lock(&secrets->lock);
    if (count_of(secrets, client_id) >= SLOTS) {
        pthread_mutex_unlock(&secrets->lock);
        base_err_set(err, ERR_USAGE, "a service principal has at most %d secrets", SLOTS);
        return NULL;
    }
    text = random_hex(server->seam, "dose");
    item.id = random_hex(server->seam, "");
    item.client_id = base_strdup(client_id);
    item.hash = hash_text(text);
    item.expires_us = lifetime ? now + lifetime * 1000000 : 0;
    vec_push(&secrets->items, item);
    if (id)
        *id = base_strdup(item.id);
    pthread_mutex_unlock(&secrets->lock);
    return text;
}

bool sandbox_secrets_match(struct sandbox_server *server, const char *client_id, const char *secret)
{
    struct sandbox_secrets *secrets = server->secrets;
    int64_t now = base_seam_now_us(server->seam);
    char *hash = hash_text(secret);
    bool good = false;

    pthread_mutex_lock(&secrets->lock);
    for (size_t i = 0; i < secrets->items.count; i++) {
        const struct oauth_secret *item = &secrets->items.items[i];

        good |= base_text_equal_nocase(item->client_id, client_id) &&
                strcmp(item->hash, hash) == 0 && (!item->expires_us || now < item->expires_us);
    }
    pthread_mutex_unlock(&secrets->lock);
    free(hash);
    return good;
}

static cJSON *item_json(const struct oauth_secret *item)
{
    cJSON *json = base_json_object();

    base_json_add_str(json, "id", item->id);
    base_json_add_str(json, "secret_hash", item->hash);
    base_json_add_str(json, "status", "ACTIVE"); /* also past its end: only this word was seen */
    base_json_add_time(json, "create_time", item->created_us);
    base_json_add_time(json, "update_time", item->updated_us);
    base_json_add_time(json, "expire_time", item->expires_us);
    return json;
}

static struct oauth_secret *find(struct sandbox_secrets *secrets, const char *client_id,
                                 const char *id)
{
    for (size_t i = 0; i < secrets->items.count; i++) {
        struct oauth_secret *item = &secrets->items.items[i];

        if (base_text_equal_nocase(item->client_id, client_id) && strcmp(item->id, id) == 0)
            return item;
    }
    return NULL;
}

static int change(struct sandbox_server *server, const char *client_id, const cJSON *in,
                  bool remove, struct err *err)
{
    struct sandbox_secrets *secrets = server->secrets;
    struct oauth_secret *item;
    int64_t seconds = 0, now = base_seam_now_us(server->seam);

    pthread_mutex_lock(&secrets->lock);
    item = find(secrets, client_id, base_json_str_or(in, "id", ""));
    if (item && remove) {
        item_free(item);
        for (size_t i = (size_t)(item - secrets->items.items) + 1; i < secrets->items.count; i++)
            secrets->items.items[i - 1] = secrets->items.items[i];
        secrets->items.count--;
    } else if (item) {
        item->expires_us = base_json_i64(in, "seconds", &seconds) ? now + seconds * 1000000 : 0;
        item->updated_us = now;
    }
    pthread_mutex_unlock(&secrets->lock);
    return item ? 0 : base_err_set(err, ERR_USAGE, "no such secret");
}

static int add(struct sandbox_server *server, const char *client_id, const cJSON *in, cJSON *data,
               struct err *err)
{
    char *id = NULL;
    char *text = sandbox_secrets_add(server, client_id,
                                     base_json_i64_or(in, "seconds", LIFETIME_MAX), &id, err);

    if (!text)
        return -1;
    base_json_add_str(data, "id", id);
    base_json_add_str(data, "secret", text);
    memset(text, 0, strlen(text));
    free(text);
    free(id);
    return 0;
}

static void list(struct sandbox_server *server, const char *client_id, cJSON *data)
{
    struct sandbox_secrets *secrets = server->secrets;
    cJSON *array = base_json_add_array(data, "secrets");

    pthread_mutex_lock(&secrets->lock);
    for (size_t i = 0; i < secrets->items.count; i++) {
        if (base_text_equal_nocase(secrets->items.items[i].client_id, client_id))
            base_json_push_take(array, item_json(&secrets->items.items[i]));
    }
    pthread_mutex_unlock(&secrets->lock);
}

int sandbox_secrets_control(struct sandbox_server *server, const cJSON *in, cJSON *data,
                            struct err *err)
{
    const char *principal = base_json_str_or(in, "principal", "");
    const char *operation = base_json_str_or(in, "operation", "");
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(server->workspace, principal);

    if (!who || who->kind != SANDBOX_SERVICE_PRINCIPAL)
        return base_err_set(err, ERR_USAGE, "no service principal is called '%s'", principal);
    if (strcmp(operation, "add") == 0)
        return add(server, who->name, in, data, err);
    if (strcmp(operation, "end") == 0 || strcmp(operation, "remove") == 0)
        return change(server, who->name, in, operation[0] == 'r', err);
    list(server, who->name, data);
    return 0;
}

/* A workspace admin, or who has the manager role on that service principal. */
static bool may_list(struct sandbox_workspace *workspace, const char *caller,
                     const struct sandbox_principal *target)
{
    bool may = sandbox_workspace_is_admin(workspace, caller);

    for (size_t i = 0; i < target->managers.count && !may; i++)
        may = base_text_equal_nocase(target->managers.items[i], caller) ||
              sandbox_workspace_member(workspace, target->managers.items[i], caller);
    return may;
}

static const struct sandbox_principal *by_scim_id(struct sandbox_workspace *workspace,
                                                  const char *id)
{
    const struct sandbox_principal *item;

    for (size_t i = 0; (item = sandbox_workspace_principal_at(workspace, i)); i++) {
        if (item->kind == SANDBOX_SERVICE_PRINCIPAL && strcmp(item->scim_id, id) == 0)
            return item;
    }
    return NULL;
}

static void page_answer(struct sandbox_exchange *exchange, cJSON *all)
{
    const cJSON *secrets = base_json_array(all, "secrets"), *item;
    size_t total = (size_t)cJSON_GetArraySize(secrets), at = 0;
    struct sandbox_page page;
    cJSON *json, *array;

    if (!sandbox_page_read_as(exchange, "page_size", NULL, true, &page))
        return;
    json = base_json_object();
    array = base_json_add_array(json, "secrets");
    cJSON_ArrayForEach(item, secrets)
    {
        if (at >= page.start && at - page.start < page.size && !page.empty)
            base_json_push_take(array, cJSON_Duplicate(item, true));
        at++;
    }
    at = page.start + (page.empty ? 0 : page.size);
    sandbox_page_token(exchange, &page, at < total ? at : total, total, json);
    sandbox_reply_json(exchange, 200, json);
}

/* Both forms of the address: with the account's id (arguments 0 and 1), and without (0). */
void sandbox_endpoint_secrets(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    struct sandbox_workspace *workspace = server->workspace;
    bool account = exchange->argument_count > 1;
    const char *id = exchange->arguments[account];
    const struct sandbox_principal *target;
    char *client_id = NULL;
    cJSON *all;

    if (account &&
        strcmp(exchange->arguments[0], sandbox_workspace_identity(workspace)->account_id) != 0) {
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST", "Account %s does not exist.",
                            exchange->arguments[0]);
        return;
    }
    sandbox_workspace_lock(workspace);
    target = by_scim_id(workspace, id);
    if (!target)
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST",
                            "Service principal %s does not exist.", id);
    else if (!may_list(workspace, exchange->principal, target))
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "User does not have the service principal manager role on %s.", id);
    else
        client_id = base_strdup(target->name);
    sandbox_workspace_unlock(workspace);
    if (!client_id)
        return;
    all = base_json_object();
    list(server, client_id, all);
    page_answer(exchange, all);
    cJSON_Delete(all);
    free(client_id);
}
