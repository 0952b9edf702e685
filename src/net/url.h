/* URLs as far as host rules need them; pure. */
#ifndef AAMPE_NET_URL_H
#define AAMPE_NET_URL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct net_url {
    bool https;
    int port;
    char host[256]; /* lower case, ASCII; IPv6 without brackets */
    char *path; /* "/..." with the query, borrowed style: points into one allocation; may be "" */
};

/* http and https only; userinfo, control characters, spaces, backslashes and non-ASCII hosts are
 * refused with SEC_HOST_REFUSED. The message never holds the query. */
int net_url_parse(const char *text, struct net_url *out, struct err *err) must_check;
void net_url_free(struct net_url *url);
bool net_url_same_origin(const struct net_url *a, const struct net_url *b);
/* 127.0.0.0/8 and ::1 written as an address in its one canonical form, and "localhost". */
bool net_url_loopback_host(const char *host);
/* Not loopback, link-local, private, unique-local, multicast, unspecified, documentation,
 * benchmark, carrier NAT or a mapped/embedded form of these. why (may be NULL) gets the class of
 * address refused. */
bool net_address_public(const struct sockaddr *address, const char **why);
bool net_address_loopback(const struct sockaddr *address);

#endif
