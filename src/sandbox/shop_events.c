/* Events in sessions: rows come in blocks of 2 000 with the exact shares of
 * aampe-data-models.md 5.3, so that each order follows a checkout, a cart and a view of the same
 * product. */
#include "sandbox/shop.h"

#include "base/alloc.h"

#include <string.h>

#define BLOCK 2000
#define MINUTE_US 60000000
#define DAY_US 86400000000

enum event_kind {
    APP_OPEN,
    LIST_VIEWED,
    SEARCHED,
    VIEWED,
    WISHED,
    CARTED,
    REMOVED,
    CHECKOUT,
    ORDERED,
    CANCELLED,
    REVIEWED,
    PUSH_SENT,
    PUSH_OPENED,
    EMAIL_SENT,
    EMAIL_OPENED,
    UNSUBSCRIBED
};

static const char *const names[] = {
    "app_open",        "product_list_viewed", "product_searched", "product_viewed",
    "add_to_wishlist", "add_to_cart",         "remove_from_cart", "checkout_started",
    "order_completed", "order_cancelled",     "review_submitted", "push_sent",
    "push_opened",     "email_sent",          "email_opened",     "email_unsubscribed"};

struct event_slot {
    uint8_t kind, step;
    uint16_t session;
};

struct shop_events {
    struct event_slot slots[BLOCK];
};

static const struct {
    int count;
    uint8_t length, kinds[8];
} sessions[] = {
    {32, 6, {APP_OPEN, LIST_VIEWED, VIEWED, CARTED, CHECKOUT, ORDERED}},
    {2, 7, {APP_OPEN, LIST_VIEWED, VIEWED, CARTED, CHECKOUT, ORDERED, CANCELLED}},
    {8, 7, {APP_OPEN, LIST_VIEWED, VIEWED, CARTED, CHECKOUT, ORDERED, REVIEWED}},
    {26, 5, {APP_OPEN, SEARCHED, VIEWED, CARTED, CHECKOUT}},
    {32, 4, {APP_OPEN, VIEWED, CARTED, REMOVED}},
    {60, 4, {APP_OPEN, LIST_VIEWED, VIEWED, CARTED}},
    {60, 4, {APP_OPEN, SEARCHED, VIEWED, WISHED}},
    {74, 4, {APP_OPEN, SEARCHED, VIEWED, VIEWED}},
    {130, 3, {APP_OPEN, LIST_VIEWED, VIEWED}},
    {2, 4, {APP_OPEN, LIST_VIEWED, VIEWED, REVIEWED}},
    {2, 2, {APP_OPEN, LIST_VIEWED}},
    {12, 3, {APP_OPEN, LIST_VIEWED, LIST_VIEWED}},
    {22, 2, {PUSH_SENT, PUSH_OPENED}},
    {164, 1, {PUSH_SENT}},
    {10, 2, {EMAIL_SENT, EMAIL_OPENED}},
    {1, 3, {EMAIL_SENT, EMAIL_OPENED, UNSUBSCRIBED}},
    {35, 1, {EMAIL_SENT}},
};

struct shop_events *shop_events_new(void)
{
    struct shop_events *events = base_alloc_zero(1, sizeof *events);
    uint8_t order[1024];
    size_t count = 0, slot = 0;
    for (size_t i = 0; i < base_countof(sessions); i++)
        for (int j = 0; j < sessions[i].count; j++)
            order[count++] = (uint8_t)i;
    for (size_t i = count - 1; i > 0; i--) { /* a fixed shuffle */
        size_t other = sandbox_gen_pick(sandbox_gen_hash(0x73687566, (int64_t)i), i + 1);
        uint8_t keep = order[i];
        order[i] = order[other];
        order[other] = keep;
    }
    for (size_t i = 0; i < count; i++)
        for (int j = 0; j < sessions[order[i]].length; j++) {
            if (slot == BLOCK)
                bug("the sessions of a block hold more than %d events", BLOCK);
            events->slots[slot++] =
                (struct event_slot){sessions[order[i]].kinds[j], (uint8_t)j, (uint16_t)i};
        }
    if (slot != BLOCK)
        bug("the sessions of a block hold %zu events", slot);
    return events;
}

struct session {
    int64_t key;
    uint64_t hash;
    int64_t user, product, start;
};

