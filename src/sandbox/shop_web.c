/* shop.web: click-streams with the faults of aampe-data-models.md 5.5, by row number modulo 1000.
 */
#include "sandbox/shop.h"

#include "base/alloc.h"
#include "base/seam.h"

#define DAY_MS 86400000
#define CUSTOMERS 2000

/* Residues 39..41 are exact copies of the clean row 500 further on. */
static int64_t source_row(int64_t row)
{
    int64_t residue = row % 1000;
    return residue >= 39 && residue <= 41 ? row + 500 : row;
}

static uint64_t click_hash(const struct sandbox_gen *gen, int64_t row)
{
    return sandbox_gen_hash(gen->key_seed, source_row(row));
}

static char *write_uid(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t residue = row % 1000;
    uint64_t customer = sandbox_gen_pick(click_hash(gen, row), CUSTOMERS);
    if (residue <= 4)
        return NULL;
    if (residue >= 10 && residue <= 14)
        return sandbox_put(at, "anonymous");
    if (residue >= 15 && residue <= 34)
        return sandbox_put_uint(at, 9000000 + customer, 1); /* deleted since */
    return sandbox_put_uint(at, 1000000 + customer, 1);
}
static SANDBOX_FILL(fill_uid)
{
    shop_fill_texts(gen, out, 12, write_uid);
}

static char *write_session(const struct sandbox_gen *gen, int64_t row, char *at)
{
    *at++ = 's';
    return sandbox_put_hex(at, click_hash(gen, row), 15);
}
static SANDBOX_FILL(fill_session)
{
    shop_fill_texts(gen, out, 16, write_session);
}

static int64_t click_ms(const struct sandbox_gen *gen, int64_t row)
{
    int64_t residue = row % 1000, now = gen->world->t0 / 1000;
    uint64_t hash = click_hash(gen, row);
    if (residue >= 35 && residue <= 38) /* Indian local time stored as UTC */
        return now - (int64_t)sandbox_gen_pick(hash, 3600000) + 19800000;
    int64_t ms = now - 600000 - (int64_t)sandbox_gen_pick(hash, 90 * (uint64_t)DAY_MS - 600000);
    return residue == 45 ? 0 : residue == 46 ? ms / 1000 : ms;
}
static SANDBOX_FILL(fill_ts)
{
    int64_t *at = (int64_t *)out->values + out->count;
    for (int64_t i = 0; i < gen->count; i++)
        at[i] = click_ms(gen, gen->row + i);
    sandbox_vector_commit_valid(out, gen->count);
}

static char *write_action(const struct sandbox_gen *gen, int64_t row, char *at)
{
    static const char *const actions[] = {
        "app_open",         "product_viewed",  "product_list_viewed", "add_to_cart",
        "checkout_started", "order_completed", "product_searched",    "push_opened"};
    static const int percents[] = {24, 30, 16, 11, 4, 3, 10, 2};
    int64_t residue = row % 1000;
    if (residue == 44)
        return at;
    if (residue == 42 || residue == 43)
        return sandbox_put(at, "Add To Cart");
    return sandbox_put(at, actions[shop_pick_percent(click_hash(gen, row), percents)]);
}
static SANDBOX_FILL(fill_action)
{
    shop_fill_texts(gen, out, 24, write_action);
}

static char *write_props(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t residue = row % 1000;
    uint64_t hash = click_hash(gen, row);
    at = sandbox_put(at, "[{\"key\":\"page\",\"value\":\"/p/");
    at = sandbox_put_uint(at, sandbox_gen_pick(hash, SHOP_PRODUCTS), 5);
    at = sandbox_put(at, "\"}");
    if (residue >= 50 && residue <= 59) {
        at = sandbox_put(at, ",{\"key\":\"email\",\"value\":\"customer");
        at = sandbox_put_uint(at, sandbox_gen_pick(hash, CUSTOMERS), 4);
        at = sandbox_put(at, "@mail.example\"}");
    }
    *at++ = ']';
    return at;
}
static SANDBOX_FILL(fill_props)
{
    shop_fill_texts(gen, out, 112, write_props);
}

static char *write_ip(const struct sandbox_gen *gen, int64_t row, char *at)
{
    at = sandbox_put(at, "198.51.100.");
    return sandbox_put_uint(at, click_hash(gen, row) % 254 + 1, 1);
}
static SANDBOX_FILL(fill_ip)
{
    shop_fill_texts(gen, out, 16, write_ip);
}

static SANDBOX_FILL(fill_ingested)
{
    int64_t *at = (int64_t *)out->values + out->count;
    for (int64_t i = 0; i < gen->count; i++) {
        int64_t lag = (int64_t)sandbox_gen_pick(click_hash(gen, gen->row + i), 300000000);
        at[i] = gen->world->t0 - 60000000 - lag;
    }
    sandbox_vector_commit_valid(out, gen->count);
}

static const struct sandbox_column_def click_columns[] = {
    {.name = "uid", .type = "string", .fill = fill_uid},
    {.name = "session_id", .type = "string", .fill = fill_session},
    {.name = "ts", .type = "bigint", .fill = fill_ts, .comment = "milliseconds"},
    {.name = "action", .type = "string", .fill = fill_action},
    {.name = "props", .type = "map<string,string>", .fill = fill_props},
    {.name = "ip", .type = "string", .fill = fill_ip},
    {.name = "_ingested_at", .type = "timestamp", .fill = fill_ingested},
};

