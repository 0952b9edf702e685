/* The listener: libmicrohttpd with a thread per connection. Private to the room. */
#ifndef AAMPE_SANDBOX_HTTP_H
#define AAMPE_SANDBOX_HTTP_H

#include "sandbox/server.h"

struct sandbox_http;
/* address "127.0.0.1:0" or "[::1]:0"; certificate and key: PEM text for TLS, or NULL. *port gets
 * the bound one and server->address the URL; requests are answered from then on. */
struct sandbox_http *sandbox_http_new(struct sandbox_server *server, const char *address,
                                      const char *certificate, const char *key, int *port,
                                      struct err *err);
/* Waits for the running exchanges, which see server->stopping. */
void sandbox_http_free(struct sandbox_http **http);

#endif