static int64_t pick_user(const struct sandbox_world *world, uint64_t hash)
{
    int64_t classes = world->activity->count, users = sandbox_world_users(world);
    int64_t class = sandbox_alias_pick(world->activity, hash);
    uint64_t members = (uint64_t)((users - class + classes - 1) / classes);
    return class + classes * (int64_t)sandbox_gen_pick(sandbox_gen_mix(hash), members);
}

static int64_t pick_start(const struct sandbox_world *world, uint64_t hash, int64_t user)
{
    uint64_t h = sandbox_gen_mix(hash ^ 0x74696d65);
    int64_t day = world->t0 / DAY_US - sandbox_alias_pick(world->days, h);
    int64_t hour = sandbox_alias_pick(world->hours, sandbox_gen_mix(h));
    int64_t rest = (int64_t)sandbox_gen_pick(sandbox_gen_mix(h ^ 1), 3600000000U);
    int64_t at = day * DAY_US + hour * 60 * MINUTE_US + rest -
                 (int64_t)shop_user_zone(user)->minutes * MINUTE_US;
    while (at > world->t0 - 30 * MINUTE_US)
        at -= DAY_US;
    bool silent = sandbox_gen_pick(shop_user_hash(user, 6), 10) < 3;
    if (silent && at > world->t0 - 30 * DAY_US)
        at -= 30 * DAY_US;
    while (at < world->t0 - 90 * DAY_US)
        at += DAY_US;
    return at;
}

/* Facts of the session the row belongs to; kept while rows stay in it. */
static void enter(const struct sandbox_gen *gen, int64_t row, struct session *session,
                  struct event_slot *slot)
{
    int64_t block = row / BLOCK;
    *slot = gen->world->events->slots[row % BLOCK];
    int64_t key = block * 1024 + slot->session + 1;
    if (session->key == key)
        return;
    session->key = key;
    session->hash = sandbox_gen_hash(gen->table_seed, key);
    session->user = pick_user(gen->world, session->hash);
    session->product = sandbox_alias_pick(gen->world->products, sandbox_gen_mix(session->hash ^ 2));
    session->start = -1;
}

static int64_t event_time(const struct sandbox_gen *gen, int64_t row, struct session *session,
                          const struct event_slot *slot)
{
    if (session->start < 0)
        session->start = pick_start(gen->world, session->hash, session->user);
    uint64_t jitter = sandbox_gen_pick(sandbox_gen_hash(gen->key_seed, row), 30000000);
    return session->start + (int64_t)slot->step * 45000000 + (int64_t)jitter;
}

static SANDBOX_FILL(fill_contact)
{
    struct session session = {0};
    struct event_slot slot;
    char *start = (char *)sandbox_vector_room(out, (size_t)gen->count * 21), *at = start;
    for (int64_t i = 0; i < gen->count; i++) {
        enter(gen, gen->row + i, &session, &slot);
        *at++ = 'C';
        at = sandbox_put_uint(at, (uint64_t)session.user, 7);
        out->offsets[out->count + i + 1] = (int32_t)(out->data_len + (size_t)(at - start));
    }
    out->data_len += (size_t)(at - start);
    sandbox_vector_commit_valid(out, gen->count);
}

static SANDBOX_FILL(fill_time)
{
    struct session session = {0};
    struct event_slot slot;
    int64_t *at = (int64_t *)out->values + out->count;
    for (int64_t i = 0; i < gen->count; i++) {
        enter(gen, gen->row + i, &session, &slot);
        at[i] = event_time(gen, gen->row + i, &session, &slot);
    }
    sandbox_vector_commit_valid(out, gen->count);
}

static SANDBOX_FILL(fill_name)
{
    char *start = (char *)sandbox_vector_room(out, (size_t)gen->count * 24), *at = start;
    for (int64_t i = 0; i < gen->count; i++) {
        at = sandbox_put(at, names[gen->world->events->slots[(gen->row + i) % BLOCK].kind]);
        out->offsets[out->count + i + 1] = (int32_t)(out->data_len + (size_t)(at - start));
    }
    out->data_len += (size_t)(at - start);
    sandbox_vector_commit_valid(out, gen->count);
}

