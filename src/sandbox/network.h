/* Who gets as far as a credential: IP access lists, private access, and what kind of host this is
 * (databricks-api.md 0 and 8). Private to the room. */
#ifndef AAMPE_SANDBOX_NETWORK_H
#define AAMPE_SANDBOX_NETWORK_H

#include "sandbox/server.h"

struct sandbox_network;
struct sandbox_network *sandbox_network_new(void);
void sandbox_network_free(struct sandbox_network **network);

/* The address a request comes from, malloc'd: what the fault says it is, else X-Forwarded-For (as
 * behind the service's own balancers, so that tests come from another address), else the peer's. */
char *sandbox_network_source(struct sandbox_exchange *exchange);
/* False after answering: the network or the kind of host refuses, whoever calls. */
bool sandbox_network_admits(struct sandbox_exchange *exchange);
/* An API or a token endpoint of the account. The workspace's own proxy for secrets has no account
 * id in its path and is none. */
bool sandbox_network_account_path(const struct sandbox_exchange *exchange);

/* Lists. */
struct sandbox_ip_range {
    char *text; /* as given: "192.0.2.7" or "192.0.2.0/24" */
    uint32_t address, mask;
};
/* False for what is not an IPv4 address or range. On true text is a copy. */
bool sandbox_ip_range_read(const char *text, struct sandbox_ip_range *range);

struct sandbox_ip_list {
    char *id, *label;
    char *created_by, *updated_by; /* SCIM ids */
    bool block, enabled, account;
    int64_t created_ms, updated_ms;
    vec_of(struct sandbox_ip_range) ranges;
};
void sandbox_ip_list_free(struct sandbox_ip_list *list);

/* What follows is called with the workspace locked. */
enum { SANDBOX_IP_RANGES_MAX = 1000 };
size_t sandbox_network_ranges(const struct sandbox_network *network, bool account);
struct sandbox_ip_list *sandbox_network_list_at(const struct sandbox_network *network,
                                                size_t index); /* NULL past the end */
/* One in the place of another; gives the other. */
struct sandbox_ip_list *sandbox_network_list_swap(struct sandbox_network *network,
                                                  const struct sandbox_ip_list *old,
                                                  struct sandbox_ip_list *list);
struct sandbox_ip_list *sandbox_network_list(const struct sandbox_network *network, bool account,
                                             const char *id);
/* Takes the list. */
void sandbox_network_list_add(struct sandbox_network *network, struct sandbox_ip_list *list);
/* False when there is none of that id. */
bool sandbox_network_list_remove(struct sandbox_network *network, const char *id);
/* The switch enableIpAccessLists: -1 never touched, 0 off, 1 on; unless on, the lists do nothing.
 * Setting gives what it was. */
int sandbox_network_lists_on(const struct sandbox_network *network);
int sandbox_network_lists_set(struct sandbox_network *network, int on);
/* Would the lists as they are, `on` or not, let this address in? */
bool sandbox_network_lets_in(const struct sandbox_network *network, bool account, bool on,
                             const char *address);

/* Callers (NULL: all) seem to come from that address; address NULL takes it back. */
void sandbox_network_seen_as(struct sandbox_network *network, const char *principal,
                             const char *address);

enum sandbox_private { SANDBOX_PUBLIC, SANDBOX_PRIVATE_REDIRECT, SANDBOX_PRIVATE_TEXT };
/* Only the private network is let in, and how others are told. Gives what it was. */
enum sandbox_private sandbox_network_private_set(struct sandbox_network *network,
                                                 enum sandbox_private how);

/* The setting host_type. An account host knows nothing of a workspace; a unified one is both. */
enum sandbox_host { SANDBOX_HOST_WORKSPACE, SANDBOX_HOST_ACCOUNT, SANDBOX_HOST_UNIFIED };

#endif
