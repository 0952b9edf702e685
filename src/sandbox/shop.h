/* The shop's people and goods: facts of a user or product number that several tables share. */
#ifndef AAMPE_SANDBOX_SHOP_H
#define AAMPE_SANDBOX_SHOP_H

#include "sandbox/world.h"

#define SHOP_PRODUCTS 400
#define SHOP_USER_SEED 0x75736572U
#define SHOP_PRODUCT_SEED 0x70726f64U

static inline uint64_t shop_user_hash(int64_t user, unsigned what)
{
    return sandbox_gen_hash(SHOP_USER_SEED ^ (uint64_t)what << 32, user);
}

struct shop_zone {
    const char *name;
    int minutes; /* standard offset from UTC */
};

struct shop_country {
    const char *code, *name, *currency, *language, *other_language;
    int percent, other_percent; /* share of users; of the other language */
    const struct shop_zone *zones;
    const int *zone_percents;
};

const struct shop_country *shop_user_country(int64_t user);
const char *shop_user_language(int64_t user);
const struct shop_zone *shop_user_zone(int64_t user);
const char *shop_user_tier(int64_t user);
const char *shop_user_platform(int64_t user);
/* Standard normal from a hash. */
double shop_normal(uint64_t hash);

const char *shop_product_category(int64_t product);
const char *shop_product_brand(int64_t product);
int64_t shop_product_price(int64_t product); /* cents */
char *shop_put_sku(char *at, int64_t product);

/* Index of the percentage a hash falls into. */
int shop_pick_percent(uint64_t hash, const int *percents);

/* Fills a text column row by row. */
void shop_fill_texts(const struct sandbox_gen *gen, struct sandbox_vector *out, size_t longest,
                     char *(*write)(const struct sandbox_gen *gen, int64_t row, char *at));

extern const struct sandbox_table_def shop_users, shop_events, shop_products, shop_customers,
    shop_customers_masked, shop_clickstream, shop_app_events_raw, shop_stale_events,
    shop_heartbeats, shop_empty_events, shop_finance_orders, shop_employees, shop_members,
    shop_members_history, shop_campaign_sends, shop_campaigns, shop_sales_orders, shop_order_lines,
    shop_returns, shop_active_users, shop_users_old;

struct shop_events *shop_events_new(void);

#endif