static SANDBOX_FILL(fill_zone)
{
    struct session session = {0};
    struct event_slot slot;
    char *start = (char *)sandbox_vector_room(out, (size_t)gen->count * 24), *at = start;
    for (int64_t i = 0; i < gen->count; i++) {
        enter(gen, gen->row + i, &session, &slot);
        at = sandbox_put(at, shop_user_zone(session.user)->name);
        out->offsets[out->count + i + 1] = (int32_t)(out->data_len + (size_t)(at - start));
    }
    out->data_len += (size_t)(at - start);
    sandbox_vector_commit_valid(out, gen->count);
}

static char *put_pair(char *at, const char *key, const char *text)
{
    at = sandbox_put(at, key);
    at = sandbox_put(at, text);
    *at++ = '"';
    return at;
}

static char *put_product(char *at, int64_t product)
{
    at = sandbox_put(at, "\"product_id\":\"P");
    at = sandbox_put_uint(at, (uint64_t)product, 5);
    at = sandbox_put(at, "\",\"sku\":\"");
    at = shop_put_sku(at, product);
    *at++ = '"';
    return at;
}

static char *put_price(char *at, const struct session *session, bool discount, uint64_t hash)
{
    at = sandbox_put(at, ",\"price\":");
    at = sandbox_put_cents(at, shop_product_price(session->product));
    at = put_pair(at, ",\"currency\":\"", shop_user_country(session->user)->currency);
    if (!discount)
        return at;
    at = sandbox_put(at, ",\"discount\":");
    at = sandbox_put_cents(at, sandbox_gen_pick(hash, 4) == 0 ? 500 : 0);
    at = sandbox_put(at, ",\"quantity\":");
    return sandbox_put_uint(at, 1 + sandbox_gen_pick(sandbox_gen_mix(hash), 3), 1);
}

static char *put_total(char *at, const struct session *session, enum event_kind kind, uint64_t hash)
{
    at = put_pair(at, kind == ORDERED ? "\"order_id\":\"O" : "\"cart_id\":\"K", "");
    at = sandbox_put_hex(at - 1, session->hash, 12);
    at = sandbox_put(at, "\",\"items\":[{");
    at = put_product(at, session->product);
    at = sandbox_put(at, "}],\"total\":");
    at = sandbox_put_cents(at, shop_product_price(session->product));
    at = put_pair(at, ",\"currency\":\"", shop_user_country(session->user)->currency);
    at = sandbox_put(at, ",\"discount\":0.00");
    if (kind == ORDERED)
        at = sandbox_put(at, sandbox_gen_pick(hash, 5) == 0 ? ",\"coupon\":\"WELCOME10\""
                                                            : ",\"coupon\":null");
    return at;
}

static char *put_campaign(char *at, const struct session *session, bool email)
{
    static const char *const campaigns[] = {"spring_sale", "back_in_stock", "weekly_digest",
                                            "win_back",    "birthday",      "new_arrivals"};
    at = put_pair(at, email ? "\"campaign\":\"email_" : "\"campaign\":\"push_",
                  campaigns[sandbox_gen_pick(session->hash, 6)]);
    at = sandbox_put(at, ",\"assignment_id\":\"");
    at = sandbox_put_hex(at, sandbox_gen_mix(session->hash), 16);
    *at++ = '"';
    return at;
}

static char *put_shopping(char *at, const struct session *session, enum event_kind kind,
                          uint64_t hash)
{
    at = put_product(at, session->product);
    if (kind == VIEWED) {
        at = put_pair(at, ",\"brand\":\"", shop_product_brand(session->product));
        at = put_pair(at, ",\"category\":\"", shop_product_category(session->product));
    }
    if (kind == VIEWED || kind == CARTED)
        at = put_price(at, session, kind == CARTED, hash);
    return at;
}