static uint64_t raw_hash(const struct sandbox_gen *gen, int64_t row)
{
    return sandbox_gen_hash(gen->key_seed, row);
}

static char *write_raw_customer(const struct sandbox_gen *gen, int64_t row, char *at)
{
    *at++ = 'C';
    return sandbox_put_uint(at, sandbox_gen_pick(raw_hash(gen, row), CUSTOMERS), 7);
}
static SANDBOX_FILL(fill_raw_customer)
{
    shop_fill_texts(gen, out, 12, write_raw_customer);
}

static char *write_raw_time(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t residue = row % 1000;
    char text[32];
    if (residue < 20)
        return sandbox_put(at, "31/12/2025 25:61");
    int64_t seconds = (int64_t)sandbox_gen_pick(raw_hash(gen, row), 89 * 86400);
    base_time_format((gen->world->t0 / 1000000 - 3600 - seconds) * 1000000, text);
    at = sandbox_put(at, text);
    return residue < 220 ? at - 1 : at; /* without the Z: no offset */
}
static SANDBOX_FILL(fill_raw_time)
{
    shop_fill_texts(gen, out, 32, write_raw_time);
}

static char *write_raw_name(const struct sandbox_gen *gen, int64_t row, char *at)
{
    static const char *const list[] = {"app_open", "product_viewed", "add_to_cart",
                                       "order_completed", "push_opened"};
    int64_t residue = row % 1000;
    if (residue < 240 || residue > 289)
        return sandbox_put(at, list[sandbox_gen_pick(raw_hash(gen, row), 5)]);
    at = sandbox_put(at, "view_product_");
    return sandbox_put_uint(at, (uint64_t)row % 100000, 5);
}
static SANDBOX_FILL(fill_raw_name)
{
    shop_fill_texts(gen, out, 24, write_raw_name);
}

static char *write_raw_message(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t residue = row % 1000;
    if (residue >= 300 && residue <= 319) /* each as the row before */
        row -= residue - 299;
    uint64_t hash = raw_hash(gen, row);
    return sandbox_put_uuid(at, hash, sandbox_gen_mix(hash));
}
static SANDBOX_FILL(fill_raw_message)
{
    shop_fill_texts(gen, out, 36, write_raw_message);
}

static char *write_raw_zone(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t residue = row % 1000;
    if (residue >= 320 && residue <= 519)
        return sandbox_put(at, residue < 420 ? "en_US" : "+05:30");
    return sandbox_put(
        at, shop_user_zone((int64_t)sandbox_gen_pick(raw_hash(gen, row), CUSTOMERS))->name);
}
static SANDBOX_FILL(fill_raw_zone)
{
    shop_fill_texts(gen, out, 24, write_raw_zone);
}

static char *write_raw_payload(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t residue = row % 1000;
    if (residue >= 230 && residue <= 239)
        return sandbox_put(at, residue % 2 ? "[1,2,3]" : "42");
    at = sandbox_put(at, "{\"product_id\":\"P");
    at = sandbox_put_uint(at, sandbox_gen_pick(raw_hash(gen, row), SHOP_PRODUCTS), 5);
    return residue >= 220 && residue <= 229 ? at : sandbox_put(at, "\"}");
}
static SANDBOX_FILL(fill_raw_payload)
{
    shop_fill_texts(gen, out, 40, write_raw_payload);
}

static const struct sandbox_column_def raw_columns[] = {
    {.name = "customerId", .type = "string", .fill = fill_raw_customer},
    {.name = "eventTime", .type = "string", .fill = fill_raw_time},
    {.name = "eventName", .type = "string", .fill = fill_raw_name},
    {.name = "messageId", .type = "string", .fill = fill_raw_message},
    {.name = "tz", .type = "string", .fill = fill_raw_zone},
    {.name = "payload", .type = "string", .fill = fill_raw_payload},
};

static const char *const heartbeat[] = {"heartbeat", NULL};
static const struct sandbox_column_def heartbeat_columns[] = {
    {.name = "contact_id",
     .type = "string",
     .fill = sandbox_fill_label_of,
     .extra = "C",
     .low = CUSTOMERS,
     .high = 7},
    {.name = "timestamp",
     .type = "timestamp",
     .fill = sandbox_fill_past_time,
     .low = 600,
     .high = 7775000},
    {.name = "event_name", .type = "string", .fill = sandbox_fill_vocabulary, .extra = heartbeat},
    {.name = "event_instance_id", .type = "string", .fill = sandbox_fill_uuid},
};

const struct sandbox_table_def shop_clickstream = {.name = "clickstream",
                                                   .columns = click_columns,
                                                   .column_count = base_countof(click_columns),
                                                   .rows = 60000,
                                                   .comment =
                                                       "Events as the web team records them"};
const struct sandbox_table_def shop_app_events_raw = {.name = "app_events_raw",
                                                      .columns = raw_columns,
                                                      .column_count = base_countof(raw_columns),
                                                      .rows = 20000,
                                                      .comment = "Everything as text"};
const struct sandbox_table_def shop_heartbeats = {.name = "heartbeats",
                                                  .columns = heartbeat_columns,
                                                  .column_count = base_countof(heartbeat_columns),
                                                  .rows = 10000,
                                                  .comment = "One event only"};
