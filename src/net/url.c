#include "net/url.h"

#include "base/alloc.h"
#include "base/secret.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse(struct err *err, const char *what)
{
    return base_err_set(err, ERR_SEC_HOST_REFUSED, "address refused: %s", what);
}

static int check_bytes(const char *text, struct err *err)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p <= 0x20 || *p == 0x7f)
            return refuse(err, "it holds a space or a control character");
        if (*p == '\\')
            return refuse(err, "it holds a backslash");
    }
    return 0;
}

static int parse_scheme(const char **text, struct net_url *out, struct err *err)
{
    if (strncasecmp(*text, "https://", 8) == 0) {
        out->https = true;
        *text += 8;
    } else if (strncasecmp(*text, "http://", 7) == 0) {
        *text += 7;
    } else {
        return refuse(err, "it is neither https nor http");
    }
    out->port = out->https ? 443 : 80;
    return 0;
}

static int parse_port(const char *text, size_t len, struct net_url *out, struct err *err)
{
    long port = 0;

    if (len == 0 || len > 5)
        return refuse(err, "the port is not a number");
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return refuse(err, "the port is not a number");
        port = port * 10 + (text[i] - '0');
    }
    if (port < 1 || port > 65535)
        return refuse(err, "the port is not between 1 and 65535");
    out->port = (int)port;
    return 0;
}

static int copy_host(const char *text, size_t len, bool bracketed, struct net_url *out,
                     struct err *err)
{
    if (len == 0)
        return refuse(err, "the host is empty");
    if (len >= sizeof out->host)
        return refuse(err, "the host is longer than 255 bytes");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool fine = isalnum(c) || c == '-' || c == '.' || c == '_';

        if (c >= 0x80)
            return refuse(err, "the host is not ASCII");
        if (bracketed ? !(isxdigit(c) || c == ':' || c == '.') : !fine)
            return refuse(err, "the host holds a character no host name has");
        out->host[i] = (char)tolower(c);
    }
    out->host[len] = '\0';
    if (!bracketed && len > 1 && out->host[len - 1] == '.')
        out->host[len - 1] = '\0';
    return 0;
}

static int parse_authority(const char *text, size_t len, struct net_url *out, struct err *err)
{
    const char *end, *colon;

    if (memchr(text, '@', len))
        return refuse(err, "it holds a user name");
    if (len && text[0] == '[') {
        end = memchr(text, ']', len);
        if (!end)
            return refuse(err, "the bracket of the IPv6 address is not closed");
        if (copy_host(text + 1, (size_t)(end - text) - 1, true, out, err))
            return -1;
        colon = end + 1;
        len -= (size_t)(colon - text);
        if (len == 0)
            return 0;
        if (*colon != ':')
            return refuse(err, "something other than a port follows the host");
        return parse_port(colon + 1, len - 1, out, err);
    }
    colon = memchr(text, ':', len);
    if (colon && parse_port(colon + 1, len - (size_t)(colon - text) - 1, out, err))
        return -1;
    return copy_host(text, colon ? (size_t)(colon - text) : len, false, out, err);
}

int net_url_parse(const char *text, struct net_url *out, struct err *err)
{
    size_t len;

    *out = (struct net_url){.https = false};
    if (check_bytes(text, err) || parse_scheme(&text, out, err))
        return -1;
    len = strcspn(text, "/?#");
    if (parse_authority(text, len, out, err))
        return -1;
    out->path = base_strdup(text + len);
    return 0;
}

void net_url_free(struct net_url *url)
{
    if (url->path)
        base_secret_wipe(url->path, strlen(url->path));
    base_free(&url->path);
}

bool net_url_same_origin(const struct net_url *a, const struct net_url *b)
{
    return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool net_url_loopback_host(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

struct range4 {
    uint32_t net;
    int bits;
    const char *why;
};

/* IANA special-purpose registry, as far as a presigned link has no business there. */
static const struct range4 ranges4[] = {
    {0x00000000, 8, "unspecified"},    {0x0a000000, 8, "private"},
    {0x64400000, 10, "carrier NAT"},   {0x7f000000, 8, "loopback"},
    {0xa9fe0000, 16, "link-local"},    {0xac100000, 12, "private"},
    {0xc0000000, 24, "reserved"},      {0xc0000200, 24, "documentation"},
    {0xc0586300, 24, "relay"},         {0xc0a80000, 16, "private"},
    {0xc6120000, 15, "benchmark"},     {0xc6336400, 24, "documentation"},
    {0xcb007100, 24, "documentation"}, {0xe0000000, 4, "multicast"},
    {0xf0000000, 4, "reserved"},
};

static const char *class4(uint32_t address)
{
    for (size_t i = 0; i < base_countof(ranges4); i++)
        if ((address ^ ranges4[i].net) >> (32 - ranges4[i].bits) == 0)
            return ranges4[i].why;
    return NULL;
}

static uint32_t be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static const char *class6(const uint8_t a[16])
{
    static const uint8_t zero[15] = {0};
    const char *why;

    if (memcmp(a, zero, 15) == 0 && a[15] <= 1)
        return a[15] ? "loopback" : "unspecified";
    if (memcmp(a, zero, 10) == 0 && ((a[10] == 0xff && a[11] == 0xff) || !(a[10] | a[11]))) {
        why = class4(be32(a + 12)); /* mapped and the old compatible form */
        return why ? why : "IPv4 inside IPv6";
    }
    if (be32(a) == 0x0064ff9b) /* NAT64: the IPv4 address inside decides */
        return memcmp(a + 4, zero, 8) ? "local NAT64" : class4(be32(a + 12));
    if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
        return "6to4";
    if (be32(a) == 0x20010000)
        return "Teredo";
    if (be32(a) == 0x20010db8)
        return "documentation";
    if ((a[0] & 0xfe) == 0xfc)
        return "unique-local";
    if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
        return "link-local";
    if (a[0] == 0xfe && (a[1] & 0xc0) == 0xc0)
        return "site-local";
    if (a[0] == 0xff)
        return "multicast";
    return (a[0] & 0xe0) == 0x20 ? NULL : "reserved"; /* only 2000::/3 is in use */
}

static const char *class_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, address, sizeof v4);
        return class4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, address, sizeof v6);
        return class6(v6.sin6_addr.s6_addr);
    }
    return "not an internet address";
}

bool net_address_public(const struct sockaddr *address, const char **why)
{
    const char *class = class_of(address);

    if (why)
        *why = class;
    return !class;
}

bool net_address_loopback(const struct sockaddr *address)
{
    const char *class = class_of(address);

    return class && strcmp(class, "loopback") == 0;
}