static char *put_metadata(char *at, const struct session *session, enum event_kind kind,
                          uint64_t hash)
{
    *at++ = '{';
    switch (kind) {
    case APP_OPEN:
        at = put_pair(at, "\"platform\":\"", shop_user_platform(session->user));
        at = sandbox_put(at, ",\"app_version\":\"7.");
        at = sandbox_put_uint(at, sandbox_gen_pick(hash, 12), 1);
        at = sandbox_put(at, ".0\"");
        break;
    case LIST_VIEWED:
        at = put_pair(at, "\"category\":\"", shop_product_category(session->product));
        at = sandbox_put(at, ",\"page\":");
        at = sandbox_put_uint(at, 1 + sandbox_gen_pick(hash, 5), 1);
        break;
    case SEARCHED:
        at = sandbox_put(at, "\"query_length\":");
        at = sandbox_put_uint(at, 3 + sandbox_gen_pick(hash, 18), 1);
        at = sandbox_put(at, ",\"results\":");
        at = sandbox_put_uint(at, sandbox_gen_pick(sandbox_gen_mix(hash), 60), 1);
        break;
    case CHECKOUT:
    case ORDERED:
        at = put_total(at, session, kind, hash);
        break;
    case CANCELLED:
        at = sandbox_put(at, "\"order_id\":\"O");
        at = sandbox_put_hex(at, session->hash, 12);
        at = sandbox_put(at, "\",\"reason\":\"changed_mind\"");
        break;
    case REVIEWED:
        at = sandbox_put(at, "\"product_id\":\"P");
        at = sandbox_put_uint(at, (uint64_t)session->product, 5);
        at = sandbox_put(at, "\",\"rating\":");
        at = sandbox_put_uint(at, 1 + sandbox_gen_pick(hash, 5), 1);
        break;
    case PUSH_SENT:
    case PUSH_OPENED:
    case EMAIL_SENT:
    case EMAIL_OPENED:
    case UNSUBSCRIBED:
        at = put_campaign(at, session, kind >= EMAIL_SENT);
        break;
    default:
        at = put_shopping(at, session, kind, hash);
    }
    *at++ = '}';
    return at;
}

static SANDBOX_FILL(fill_metadata)
{
    struct session session = {0};
    struct event_slot slot;
    char *start = (char *)sandbox_vector_room(out, (size_t)gen->count * 256), *at = start;
    for (int64_t i = 0; i < gen->count; i++) {
        enter(gen, gen->row + i, &session, &slot);
        uint64_t hash = sandbox_gen_hash(gen->value_seed, gen->row + i);
        at = put_metadata(at, &session, slot.kind, hash);
        out->offsets[out->count + i + 1] = (int32_t)(out->data_len + (size_t)(at - start));
    }
    out->data_len += (size_t)(at - start);
    sandbox_vector_commit_valid(out, gen->count);
}

static SANDBOX_FILL(fill_stale_time)
{
    int64_t *at = (int64_t *)out->values + out->count;
    for (int64_t i = 0; i < gen->count; i++) {
        int64_t row = gen->row + i; /* the newest is exactly 45 days old */
        uint64_t hash = sandbox_gen_hash(gen->key_seed, row);
        at[i] = gen->world->t0 - 45 * DAY_US -
                (row == 0 ? 0 : (int64_t)sandbox_gen_pick(hash, (uint64_t)40 * DAY_US));
    }
    sandbox_vector_commit_valid(out, gen->count);
}

#define EVENT_COLUMNS(time_fill)                                                                   \
    {.name = "contact_id",                                                                         \
     .type = "string",                                                                             \
     .fill = fill_contact,                                                                         \
     .comment = "Same values as in users"},                                                        \
        {.name = "timestamp", .type = "timestamp", .fill = time_fill, .comment = "Instant, UTC"},  \
        {.name = "event_name", .type = "string", .fill = fill_name},                               \
        {.name = "event_instance_id", .type = "string", .fill = sandbox_fill_uuid},                \
        {.name = "timezone", .type = "string", .fill = fill_zone},                                 \
    {                                                                                              \
        .name = "metadata", .type = "variant", .fill = fill_metadata                               \
    }

static const struct sandbox_column_def event_columns[] = {EVENT_COLUMNS(fill_time)};
static const struct sandbox_column_def stale_columns[] = {EVENT_COLUMNS(fill_stale_time)};

const struct sandbox_table_def shop_events = {.name = "events",
                                              .columns = event_columns,
                                              .column_count = base_countof(event_columns),
                                              .rows = 2000000,
                                              .by_rows = true,
                                              .comment =
                                                  "What people did in the shop, one row an event"};
const struct sandbox_table_def shop_stale_events = {.name = "stale_events",
                                                    .columns = stale_columns,
                                                    .column_count = base_countof(stale_columns),
                                                    .rows = 5000,
                                                    .comment = "Feed that stopped 45 days ago"};
const struct sandbox_table_def shop_empty_events = {.name = "empty_events",
                                                    .columns = event_columns,
                                                    .column_count = base_countof(event_columns),
                                                    .rows = 0,
                                                    .comment = "Nothing in it"};
