/* shop.aampe.users and .products: clean, with the names of the specification. */
#include "sandbox/shop.h"

#include "base/alloc.h"

#include <math.h>

static char *write_contact(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    *at++ = 'C';
    return sandbox_put_uint(at, (uint64_t)row, 7);
}
static SANDBOX_FILL(fill_contact)
{
    shop_fill_texts(gen, out, 21, write_contact);
}

static char *write_country(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return sandbox_put(at, shop_user_country(row)->code);
}
static SANDBOX_FILL(fill_country)
{
    shop_fill_texts(gen, out, 4, write_country);
}

static char *write_language(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return sandbox_put(at, shop_user_language(row));
}
static SANDBOX_FILL(fill_language)
{
    shop_fill_texts(gen, out, 4, write_language);
}

static char *write_zone(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return sandbox_put(at, shop_user_zone(row)->name);
}
static SANDBOX_FILL(fill_zone)
{
    shop_fill_texts(gen, out, 24, write_zone);
}

/* The tier is what updates of the table change most visibly. */
static char *write_tier(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t shift = gen->value_seed == gen->key_seed ? 0 : 1;
    return sandbox_put(at, shop_user_tier(row + shift));
}
static SANDBOX_FILL(fill_tier)
{
    shop_fill_texts(gen, out, 8, write_tier);
}

static char *write_status(const struct sandbox_gen *gen, int64_t row, char *at)
{
    static const char *const states[] = {"active", "paused", "never"};
    static const int percents[] = {72, 9, 19};
    return sandbox_put(at,
                       states[shop_pick_percent(sandbox_gen_hash(gen->value_seed, row), percents)]);
}
static SANDBOX_FILL(fill_status)
{
    shop_fill_texts(gen, out, 8, write_status);
}

/* 24 months back, 4 % more every month. */
static SANDBOX_FILL(fill_signup)
{
    int32_t *at = (int32_t *)out->values + out->count;
    int64_t today = gen->world->t0 / 86400000000;
    for (int64_t i = 0; i < gen->count; i++) {
        double u = (double)(sandbox_gen_hash(gen->key_seed, gen->row + i) >> 11) * 0x1p-53;
        double months = log(1 + u * (pow(1.04, 24) - 1)) / log(1.04);
        at[i] = (int32_t)(today - 730 + (int64_t)(months * 730 / 24));
    }
    sandbox_vector_commit_valid(out, gen->count);
}

/* 38 % none; the others geometric, mean 2.6 over all. */
static int64_t lifetime_orders(const struct sandbox_gen *gen, int64_t row)
{
    uint64_t hash = sandbox_gen_hash(gen->table_seed ^ (gen->value_seed - gen->key_seed), row);
    int64_t orders = 0;
    if (sandbox_gen_pick(hash, 100) >= 38)
        for (orders = 1;
             orders < 60 && sandbox_gen_pick(hash = sandbox_gen_mix(hash), 10000) >= 2385;)
            orders++;
    return orders;
}

static SANDBOX_FILL(fill_orders)
{
    int32_t *at = (int32_t *)out->values + out->count;
    for (int64_t i = 0; i < gen->count; i++)
        at[i] = (int32_t)lifetime_orders(gen, gen->row + i);
    sandbox_vector_commit_valid(out, gen->count);
}

static SANDBOX_FILL(fill_value)
{
    uint8_t *at = out->values + out->count * 16;
    for (int64_t i = 0; i < gen->count; i++, at += 16) {
        double each =
            46.0 * exp(0.5 * shop_normal(sandbox_gen_hash(gen->table_seed + 1, gen->row + i)));
        __int128 cents = (int64_t)((double)lifetime_orders(gen, gen->row + i) * each * 100);
        memcpy(at, &cents, 16);
    }
    sandbox_vector_commit_valid(out, gen->count);
}

static char *write_favourite(const struct sandbox_gen *gen, int64_t row, char *at)
{
    return sandbox_put(at, shop_product_category((int64_t)sandbox_gen_pick(
                               sandbox_gen_hash(gen->value_seed, row), SHOP_PRODUCTS)));
}
static SANDBOX_FILL(fill_favourite)
{
    shop_fill_texts(gen, out, 12, write_favourite);
}

static char *write_platform(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return sandbox_put(at, shop_user_platform(row));
}
static SANDBOX_FILL(fill_platform)
{
    shop_fill_texts(gen, out, 8, write_platform);
}

/* 61 % of all have one, nobody on the web. */
static char *write_push_token(const struct sandbox_gen *gen, int64_t row, char *at)
{
    uint64_t hash = sandbox_gen_hash(gen->key_seed, row);
    const char *platform = shop_user_platform(row);
    if (*platform == 'w' || sandbox_gen_pick(hash, 1000) >= 685)
        return NULL;
    at = sandbox_put(at, *platform == 'i' ? "apns-" : "fcm-");
    for (int i = 0; i < 4; i++, hash = sandbox_gen_mix(hash))
        at = sandbox_put_hex(at, hash, 16);
    return at;
}
static SANDBOX_FILL(fill_push_token)
{
    shop_fill_texts(gen, out, 70, write_push_token);
}

