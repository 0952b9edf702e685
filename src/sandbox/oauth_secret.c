#include "sandbox/oauth_secret.h"

#include "base/hash.h"
#include "base/text.h"
#include "sandbox/auth.h"

#include <pthread.h>
#include <string.h>

#define SLOTS SANDBOX_SECRET_SLOTS
#define LIFETIME_MAX SANDBOX_SECRET_SECONDS_MAX

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
    text = sandbox_random_hex(server->seam, "dose");
    item.id = sandbox_random_hex(server->seam, "");
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

bool sandbox_secrets_remove(struct sandbox_server *server, const char *client_id, const char *id)
{
    struct sandbox_secrets *secrets = server->secrets;
    struct oauth_secret *item;

    pthread_mutex_lock(&secrets->lock);
    item = find(secrets, client_id, id);
    if (item) {
        item_free(item);
        for (size_t i = (size_t)(item - secrets->items.items) + 1; i < secrets->items.count; i++)
            secrets->items.items[i - 1] = secrets->items.items[i];
        secrets->items.count--;
    }
    pthread_mutex_unlock(&secrets->lock);
    return item != NULL;
}

cJSON *sandbox_secrets_json(struct sandbox_server *server, const char *client_id, const char *id)
{
    struct sandbox_secrets *secrets = server->secrets;
    const struct oauth_secret *item;
    cJSON *json;

    pthread_mutex_lock(&secrets->lock);
    item = find(secrets, client_id, id);
    json = item ? item_json(item) : NULL;
    pthread_mutex_unlock(&secrets->lock);
    return json;
}

static int end(struct sandbox_server *server, const char *client_id, const cJSON *in,
               struct err *err)
{
    struct sandbox_secrets *secrets = server->secrets;
    struct oauth_secret *item;
    int64_t seconds = 0, now = base_seam_now_us(server->seam);

    pthread_mutex_lock(&secrets->lock);
    item = find(secrets, client_id, base_json_str_or(in, "id", ""));
    if (item) {
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

cJSON *sandbox_secrets_list(struct sandbox_server *server, const char *client_id)
{
    struct sandbox_secrets *secrets = server->secrets;
    cJSON *array = cJSON_CreateArray();

    pthread_mutex_lock(&secrets->lock);
    for (size_t i = 0; i < secrets->items.count; i++) {
        if (base_text_equal_nocase(secrets->items.items[i].client_id, client_id))
            base_json_push_take(array, item_json(&secrets->items.items[i]));
    }
    pthread_mutex_unlock(&secrets->lock);
    return array;
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
    if (strcmp(operation, "end") == 0)
        return end(server, who->name, in, err);
    if (strcmp(operation, "remove") == 0)
        return sandbox_secrets_remove(server, who->name, base_json_str_or(in, "id", ""))
                   ? 0
                   : base_err_set(err, ERR_USAGE, "no such secret");
    base_json_add_take(data, "secrets", sandbox_secrets_list(server, who->name));
    return 0;
}
