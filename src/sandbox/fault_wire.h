/* Faults of the wire: answers that come instead of the endpoint's, late, cut or not at all, and
 * links that lead elsewhere. Private to the room; kinds and options stand in fault.c. */
#ifndef AAMPE_SANDBOX_FAULT_WIRE_H
#define AAMPE_SANDBOX_FAULT_WIRE_H

#include "sandbox/fault.h"

/* For every answer, refusals of a credential included: the clock its Date header is of. */
void sandbox_wire_clock(struct sandbox_exchange *exchange);
/* May answer instead of the endpoint: exchange->status is set then. */
void sandbox_wire_before(struct sandbox_exchange *exchange);
/* What happens to the endpoint's answer on its way. */
void sandbox_wire_after(struct sandbox_exchange *exchange);
/* The object store refuses a link that is still good; true when it did. */
bool sandbox_wire_link_refused(struct sandbox_exchange *exchange,
                               const struct sandbox_fault_probe *probe);
/* Scheme, host and port that a link is to be made for; malloc'd. */
char *sandbox_wire_link_origin(struct sandbox_server *server,
                               const struct sandbox_fault_probe *probe);

#endif
