/* A workspace inside the test: the calls of databricks/ that a sync makes, answered on the loop,
 * with lies and failures to switch on. Table "c.s.t" has columns id = row and twice = 2 * row, in
 * chunks of 100 rows. */
#ifndef AAMPE_TEST_FAKE_WORKSPACE_H
#define AAMPE_TEST_FAKE_WORKSPACE_H

#include "base/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

#define FAKE_CHUNK_ROWS 100

struct fake_workspace {
    struct net_loop *loop;
    int chunks;                        /* of every statement from now on */
    bool view, filtered, nested, slow; /* slow: statements never end */
    enum err_code refuse_table;        /* table get ends so */
    enum err_code refuse_execute;
    enum err_code fail_statement; /* wait ends so */
    bool truncated;
    int lie_total, lie_count, lie_offset, lie_rows,
        lie_chunks; /* added to what is true; lie_rows: in the bytes */
    int lie_link_rows;
    bool swap_last;   /* the last chunk is the first one again */
    int lies_left;    /* statements that lie; -1: all */
    int links_expire; /* links that end as expired, one after the other */
    int corrupt;      /* downloads that come damaged, after the first `corrupt_after` */
    int corrupt_after;
    bool warehouse_stopped;
    int lose_execute;      /* so many submissions are not answered */
    bool lost_is_there;    /* but were taken */
    int result_gone_after; /* links until the result is gone; -1: never */
    /* What was asked. */
    int executed, cancelled, closed, history_looks, warehouse_looks, links, fetches, open_calls;
    int most_links_ahead, links_open; /* links given and not yet fetched */
    int64_t version;
};

struct databricks *fake_databricks(struct fake_workspace *fake);

#endif
