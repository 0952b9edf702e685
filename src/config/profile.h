/* The profile file P.json: settings and share list, plain text made for git. Only the engine writes
 * it. */
#ifndef AAMPE_CONFIG_PROFILE_H
#define AAMPE_CONFIG_PROFILE_H

#include "base/err.h"
#include "model/share.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_setting {
#define S(id, key, type, fallback, min, max, choices, help) CONFIG_##id,
#include "config/settings.def"
#undef S
    CONFIG_SETTING_COUNT
};
enum config_type {
    CONFIG_TYPE_TEXT,
    CONFIG_TYPE_INT,
    CONFIG_TYPE_BYTES,
    CONFIG_TYPE_BOOL,
    CONFIG_TYPE_CHOICE,
    CONFIG_TYPE_FILE,
    CONFIG_TYPE_URL
};
struct config_setting_info {
    const char *key;
    enum config_type type;
    const char *fallback; /* NULL: none */
    int64_t min, max;     /* INT, BYTES */
    const char *choices;  /* CHOICE, split by | */
    const char *help;
};
/* Table lookups; setting < CONFIG_SETTING_COUNT. */
const struct config_setting_info *config_setting_info(enum config_setting setting);
/* CONFIG_SETTING_COUNT when there is no such key. */
enum config_setting config_setting_by_key(const char *key);
const char *config_type_name(enum config_type type);

enum config_managed { CONFIG_MANAGED_CONSOLE, CONFIG_MANAGED_FILE };

struct config_profile;                           /* opaque but for the functions below */
struct config_profile *config_profile_new(void); /* empty: everything at its default */
void config_profile_free(struct config_profile **profile);
struct config_profile *config_profile_dup(const struct config_profile *profile);

/* CONFIG_INVALID names the key or the path of what is wrong ("destination.url: ..."); an absent
 * file is CONFIG_MISSING. */
struct config_profile *config_profile_load(const char *path, struct err *err);
/* What of a bad file can be used all the same, for a diagnosis: every setting that is good by
 * itself, the share when it is whole. Never NULL. */
struct config_profile *config_profile_salvage(const char *path);
struct config_profile *config_profile_parse(const char *text, size_t len, struct err *err);
/* Byte-stable: the same profile gives the same bytes, and parse(print(p)) is p. malloc'd, ends with
 * a newline. */
char *config_profile_print(const struct config_profile *profile);
/* Atomically, mode 0600 when new. A share managed by file is never written: CONFIG_INVALID when it
 * differs from that of the file. */
int config_profile_save(const struct config_profile *profile, const char *path,
                        struct err *err) must_check;

/* The value as set, else the default, else NULL; borrowed. */
const char *config_get(const struct config_profile *profile, enum config_setting setting);
int64_t config_get_i64(const struct config_profile *profile,
                       enum config_setting setting); /* INT, BYTES */
bool config_get_bool(const struct config_profile *profile, enum config_setting setting);
bool config_is_set(const struct config_profile *profile, enum config_setting setting);
/* Validates and normalises (a pasted workspace URL becomes its origin); NULL value = unset.
 * CONFIG_INVALID. */
int config_set(struct config_profile *profile, enum config_setting setting, const char *value,
               struct err *err) must_check;
/* What is missing or does not fit together before a sync can run; CONFIG_MISSING names the first
 * key. */
int config_profile_check(const struct config_profile *profile, struct err *err) must_check;

enum config_managed config_profile_managed(const struct config_profile *profile);
void config_profile_manage(struct config_profile *profile, enum config_managed managed);
/* Borrowed; changed in place by its owner, the engine. */
struct model_share *config_profile_share(struct config_profile *profile);

#endif
