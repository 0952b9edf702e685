/* A sync on a bench: real state, a real folder and a fake workspace, one table "c.s.t". */
#ifndef AAMPE_TEST_SYNC_BENCH_H
#define AAMPE_TEST_SYNC_BENCH_H

#include "fake_workspace.h"

#include "model/run.h"
#include "storage/storage.h"
#include "store/state.h"
#include "sync/sync.h"

struct bench {
    char folder[64];
    struct base_seam *seam;
    struct net_loop *loop;
    struct fake_workspace fake;
    struct storage *storage;
    struct store_state *store;
    struct sync *sync;
    int recovered, batches_over, states[RUN_CANCELLED + 1];
    int64_t last_run;
    enum err_code last_code;
    struct model_share_table table;
};

int bench_open(void **state);
int bench_close(void **state);
/* As a process begins and ends: the folder stays. */
void bench_engine_start(struct bench *b);
void bench_engine_stop(struct bench *b);
void bench_turn_until_idle(struct bench *b);
int64_t bench_batch(struct bench *b, bool allow_empty);
/* The last one; caller frees. */
struct model_run bench_run_get(struct bench *b);
/* Runs one batch to its end; returns the code it ended with. */
enum err_code bench_run_once(struct bench *b);
/* Every row once, or no generation at all (-1). Returns the number of files. */
int bench_destination_check(struct bench *b, int64_t expected);

#endif
