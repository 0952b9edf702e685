/* shop.crm: customers with the faults of aampe-data-models.md 5.5, and their masked form. */
#include "sandbox/shop.h"

#include "base/alloc.h"

#define FIRST_ID 1000000
#define CLEAN_ROWS 2000
#define REPEATS 50

/* Rows 2000..2049 repeat customers 0, 40, 80 ...; rows added later are new people. */
static int64_t customer_of(int64_t row)
{
    if (row < CLEAN_ROWS)
        return row;
    return row < CLEAN_ROWS + REPEATS ? (row - CLEAN_ROWS) * 40 : row - REPEATS;
}

static uint64_t customer_hash(const struct sandbox_gen *gen, int64_t row)
{
    return sandbox_gen_hash(gen->value_seed, customer_of(row));
}

static SANDBOX_FILL(fill_id)
{
    int64_t *at = (int64_t *)out->values + out->count;
    for (int64_t i = 0; i < gen->count; i++)
        at[i] = FIRST_ID + customer_of(gen->row + i);
    sandbox_vector_commit_valid(out, gen->count);
}

static const char *const first_names[] = {"Anna",  "Ben",   "Carla", "David", "Emil",  "Fatima",
                                          "Grace", "Hugo",  "Ines",  "Jonas", "Kiran", "Lea",
                                          "Milo",  "Nadia", "Omar",  "Priya"};
static const char *const last_names[] = {
    "Almeida", "Brandt", "Chen",     "Dubois", "Evans",  "Fischer", "Garcia", "Haas",
    "Iyer",    "Jensen", "Kowalski", "Lopez",  "Martin", "Novak",   "Okafor", "Patel"};

/* Texts of the shop follow the customer, so a repeated one has the same. */
static char *write_word(const struct sandbox_gen *gen, int64_t row, char *at)
{
    const char *const *words = gen->column->extra;
    return sandbox_put(at, words[sandbox_gen_pick(customer_hash(gen, row), 16)]);
}
static SANDBOX_FILL(fill_word)
{
    shop_fill_texts(gen, out, 16, write_word);
}

static char *write_email(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    at = sandbox_put(at, "customer");
    at = sandbox_put_uint(at, (uint64_t)customer_of(row), 4);
    return sandbox_put(at, "@mail.example");
}
static SANDBOX_FILL(fill_email)
{
    shop_fill_texts(gen, out, 44, write_email);
}

static char *write_phone(const struct sandbox_gen *gen, int64_t row, char *at)
{
    at = sandbox_put(at, "+1555");
    return sandbox_put_uint(at, 1000000 + sandbox_gen_pick(customer_hash(gen, row), 9000000), 7);
}
static SANDBOX_FILL(fill_phone)
{
    shop_fill_texts(gen, out, 16, write_phone);
}

static char *write_country(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t residue = row < CLEAN_ROWS && !gen->column->low ? row % 25 : 0;
    if (residue == 1)
        return at;
    if (residue == 2 || residue == 3)
        return sandbox_put(at, residue == 2 ? "US" : "usa");
    return sandbox_put(at, shop_user_country(customer_of(row))->name);
}
static SANDBOX_FILL(fill_country)
{
    shop_fill_texts(gen, out, 20, write_country);
}

static char *write_lang(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return sandbox_put(at, shop_user_language(customer_of(row)));
}
static SANDBOX_FILL(fill_lang)
{
    shop_fill_texts(gen, out, 4, write_lang);
}

static SANDBOX_FILL(fill_birth)
{
    int32_t *at = (int32_t *)out->values + out->count;
    for (int64_t i = 0; i < gen->count; i++)
        at[i] = -7300 + (int32_t)sandbox_gen_pick(customer_hash(gen, gen->row + i), 20000);
    sandbox_vector_commit_valid(out, gen->count);
}

static char *write_tier(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return sandbox_put(at, shop_user_tier(customer_of(row)));
}
static SANDBOX_FILL(fill_tier)
{
    shop_fill_texts(gen, out, 8, write_tier);
}

static char *write_token(const struct sandbox_gen *gen, int64_t row, char *at)
{
    uint64_t hash = customer_hash(gen, row);
    if (row < CLEAN_ROWS && row % 10 == 5)
        return sandbox_put(at, "fcm-shared-device");
    if (sandbox_gen_pick(hash, 100) < 30)
        return NULL;
    at = sandbox_put(at, "fcm-");
    for (int i = 0; i < 9; i++, hash = sandbox_gen_mix(hash))
        at = sandbox_put_hex(at, hash, 16);
    return at;
}
static SANDBOX_FILL(fill_token)
{
    shop_fill_texts(gen, out, 160, write_token);
}

static char *write_tags(const struct sandbox_gen *gen, int64_t row, char *at)
{
    static const char *const tags[] = {"vip", "newsletter", "returns_often", "wholesale"};
    uint64_t hash = customer_hash(gen, row);
    if (hash % 9 == 0)
        return NULL;
    *at++ = '[';
    for (uint64_t i = 0; i < hash % 5 && i < 4; i++) {
        at = sandbox_put(at, i ? ",\"" : "\"");
        at = sandbox_put(at, tags[i]);
        *at++ = '"';
    }
    *at++ = ']';
    return at;
}
static SANDBOX_FILL(fill_tags)
{
    shop_fill_texts(gen, out, 80, write_tags);
}

