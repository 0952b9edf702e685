/* Private: validation of one value. */
#ifndef AAMPE_CONFIG_SETTING_H
#define AAMPE_CONFIG_SETTING_H

#include "config/profile.h"

/* The value in its one stored form, malloc'd; NULL with CONFIG_INVALID (or the code of
 * config_host_parse). */
char *config_setting_normal(enum config_setting setting, const char *value, struct err *err);

#endif
