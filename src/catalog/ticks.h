/* The ticked tables: the share, and a draft over it that changes nothing until it is applied. The
 * draft is kept in state.db as operations, each undone as a whole; here is what they come to, with
 * counts per container, so that a page of the tree needs no question per row. A draft entry that is
 * equal to the share is none. Names are full names as model_name_text writes them, ASCII case
 * folded. Main loop only. */
#ifndef AAMPE_CATALOG_TICKS_H
#define AAMPE_CATALOG_TICKS_H

#include "base/err.h"
#include "base/seam.h"
#include "model/share.h"
#include "store/draft.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a draft: more than a share may hold, so that a wrong pattern can be undone and not only
 * refused. */
#define CATALOG_TICKS_MAX 200000

struct catalog_ticks;

/* Reads the draft; the share is empty until catalog_ticks_share. Store and seam borrowed. */
struct catalog_ticks *catalog_ticks_new(struct store_state *store, struct base_seam *seam,
                                        struct err *err);
void catalog_ticks_free(struct catalog_ticks **ticks);
/* The share as it is now. *changed (may be NULL): it differs from the one known before, so its
 * number has gone up and the draft has a new revision. */
int catalog_ticks_share(struct catalog_ticks *ticks, const struct model_share *share, bool *changed,
                        struct err *err) must_check;

struct catalog_tick {
    bool shared;
    int draft; /* 1: will be added, -1: will be removed, 0: stays */
};
struct catalog_tick catalog_ticks_get(const struct catalog_ticks *ticks, const char *full_name);
struct catalog_tick_counts {
    int64_t ticked; /* once the draft is applied */
    int64_t add, remove;
};
/* Of a container's key, "c:shop" or "s:shop.aampe"; "": of all. */
struct catalog_tick_counts catalog_ticks_counts(const struct catalog_ticks *ticks, const char *key);

struct catalog_draft {
    int64_t revision; /* of the draft; every change of draft or share makes a new one */
    int64_t base;     /* number of the share it stands on: counts the changes of the share */
    int64_t updated_us;
    int64_t add, remove;
    int64_t operations; /* that can be undone */
    const char *author; /* borrowed; "" before the first change */
};
struct catalog_draft catalog_ticks_draft(const struct catalog_ticks *ticks);

/* Who does it. */
struct catalog_author {
    const char *name;
    int64_t uid;
};
/* Ticks or unticks tables, one operation. *changed: entries of the draft that did. LIMIT_EXCEEDED
 * above CATALOG_TICKS_MAX, ERR_USAGE for what is no name of a table. */
int catalog_ticks_set(struct catalog_ticks *ticks, const char *const *names, size_t count, bool on,
                      const struct catalog_author *author, int64_t *changed,
                      struct err *err) must_check;
/* Takes the last operation back. what (may be NULL): 160 bytes, what it was; "" when there was
 * none. */
int catalog_ticks_undo(struct catalog_ticks *ticks, const struct catalog_author *author,
                       int64_t *changed, char *what, struct err *err) must_check;
/* What the last operation was and by whom, 256 bytes; "" when there is none. */
int catalog_ticks_last(struct catalog_ticks *ticks, char *what, struct err *err) must_check;
/* Empties the draft; an operation like the others, so it can be undone. */
int catalog_ticks_clear(struct catalog_ticks *ticks, const struct catalog_author *author,
                        int64_t *changed, struct err *err) must_check;
/* The draft has become the share (which is told by catalog_ticks_share first): nothing is left to
 * undo. */
int catalog_ticks_applied(struct catalog_ticks *ticks, const struct catalog_author *author,
                          struct err *err) must_check;

/* Entries of the draft by name; names borrowed until the next change. NULL at the end. */
const char *catalog_ticks_at(struct catalog_ticks *ticks, int64_t index, int *draft);
/* {"revision","base","author","updated","add","remove"} */
cJSON *catalog_ticks_head_json(const struct catalog_ticks *ticks);
/* What the share gained and lost at its last change: {"number","added":[...],"removed":[...]}, at
 * most 20 names each; NULL when none is known. */
cJSON *catalog_ticks_moved_json(const struct catalog_ticks *ticks);

#endif