static char *write_prefs(const struct sandbox_gen *gen, int64_t row, char *at)
{
    static const char *const keys[] = {"size", "colour", "store", "frequency"};
    uint64_t hash = customer_hash(gen, row);
    if (hash % 11 == 0)
        return NULL;
    *at++ = '[';
    for (uint64_t i = 0; i < hash % 5 && i < 4; i++) {
        at = sandbox_put(at, i ? ",{\"key\":\"" : "{\"key\":\"");
        at = sandbox_put(at, keys[i]);
        at = sandbox_put(at, "\",\"value\":\"");
        at = sandbox_put_uint(at, (hash >> (8 + 4 * i)) % 10, 1);
        at = sandbox_put(at, "\"}");
    }
    *at++ = ']';
    return at;
}
static SANDBOX_FILL(fill_prefs)
{
    shop_fill_texts(gen, out, 160, write_prefs);
}

static char *write_opt_in(const struct sandbox_gen *gen, int64_t row, char *at)
{
    uint64_t hash = customer_hash(gen, row);
    if (row < CLEAN_ROWS && row % 10 == 4)
        return at;
    if (hash % 13 == 0)
        return NULL;
    return sandbox_put(at, hash % 3 ? "yes" : "no");
}
static SANDBOX_FILL(fill_opt_in)
{
    shop_fill_texts(gen, out, 4, write_opt_in);
}

static SANDBOX_FILL(fill_ltv)
{
    uint8_t *at = out->values + out->count * 16;
    for (int64_t i = 0; i < gen->count; i++, at += 16) {
        __int128 cents = (int64_t)sandbox_gen_pick(customer_hash(gen, gen->row + i), 200000);
        memcpy(at, &cents, 16);
    }
    sandbox_vector_commit_valid(out, gen->count);
}

/* low: 0 = created, 1 = updated; a repeated row was updated in the last day. */
static SANDBOX_FILL(fill_moment)
{
    int64_t *at = (int64_t *)out->values + out->count, day = 86400000000;
    for (int64_t i = 0; i < gen->count; i++) {
        int64_t row = gen->row + i;
        int64_t age = (int64_t)sandbox_gen_pick(customer_hash(gen, row), (uint64_t)(300 * day));
        at[i] = gen->world->t0 - 400 * day - age;
        if (gen->column->low)
            at[i] = gen->world->t0 - 2 * day - age;
        if (gen->column->low && row >= CLEAN_ROWS)
            at[i] = gen->world->t0 - age / 300 - 1;
    }
    sandbox_vector_commit_valid(out, gen->count);
}

#define CUSTOMER_COLUMNS(clean)                                                                    \
    {.name = "customer_id", .type = "bigint", .fill = fill_id, .required = true},                  \
        {.name = "first_name", .type = "string", .fill = fill_word, .extra = first_names},         \
        {.name = "last_name", .type = "string", .fill = fill_word, .extra = last_names},           \
        {.name = "email", .type = "string", .fill = fill_email},                                   \
        {.name = "phone", .type = "string", .fill = fill_phone},                                   \
    {                                                                                              \
        .name = "country_name", .type = "string", .fill = fill_country, .low = clean               \
    }

static const struct sandbox_column_def customer_columns[] = {
    CUSTOMER_COLUMNS(0),
    {.name = "lang", .type = "string", .fill = fill_lang},
    {.name = "birth_date", .type = "date", .fill = fill_birth},
    {.name = "loyalty_tier", .type = "string", .fill = fill_tier},
    {.name = "notification_token", .type = "string", .fill = fill_token},
    {.name = "tags", .type = "array<string>", .fill = fill_tags},
    {.name = "prefs", .type = "map<string,string>", .fill = fill_prefs},
    {.name = "marketing_opt_in", .type = "string", .fill = fill_opt_in},
    {.name = "ltv", .type = "decimal(10,2)", .fill = fill_ltv},
    {.name = "created_at", .type = "timestamp", .fill = fill_moment},
    {.name = "updated_at", .type = "timestamp", .fill = fill_moment, .low = 1},
};
static const struct sandbox_column_def masked_columns[] = {
    CUSTOMER_COLUMNS(1),
    {.name = "created_at", .type = "timestamp", .fill = fill_moment},
};

const struct sandbox_table_def shop_customers = {.name = "customers",
                                                 .columns = customer_columns,
                                                 .column_count = base_countof(customer_columns),
                                                 .rows = CLEAN_ROWS + REPEATS,
                                                 .owner = "crm-team",
                                                 .comment = "Customers as the CRM has them"};
const struct sandbox_table_def shop_customers_masked = {
    .name = "customers_masked",
    .columns = masked_columns,
    .column_count = base_countof(masked_columns),
    .rows = CLEAN_ROWS,
    .owner = "crm-team",
    .comment = "Customers of one region, addresses masked",
    .secured =
        "SELECT customer_id, first_name, last_name, concat(left(email, 1), '***') AS email, phone, "
        "country_name, created_at FROM shop.crm.customers_masked WHERE country_name = 'Germany'",
    .exempt = "crm-team",
    .row_filter = "shop.crm.only_my_region",
    .masked_column = "email",
    .mask = "shop.crm.mask_email"};
