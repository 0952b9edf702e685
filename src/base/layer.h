/* The layers of the doctor and which of them a code of errors.def belongs to; tables in layers.def.
 * Texts are constants. */
#ifndef AAMPE_BASE_LAYER_H
#define AAMPE_BASE_LAYER_H

#include "base/err.h"

enum base_layer {
    BASE_LAYER_NONE,
#define LAYER(id, name, chain, what) BASE_LAYER_##id,
#include "base/layers.def"
    BASE_LAYER_COUNT
};

/* Three chains that do not depend on each other. */
enum base_chain { BASE_CHAIN_HERE, BASE_CHAIN_WORKSPACE, BASE_CHAIN_DESTINATION, BASE_CHAINS };

const char *base_chain_name(enum base_chain chain);   /* "here", "workspace", "destination" */
const char *base_layer_name(enum base_layer layer);   /* "ip_list"; "" for NONE */
enum base_layer base_layer_by_name(const char *name); /* NONE: there is no such layer */
/* The id with spaces ("ip list"), of a layer this program knows or not. out 32 bytes. */
const char *base_layer_title(const char *name, char out[32]);
enum base_chain base_layer_chain(enum base_layer layer);
const char *base_layer_what(enum base_layer layer); /* what is looked at, for people */

enum base_layer base_layer_of(enum err_code code);
/* What to look at when this code was given: members of the evidence, or where else. */
const char *base_err_look(enum err_code code);
/* Words of commands that show more or help, separated by '|'; may be "". */
const char *base_err_commands(enum err_code code);

#endif
