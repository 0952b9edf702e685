#include "sandbox/shop.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct shop_zone us_zones[] = {{"America/New_York", -300},
                                            {"America/Chicago", -360},
                                            {"America/Denver", -420},
                                            {"America/Los_Angeles", -480}};
static const int us_shares[] = {47, 29, 7, 17};
static const int whole[] = {100};
static const struct shop_zone gb_zone[] = {{"Europe/London", 0}},
                              de_zone[] = {{"Europe/Berlin", 60}},
                              fr_zone[] = {{"Europe/Paris", 60}},
                              ca_zone[] = {{"America/Toronto", -300}},
                              in_zone[] = {{"Asia/Kolkata", 330}},
                              au_zone[] = {{"Australia/Sydney", 600}},
                              br_zone[] = {{"America/Sao_Paulo", -180}};

static const struct shop_country countries[] = {
    {"US", "United States", "USD", "en", "es", 44, 12, us_zones, us_shares},
    {"GB", "United Kingdom", "GBP", "en", "en", 14, 0, gb_zone, whole},
    {"DE", "Germany", "EUR", "de", "en", 11, 5, de_zone, whole},
    {"FR", "France", "EUR", "fr", "fr", 8, 0, fr_zone, whole},
    {"CA", "Canada", "CAD", "en", "fr", 7, 25, ca_zone, whole},
    {"IN", "India", "INR", "en", "hi", 6, 40, in_zone, whole},
    {"AU", "Australia", "AUD", "en", "en", 5, 0, au_zone, whole},
    {"BR", "Brazil", "BRL", "pt", "pt", 5, 0, br_zone, whole},
};
static const int country_percents[] = {44, 14, 11, 8, 7, 6, 5, 5};

int shop_pick_percent(uint64_t hash, const int *percents)
{
    int point = (int)sandbox_gen_pick(hash, 100), index = 0;
    while (point >= percents[index])
        point -= percents[index++];
    return index;
}

const struct shop_country *shop_user_country(int64_t user)
{
    return &countries[shop_pick_percent(shop_user_hash(user, 1), country_percents)];
}

const char *shop_user_language(int64_t user)
{
    const struct shop_country *country = shop_user_country(user);
    bool other = (int)sandbox_gen_pick(shop_user_hash(user, 2), 100) < country->other_percent;
    return other ? country->other_language : country->language;
}

const struct shop_zone *shop_user_zone(int64_t user)
{
    const struct shop_country *country = shop_user_country(user);
    return &country->zones[shop_pick_percent(shop_user_hash(user, 3), country->zone_percents)];
}

const char *shop_user_tier(int64_t user)
{
    static const char *const tiers[] = {"none", "bronze", "silver", "gold"};
    static const int percents[] = {55, 25, 14, 6};
    return tiers[shop_pick_percent(shop_user_hash(user, 4), percents)];
}

const char *shop_user_platform(int64_t user)
{
    static const char *const platforms[] = {"ios", "android", "web"};
    static const int percents[] = {42, 47, 11};
    return platforms[shop_pick_percent(shop_user_hash(user, 5), percents)];
}

/* Twelve even numbers less six: close enough to a bell, and the same on every machine. */
double shop_normal(uint64_t hash)
{
    int64_t sum = 0;
    for (int i = 0; i < 3; i++, hash = sandbox_gen_mix(hash))
        for (int j = 0; j < 64; j += 16)
            sum += (int64_t)(hash >> j & 0xffff);
    return (double)sum / 65536.0 - 6.0;
}

const char *shop_product_category(int64_t product)
{
    static const char *const names[] = {"apparel",     "shoes",  "home", "beauty",
                                        "electronics", "sports", "toys", "grocery"};
    static const int percents[] = {28, 16, 15, 12, 10, 9, 6, 4};
    return names[shop_pick_percent(sandbox_gen_hash(SHOP_PRODUCT_SEED, product), percents)];
}

