/* Any pasted form of a workspace address becomes its origin. databricks-api.md 10 (host
 * normalisation, cloud by suffix). */
#ifndef AAMPE_CONFIG_HOST_H
#define AAMPE_CONFIG_HOST_H

#include "base/err.h"

enum config_cloud { CONFIG_CLOUD_AWS, CONFIG_CLOUD_AZURE, CONFIG_CLOUD_GCP, CONFIG_CLOUD_LOCAL };

struct config_host {
    char *origin; /* "https://host" or "https://host:port"; "http://" only for literal loopback */
    char *workspace_id; /* digits of ?o= or ?workspace_id=, or of an Azure host name; NULL */
    char *account_id;   /* ?a= or ?account_id=; NULL */
    enum config_cloud cloud;
};

/* Scheme added when missing; path, query, fragment, default port, trailing dot and slash dropped;
 * lower case. SRC_TOKEN_ENDPOINT_WRONG for an account console; SRC_HOST_WRONG for what is no
 * workspace address (with what is wrong). */
int config_host_parse(const char *pasted, struct config_host *out, struct err *err) must_check;
void config_host_free(struct config_host *host);

#endif
