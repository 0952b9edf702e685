/* Access tokens of one identity: OAuth 2 client credentials against a workspace
 * (databricks-api.md 1.2-1.4), or a fixed token. The endpoint is found by discovery
 * ({origin}/oidc/.well-known/oauth-authorization-server), falling back to {origin}/oidc/v1/token;
 * one of another origin is refused. Renewal starts min(ttl/2, 20 min) before expiry in the
 * background; callers wait only when there is no valid token, all of them on one request.
 * Nobody hammers: a credential that was refused is not tried again for 2, 5, then 15 s, during
 * which everybody gets that refusal, with the rest of the time as retry_after_ms; a token that the
 * service refuses is replaced once, and one that is refused right after stays for 15 s. */
#ifndef AAMPE_NET_TOKEN_H
#define AAMPE_NET_TOKEN_H

#include "base/err.h"
#include "base/secret.h"
#include "net/http.h"

#include <stdint.h>

struct net_token;
/* http is borrowed; id and secret are copied. */
struct net_token *net_token_oauth(struct net_http *http, const char *client_id,
                                  const struct secret *client_secret);
struct net_token *net_token_fixed(struct net_http *http, const struct secret *token);
/* Waiting callers are dropped without an answer. */
void net_token_free(struct net_token **token);

struct net_token_wait;
/* done runs once on the loop, never from inside this call: bearer (borrowed for the call) or err
 * (SRC_AUTH_CLIENT_INVALID, SRC_AUTH_SECRET_EXPIRED, SRC_TOKEN_ENDPOINT_WRONG, SRC_IP_BLOCKED,
 * SRC_RATE_LIMIT, SRC_UNAVAILABLE, NET_*, ...). */
struct net_token_wait *net_token_get(struct net_token *token,
                                     void (*done)(void *user, const struct secret *bearer,
                                                  const struct err *err),
                                     void *user);
void net_token_cancel(struct net_token_wait **wait);
/* When the client secret ends, as far as anybody knows: wall clock microseconds, 0 for not known.
 * A client that is refused after that is SRC_AUTH_SECRET_EXPIRED, with the fact "secret_ends". What
 * was refused before this was known is asked for again. */
void net_token_secret_ends(struct net_token *token, int64_t ends_us);
/* The service refused this bearer: it is dropped if it is still the current one. Returns false when
 * nothing better can be had (a fixed token, or one that was got just now for the same reason). */
bool net_token_reject(struct net_token *token, const struct secret *bearer);
/* Wall clock microseconds; 0: none held, or a fixed token. */
int64_t net_token_expires_us(const struct net_token *token);
/* Renewal lead time for a lifetime, pure: min(ttl/2, 20 min). Seconds. */
int64_t net_token_lead(int64_t ttl);

#endif
