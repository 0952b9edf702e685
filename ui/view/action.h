/* The actions of the console, by table (actions.def). */
#ifndef AAMPE_UI_VIEW_ACTION_H
#define AAMPE_UI_VIEW_ACTION_H

#include <stdbool.h>
#include <stddef.h>

enum view_action_class { VIEW_LOOK, VIEW_RUN, VIEW_WRITE };

enum view_action {
    VIEW_ACTION_NONE,
#define ACTION(id, keys, class, hint, words, help) VIEW_ACTION_##id,
#include "ui/view/actions.def"
#undef ACTION
    VIEW_ACTION_COUNT
};

struct view_action_info {
    const char *id, *keys;
    enum view_action_class class;
    const char *hint, *words, *help;
};
const struct view_action_info *view_action_info(enum view_action action);
const char *view_action_class_name(enum view_action_class class); /* "look", "run", "write" */
/* The action of a key by its name in the table ("a", "Enter", "Ctrl-L"); NONE. */
enum view_action view_action_of_key(const char *key);
/* The first key of an action, as the hint line shows it; returns its length. */
size_t view_action_key(enum view_action action, char *out, size_t size);

#endif
