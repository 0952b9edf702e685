#include "ui/view/action.h"

#include <string.h>

static const struct view_action_info actions[VIEW_ACTION_COUNT] = {
    [VIEW_ACTION_NONE] = {"", "", VIEW_LOOK, "", "", ""},
#define ACTION(id, keys, class, hint, words, help)                                                 \
    [VIEW_ACTION_##id] = {#id, keys, VIEW_##class, hint, words, help},
#include "ui/view/actions.def"
#undef ACTION
};

const struct view_action_info *view_action_info(enum view_action action)
{
    return &actions[action < VIEW_ACTION_COUNT ? action : VIEW_ACTION_NONE];
}

const char *view_action_class_name(enum view_action_class class)
{
    static const char *const names[] = {"look", "run", "write"};
    return names[class];
}

enum view_action view_action_of_key(const char *key)
{
    size_t len = strlen(key);
    for (int action = 1; action < VIEW_ACTION_COUNT; action++) {
        for (const char *at = actions[action].keys; *at;) {
            size_t word = strcspn(at, " ");
            if (word == len && memcmp(at, key, len) == 0)
                return (enum view_action)action;
            at += word + strspn(at + word, " ");
        }
    }
    return VIEW_ACTION_NONE;
}

size_t view_action_key(enum view_action action, char *out, size_t size)
{
    const char *keys = view_action_info(action)->keys;
    size_t len = strcspn(keys, " ");
    if (len >= size)
        len = size - 1;
    memcpy(out, keys, len);
    out[len] = '\0';
    return len;
}
