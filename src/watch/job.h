/* Work that may hang (a name server, a mount that does not answer) on a thread of its own, so that
 * the loop never waits for it. */
#ifndef AAMPE_WATCH_JOB_H
#define AAMPE_WATCH_JOB_H

#include "net/loop.h"

struct watch_job;
/* work(data) runs on a new thread; then done(user, data) on the loop, unless dropped before. data
 * (malloc'd) is freed with free_data after that, whatever happens. Nothing in data may be shared.
 */
struct watch_job *watch_job_start(struct net_loop *loop, void (*work)(void *data),
                                  void (*done)(void *user, void *data),
                                  void (*free_data)(void *data), void *data, void *user);
/* done will not run; the thread ends when it can. NULL is ignored; sets *job to NULL. The handle is
 * dead once done starts. */
void watch_job_drop(struct watch_job **job);

#endif
