/* The screens of this version. Each line belongs to who writes the screen. */
#include "ui/screen/console_private.h"

#include "base/alloc.h"

static const struct screen_ops *const screens[] = {
    &screen_overview, &screen_browse, &screen_share,  &screen_runs,
    &screen_access,   &screen_audit,  &screen_doctor, &screen_setup,
};

size_t screen_hints(const enum view_action list[], size_t count, enum view_action out[], size_t max)
{
    size_t fits = count < max ? count : max;
    for (size_t i = 0; i < fits; i++)
        out[i] = list[i];
    return fits;
}

const struct screen_ops *console_screen_ops(int digit)
{
    for (size_t i = 0; i < base_countof(screens); i++)
        if (screens[i]->number == digit)
            return screens[i];
    return NULL;
}
