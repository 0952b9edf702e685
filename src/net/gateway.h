/* What the gateway in front of every endpoint of a workspace says before any of them is reached: as
 * text, as JSON with a number for an error_code, or as a page, and never with a code of its own. It
 * is the one place where words decide (databricks-api.md 1.3, 8). */
#ifndef AAMPE_NET_GATEWAY_H
#define AAMPE_NET_GATEWAY_H

#include "base/err.h"

/* SRC_IP_BLOCKED, SRC_PRIVATE_LINK_ONLY, SRC_SP_NOT_IN_WORKSPACE, SRC_SP_DISABLED; ERR_OK when the
 * text is none of these. */
enum err_code net_gateway_code(const char *text);
/* The address and the workspace that the text names, as evidence and in the hint, by err->code. */
void net_gateway_explain(struct err *err, const char *text);

#endif
