/* What a result manifest must say before one byte is fetched. Pure. */
#ifndef AAMPE_SYNC_MANIFEST_H
#define AAMPE_SYNC_MANIFEST_H

#include "databricks/statement.h"
#include "sync/group.h"

/* Rules 6 (i), (ii), (v) of reliability.md (c), and that the columns are those of the plan. *chunks
 * malloc'd. SRC_RESULT_TRUNCATED, SRC_CHUNK_GAP, SRC_ROWCOUNT_MISMATCH, SRC_TABLE_CHANGED
 * (columns), SRC_UNCLASSIFIED (format or compression that was not asked for), LIMIT_EXCEEDED. */
int sync_manifest_read(const struct databricks_manifest *manifest, const struct model_schema *want,
                       struct sync_chunk **chunks, size_t *count, bool *lz4,
                       struct err *err) must_check;
/* The link that was asked for, of those that came. NULL with SRC_CHUNK_GAP when it is not there or
 * tells another place than the manifest did, SRC_ROWCOUNT_MISMATCH when another number of rows. */
const struct databricks_link *sync_link_choose(const struct databricks_links *links,
                                               const struct sync_chunk *chunk, struct err *err);

#endif