static const struct sandbox_column_def user_columns[] = {
    {.name = "contact_id",
     .type = "string",
     .fill = fill_contact,
     .required = true,
     .comment = "Unique user identifier"},
    {.name = "country", .type = "string", .fill = fill_country, .comment = "ISO 3166-1 alpha-2"},
    {.name = "language", .type = "string", .fill = fill_language},
    {.name = "timezone", .type = "string", .fill = fill_zone},
    {.name = "loyalty_tier", .type = "string", .fill = fill_tier},
    {.name = "subscription_status", .type = "string", .fill = fill_status},
    {.name = "signup_date", .type = "date", .fill = fill_signup},
    {.name = "lifetime_orders", .type = "int", .fill = fill_orders},
    {.name = "lifetime_value", .type = "decimal(10,2)", .fill = fill_value},
    {.name = "favourite_category", .type = "string", .fill = fill_favourite},
    {.name = "marketing_opt_in", .type = "boolean", .fill = sandbox_fill_bool, .low = 68},
    {.name = "app_platform", .type = "string", .fill = fill_platform},
    {.name = "push_token", .type = "string", .fill = fill_push_token},
};

static char *write_sku(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return shop_put_sku(at, row);
}
static SANDBOX_FILL(fill_sku)
{
    shop_fill_texts(gen, out, 16, write_sku);
}

static char *write_product_name(const struct sandbox_gen *gen, int64_t row, char *at)
{
    static const char *const words[] = {"Classic", "Light", "Studio", "Everyday", "Trail",
                                        "Velvet",  "Linen", "Solid",  "Pocket",   "Grand"};
    at = sandbox_put(at, shop_product_brand(row));
    *at++ = ' ';
    at = sandbox_put(at, words[sandbox_gen_pick(sandbox_gen_hash(gen->key_seed, row), 10)]);
    *at++ = ' ';
    at = sandbox_put(at, shop_product_category(row));
    *at++ = ' ';
    return sandbox_put_uint(at, (uint64_t)row, 1);
}
static SANDBOX_FILL(fill_product_name)
{
    shop_fill_texts(gen, out, 60, write_product_name);
}

static char *write_brand(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return sandbox_put(at, shop_product_brand(row));
}
static SANDBOX_FILL(fill_brand)
{
    shop_fill_texts(gen, out, 16, write_brand);
}

static char *write_category(const struct sandbox_gen *gen, int64_t row, char *at)
{
    (void)gen;
    return sandbox_put(at, shop_product_category(row));
}
static SANDBOX_FILL(fill_category)
{
    shop_fill_texts(gen, out, 16, write_category);
}

static SANDBOX_FILL(fill_price)
{
    uint8_t *at = out->values + out->count * 16;
    for (int64_t i = 0; i < gen->count; i++, at += 16) {
        __int128 cents = shop_product_price(gen->row + i);
        if (gen->value_seed != gen->key_seed)
            cents +=
                (int64_t)sandbox_gen_pick(sandbox_gen_hash(gen->value_seed, gen->row + i), 1000);
        memcpy(at, &cents, 16);
    }
    sandbox_vector_commit_valid(out, gen->count);
}

static char *write_link(const struct sandbox_gen *gen, int64_t row, char *at)
{
    at = sandbox_put(at, gen->column->extra);
    at = sandbox_put_uint(at, (uint64_t)row, 5);
    return gen->column->high ? sandbox_put(at, ".jpg") : at;
}
static SANDBOX_FILL(fill_link)
{
    shop_fill_texts(gen, out, 60, write_link);
}

static const char *const currencies[] = {"USD", NULL};
static const struct sandbox_column_def product_columns[] = {
    {.name = "item_id",
     .type = "string",
     .fill = sandbox_fill_label,
     .extra = "P",
     .high = 5,
     .required = true},
    {.name = "sku", .type = "string", .fill = fill_sku},
    {.name = "name", .type = "string", .fill = fill_product_name},
    {.name = "brand", .type = "string", .fill = fill_brand},
    {.name = "category", .type = "string", .fill = fill_category},
    {.name = "price", .type = "decimal(10,2)", .fill = fill_price},
    {.name = "currency", .type = "string", .fill = sandbox_fill_vocabulary, .extra = currencies},
    {.name = "deep_link", .type = "string", .fill = fill_link, .extra = "shop://item/P"},
    {.name = "image_url",
     .type = "string",
     .fill = fill_link,
     .high = 1,
     .extra = "https://img.shop.example/P"},
    {.name = "in_stock", .type = "boolean", .fill = sandbox_fill_bool, .low = 93},
    {.name = "updated_at",
     .type = "timestamp",
     .fill = sandbox_fill_past_time,
     .low = 3600,
     .high = 2592000},
};

const struct sandbox_table_def shop_users = {.name = "users",
                                             .columns = user_columns,
                                             .column_count = base_countof(user_columns),
                                             .rows = 66666,
                                             .by_users = true,
                                             .comment =
                                                 "Everybody who has an account, one row a person"};
const struct sandbox_table_def shop_products = {.name = "products",
                                                .columns = product_columns,
                                                .column_count = base_countof(product_columns),
                                                .rows = SHOP_PRODUCTS,
                                                .comment = "The catalogue"};