const char *shop_product_brand(int64_t product)
{
    static const char *const names[] = {"Nordlund", "Aster", "Kivi",   "Pelago", "Bruma",
                                        "Tamarind", "Ostra", "Halden", "Vela",   "Corvo"};
    return names[sandbox_gen_pick(sandbox_gen_hash(SHOP_PRODUCT_SEED + 1, product), 10)];
}

int64_t shop_product_price(int64_t product)
{
    double price = 34.0 * exp(0.7 * shop_normal(sandbox_gen_hash(SHOP_PRODUCT_SEED + 2, product)));
    int64_t cents = (int64_t)(price * 100);
    return cents < 99 ? 99 : cents - cents % 10 + 9;
}

char *shop_put_sku(char *at, int64_t product)
{
    const char *category = shop_product_category(product);
    for (int i = 0; i < 3; i++)
        *at++ = (char)(category[i] - 'a' + 'A');
    *at++ = '-';
    return sandbox_put_uint(at, (uint64_t)product * 7919 % 100000, 5);
}

void shop_fill_texts(const struct sandbox_gen *gen, struct sandbox_vector *out, size_t longest,
                     char *(*write)(const struct sandbox_gen *gen, int64_t row, char *at))
{
    char *start = (char *)sandbox_vector_room(out, (size_t)gen->count * longest), *at = start;
    int32_t *offsets = out->offsets + out->count + 1, base = (int32_t)out->data_len;
    for (int64_t i = 0; i < gen->count; i++) {
        char *end = write(gen, gen->row + i, at);
        sandbox_vector_bit(out->valid, out->count + i, end != NULL);
        at = end ? end : at;
        offsets[i] = base + (int32_t)(at - start);
    }
    out->data_len += (size_t)(at - start);
    sandbox_vector_commit(out, gen->count);
}

/* Quantiles of the lognormal weights: top 20 % of users make about 70 % of events. */
static struct sandbox_alias *activity(int64_t users)
{
    size_t count = users < 4096 ? (size_t)users : 4096;
    double *weights = base_alloc_zero(count, sizeof *weights);
    for (size_t i = 0; i < count; i++)
        weights[i] = exp(1.3 * shop_normal(sandbox_gen_hash(SHOP_USER_SEED + 7, (int64_t)i)));
    struct sandbox_alias *alias = sandbox_alias_new(weights, count);
    free(weights);
    return alias;
}

static struct sandbox_alias *popularity(void)
{
    double weights[SHOP_PRODUCTS];
    for (int i = 0; i < SHOP_PRODUCTS; i++)
        weights[i] = pow(i + 1, -1.05);
    return sandbox_alias_new(weights, SHOP_PRODUCTS);
}

/* The last 90 days: more at weekends, two promotions. */
static struct sandbox_alias *days(int64_t t0)
{
    double weights[90];
    for (int i = 0; i < 90; i++) {
        int64_t day = t0 / 86400000000 - i;
        int weekday = (int)((day + 4) % 7); /* 0 = Sunday */
        weights[i] = weekday == 0 || weekday == 6 ? 1.25 : 1.0;
        if (i == 20 || i == 61)
            weights[i] *= 2.2;
    }
    return sandbox_alias_new(weights, 90);
}

static struct sandbox_alias *hours(void)
{
    static const double weights[24] = {1.6, 1.0, 0.6, 0.3, 0.3, 0.4, 1.0, 2.2, 3.2, 3.6, 4.0, 4.6,
                                       6.0, 5.8, 4.4, 4.0, 4.0, 4.4, 5.0, 5.8, 7.0, 7.2, 6.4, 3.4};
    return sandbox_alias_new(weights, 24);
}

void sandbox_shop_prepare(struct sandbox_world *world)
{
    world->activity = activity(sandbox_world_users(world));
    world->products = popularity();
    world->days = days(world->t0);
    world->hours = hours();
    world->events = shop_events_new();
}

void sandbox_shop_release(struct sandbox_world *world)
{
    sandbox_alias_free(&world->activity);
    sandbox_alias_free(&world->products);
    sandbox_alias_free(&world->days);
    sandbox_alias_free(&world->hours);
    base_free(&world->events);
}
