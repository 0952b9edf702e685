/* How the state is, for a doctor: of one that is open here, and of one that somebody else may hold.
 */
#ifndef AAMPE_STORE_HEALTH_H
#define AAMPE_STORE_HEALTH_H

#include "store/state.h"

struct store_health {
    int64_t version;   /* of the schema */
    int64_t bytes;     /* of the database */
    int64_t backup_us; /* when the newest backup was made; 0: there is none */
    bool ballast_spent;
};
/* quick_check and numbers of an open state. HOST_STATE_CORRUPT names the first line. */
int store_health(struct store_state *store, struct store_health *out, struct err *err) must_check;

/* The text of who holds the folder ("pid 7, uid 0, since ..."), malloc'd; NULL: nobody does. Takes
 * no lock that would outlive the call. */
char *store_holder(const char *folder);
/* A state as it is on the disk, read from a private copy in a temporary folder that is gone at
 * once: nothing of the original is locked, changed or made, and it may be held by an engine. All
 * verbs that read work on it; what is written to it is lost. NULL with what store_open would say of
 * it: HOST_*; sys_errno ENOENT when there is no state. */
struct store_state *store_open_copy(const char *folder, struct base_seam *seam, struct err *err);

#endif
