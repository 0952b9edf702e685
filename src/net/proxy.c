#include "net/private.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* "10.0.0.0/8" against a literal address of the same family. */
static bool in_block(const char *entry, const char *host)
{
    unsigned char net[16], address[16];
    char text[64];
    const char *slash = strchr(entry, '/');
    int family = strchr(host, ':') ? AF_INET6 : AF_INET;
    long bits;

    if (!slash || (size_t)(slash - entry) >= sizeof text)
        return false;
    memcpy(text, entry, (size_t)(slash - entry));
    text[slash - entry] = '\0';
    bits = strtol(slash + 1, NULL, 10);
    if (inet_pton(family, text, net) != 1 || inet_pton(family, host, address) != 1)
        return false;
    if (bits < 0 || bits > (family == AF_INET6 ? 128 : 32))
        return false;
    if (memcmp(net, address, (size_t)bits / 8))
        return false;
    return bits % 8 == 0 || (net[bits / 8] ^ address[bits / 8]) >> (8 - bits % 8) == 0;
}

static bool entry_matches(const char *entry, const char *host)
{
    size_t len, host_len = strlen(host);

    if (strcmp(entry, "*") == 0)
        return true;
    if (strchr(entry, '/'))
        return in_block(entry, host);
    while (*entry == '.')
        entry++;
    len = strlen(entry);
    if (len == 0 || len > host_len)
        return false;
    if (!base_text_equal_nocase(entry, host + host_len - len))
        return false;
    return len == host_len || host[host_len - len - 1] == '.';
}

/* The rules curl and most others follow: entries split by commas or blanks; "*" is everything; a
 * name covers itself and what is below it; CIDR blocks cover literal addresses. */
bool net_proxy_bypassed(const char *no_proxy, const char *host)
{
    char entry[256];
    size_t len;

    if (net_url_loopback_host(host))
        return true;
    for (const char *p = no_proxy ? no_proxy : ""; *p; p += len) {
        p += strspn(p, ", \t");
        len = strcspn(p, ", \t");
        if (len == 0 || len >= sizeof entry)
            continue;
        memcpy(entry, p, len);
        entry[len] = '\0';
        if (entry_matches(entry, host))
            return true;
    }
    return false;
}
