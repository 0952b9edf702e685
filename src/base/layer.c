#include "base/layer.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *what;
    enum base_chain chain;
} layers[BASE_LAYER_COUNT] = {
    [BASE_LAYER_NONE] = {"", "", BASE_CHAIN_HERE},
#define LAYER(id, name, chain, what) [BASE_LAYER_##id] = {name, what, BASE_CHAIN_##chain},
#include "base/layers.def"
};

static const struct {
    enum base_layer layer;
    const char *look, *commands;
} codes[ERR_COUNT] = {
#define CODE(code, layer, look, commands) [ERR_##code] = {BASE_LAYER_##layer, look, commands},
#include "base/layers.def"
};

const char *base_chain_name(enum base_chain chain)
{
    static const char *const names[BASE_CHAINS] = {"here", "workspace", "destination"};
    return names[chain];
}

const char *base_layer_name(enum base_layer layer)
{
    return layers[layer].name;
}

enum base_layer base_layer_by_name(const char *name)
{
    for (int layer = BASE_LAYER_NONE + 1; name && layer < BASE_LAYER_COUNT; layer++)
        if (strcmp(layers[layer].name, name) == 0)
            return (enum base_layer)layer;
    return BASE_LAYER_NONE;
}

const char *base_layer_title(const char *name, char out[32])
{
    snprintf(out, 32, "%s", name ? name : "");
    for (char *at = out; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    return out;
}

enum base_chain base_layer_chain(enum base_layer layer)
{
    return layers[layer].chain;
}

const char *base_layer_what(enum base_layer layer)
{
    return layers[layer].what;
}

enum base_layer base_layer_of(enum err_code code)
{
    return code < ERR_COUNT ? codes[code].layer : BASE_LAYER_NONE;
}

const char *base_err_look(enum err_code code)
{
    return code < ERR_COUNT && codes[code].look ? codes[code].look : "";
}

const char *base_err_commands(enum err_code code)
{
    return code < ERR_COUNT && codes[code].commands ? codes[code].commands : "";
}
