/* The vault: kinds of keys, loose modes, altered files, and that no secret is ever in a file. */
#define _GNU_SOURCE

#include "store/state.h"
#include "store/vault.h"

#include "base/alloc.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CANARY "dose-canary-5f0c1b7e-in-the-coal-mine"

struct place {
    char folder[64], keys[64], key_file[96];
    struct base_seam *seam;
    struct store_vault_settings settings;
};

static void place_open(struct place *place)
{
    memset(place, 0, sizeof *place);
    strcpy(place->folder, "/tmp/aampe-vault-XXXXXX");
    strcpy(place->keys, "/tmp/aampe-keys-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    assert_non_null(mkdtemp(place->keys));
    snprintf(place->key_file, sizeof place->key_file, "%s/key", place->keys);
    place->seam = base_seam_new();
    assert_int_equal(store_vault_make_key(place->key_file, place->seam, NULL), 0);
    place->settings = (struct store_vault_settings){
        .kind = VAULT_KEY_FILE, .folder = place->folder, .key_file = place->key_file};
}

static void place_remove(struct place *place)
{
    base_seam_free(&place->seam);
    assert_int_equal(base_file_remove_tree(place->folder, NULL), 0);
    assert_int_equal(base_file_remove_tree(place->keys, NULL), 0);
}

static struct store_vault *opens(struct place *place)
{
    struct err err = ERR_INIT;
    struct store_vault *vault = store_vault_open(&place->settings, place->seam, &err);
    if (vault == NULL)
        fail_msg("%s", err.message);
    return vault;
}

static void refuses(struct place *place, enum err_code code)
{
    struct err err = ERR_INIT;
    struct store_vault *vault = store_vault_open(&place->settings, place->seam, &err);
    assert_null(vault);
    if (err.code != code)
        fail_msg("%s: %s", base_err_name(err.code), err.message);
    assert_null(strstr(err.message, CANARY));
}

static void put(struct store_vault *vault, const char *name, const char *text)
{
    struct secret *secret = base_secret_new(text, strlen(text));
    assert_int_equal(store_vault_put(vault, name, secret, 77, NULL), 0);
    base_secret_free(&secret);
}

static void holds(struct place *place, const char *name, const char *text)
{
    struct store_vault *vault = opens(place);
    const struct secret *secret = store_vault_peek(vault, name);
    if (text == NULL) {
        assert_null(secret);
    } else {
        assert_non_null(secret);
        assert_string_equal(base_secret_peek(secret), text);
    }
    store_vault_free(&vault);
}

/* Whether the text is in any file of the folder. */
static bool folder_has(const char *folder, const char *text)
{
    bool found = false;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char *path = base_file_join(folder, entry->d_name);
        struct buf bytes;
        base_buf_init(&bytes, 64 << 20);
        if (entry->d_type == DT_REG && base_file_read(path, 64 << 20, &bytes, NULL) == 0)
            found |= memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
        base_buf_free(&bytes);
        free(path);
    }
    closedir(dir);
    return found;
}

static void test_round(void **state)
{
    (void)state;
    struct place place;
    struct stat st;
    char *path;
    place_open(&place);
    path = base_file_join(place.folder, "vault");
    struct store_vault *vault = opens(&place);
    assert_int_equal(access(path, F_OK), -1); /* nothing before the first secret */
    put(vault, "principal", CANARY);
    put(vault, "azure.key", "a second one");
    put(vault, "principal", CANARY "2");
    struct store_vault_entry entry;
    assert_true(store_vault_at(vault, 1, &entry));
    assert_string_equal(entry.name, "principal");
    assert_int_equal(entry.expires_us, 77);
    assert_int_equal(strlen(entry.fingerprint), 8);
    assert_false(store_vault_at(vault, 2, &entry));
    store_vault_free(&vault);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    holds(&place, "principal", CANARY "2");
    holds(&place, "azure.key", "a second one");
    assert_false(folder_has(place.folder, "canary"));
    vault = opens(&place);
    assert_int_equal(store_vault_remove(vault, "principal", NULL), 0);
    assert_int_equal(store_vault_remove(vault, "principal", NULL), 0);
    store_vault_free(&vault);
    holds(&place, "principal", NULL);
    holds(&place, "azure.key", "a second one");
    free(path);
    place_remove(&place);
}

static void test_bad_input(void **state)
{
    (void)state;
    static const char *const names[] = {"",
                                        "Upper",
                                        "a b",
                                        "../x",
                                        "a/b",
                                        ("0123456789012345678901234567890123456789"
                                         "012345678901234567890123")};
    struct place place;
    place_open(&place);
    struct store_vault *vault = opens(&place);
    struct secret *secret = base_secret_new("x", 1), *none = base_secret_new("", 0);
    for (size_t i = 0; i < base_countof(names); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(store_vault_put(vault, names[i], secret, 0, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
    }
    assert_int_equal(store_vault_put(vault, "empty", none, 0, NULL), -1);
    base_secret_free(&secret);
    base_secret_free(&none);
    store_vault_free(&vault);
    place_remove(&place);
}

/* A copy of the state on another host, an altered byte anywhere, a cut file: never opened, never a
 * crash. */
static void test_wrong_key_and_altered(void **state)
{
    (void)state;
    struct place place;
    char other[96];
    place_open(&place);
    struct store_vault *vault = opens(&place);
    put(vault, "principal", CANARY);
    store_vault_free(&vault);
    snprintf(other, sizeof other, "%s/other", place.keys);
    assert_int_equal(store_vault_make_key(other, place.seam, NULL), 0);
    assert_int_equal(store_vault_make_key(other, place.seam, NULL), -1); /* never over one */
    place.settings.key_file = other;
    refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    place.settings.key_file = place.key_file;
    char *path = base_file_join(place.folder, "vault");
    struct buf good;
    base_buf_init(&good, 1 << 20);
    assert_int_equal(base_file_read(path, 1 << 20, &good, NULL), 0);
    for (size_t i = 0; i < good.len; i++) {
        struct err err = ERR_INIT;
        good.data[i] ^= 0x20;
        assert_int_equal(base_file_write_atomic(path, good.data, good.len, 0600, NULL), 0);
        vault = store_vault_open(&place.settings, place.seam, &err);
        if (vault != NULL)
            fail_msg("byte %zu altered and opened", i);
        assert_true(err.code == ERR_HOST_SECRET_UNREADABLE || err.code == ERR_HOST_STATE_NEWER);
        good.data[i] ^= 0x20;
    }
    for (size_t len = 0; len < good.len; len += 7) {
        assert_int_equal(base_file_write_atomic(path, good.data, len, 0600, NULL), 0);
        refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    }
    assert_int_equal(base_file_write_atomic(path, good.data, good.len, 0600, NULL), 0);
    holds(&place, "principal", CANARY);
    base_buf_free(&good);
    free(path);
    place_remove(&place);
}

static void test_modes(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    struct store_vault *vault = opens(&place);
    put(vault, "principal", CANARY);
    store_vault_free(&vault);
    char *path = base_file_join(place.folder, "vault");
    assert_int_equal(chmod(path, 0644), 0);
    refuses(&place, ERR_HOST_SECRET_EXPOSED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(place.key_file, 0640), 0);
    refuses(&place, ERR_HOST_SECRET_EXPOSED);
    assert_int_equal(chmod(place.key_file, 0400), 0);
    holds(&place, "principal", CANARY);
    assert_int_equal(chmod(place.folder, 0750), 0);
    refuses(&place, ERR_HOST_SECRET_EXPOSED);
    assert_int_equal(chmod(place.folder, 0700), 0);
    /* a link in its place is not followed */
    char *moved = base_file_join(place.keys, "moved");
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(moved, path), 0);
    refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    assert_int_equal(rename(moved, path), 0);
    if (geteuid() == 0) { /* somebody else's file */
        assert_int_equal(chown(path, 65534, 65534), 0);
        refuses(&place, ERR_HOST_SECRET_EXPOSED);
        assert_int_equal(chown(path, 0, 0), 0);
    }
    holds(&place, "principal", CANARY);
    free(moved);
    free(path);
    place_remove(&place);
}

static void test_kinds(void **state)
{
    (void)state;
    struct place place;
    struct err err = ERR_INIT;
    enum store_vault_kind kind;
    place_open(&place);
    assert_int_equal(store_vault_stored_kind(place.folder, &kind, &err), 1);
    /* the key may not lie beside what it seals */
    char *inside = base_file_join(place.folder, "key");
    assert_int_equal(store_vault_make_key(inside, place.seam, NULL), 0);
    place.settings.key_file = inside;
    refuses(&place, ERR_CONFIG_INVALID);
    place.settings.key_file = "relative";
    refuses(&place, ERR_CONFIG_INVALID);
    place.settings.key_file = "/nowhere/key";
    refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    free(inside);
    /* a systemd credential */
    char *credential = base_file_join(place.keys, "aampe-vault-key");
    place.settings =
        (struct store_vault_settings){.kind = VAULT_CREDENTIAL, .folder = place.folder};
    refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    place.settings.credentials_directory = place.keys;
    refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    assert_int_equal(base_file_write_atomic(credential, "too short\n", 10, 0400, NULL), 0);
    refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    assert_int_equal(unlink(credential), 0);
    assert_int_equal(store_vault_make_key(credential, place.seam, NULL), 0);
    struct store_vault *vault = opens(&place);
    put(vault, "principal", CANARY);
    store_vault_free(&vault);
    assert_int_equal(store_vault_stored_kind(place.folder, &kind, &err), 0);
    assert_int_equal(kind, VAULT_CREDENTIAL);
    holds(&place, "principal", CANARY);
    /* never another kind silently, above all not plain */
    place.settings.kind = VAULT_PLAIN;
    refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    free(credential);
    place_remove(&place);
}

static void test_helper(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    char *script = base_file_join(place.keys, "helper");
    const char *text = "#!/bin/sh\n[ \"$1\" = 'a;b $(c)' ] || exit 3\ncat \"$2\"\n";
    assert_int_equal(base_file_write_atomic(script, text, strlen(text), 0700, NULL), 0);
    const char *const argv[] = {script, "a;b $(c)", place.key_file, NULL};
    place.settings =
        (struct store_vault_settings){.kind = VAULT_HELPER, .folder = place.folder, .helper = argv};
    struct store_vault *vault = opens(&place);
    put(vault, "principal", CANARY);
    store_vault_free(&vault);
    holds(&place, "principal", CANARY);
    const char *const fails[] = {script, "other", place.key_file, NULL};
    place.settings.helper = fails;
    refuses(&place, ERR_HOST_SECRET_UNREADABLE);
    const char *const relative[] = {"helper", NULL};
    place.settings.helper = relative;
    refuses(&place, ERR_CONFIG_INVALID);
    place.settings.helper = argv;
    assert_int_equal(chmod(script, 0777), 0);
    refuses(&place, ERR_HOST_SECRET_EXPOSED);
    free(script);
    place_remove(&place);
}

static void test_plain(void **state)
{
    (void)state;
    struct place place;
    enum store_vault_kind kind;
    place_open(&place);
    place.settings = (struct store_vault_settings){.kind = VAULT_PLAIN, .folder = place.folder};
    struct store_vault *vault = opens(&place);
    put(vault, "principal", CANARY);
    assert_string_equal(store_vault_kind_name(store_vault_kind(vault)), "plain");
    store_vault_free(&vault);
    holds(&place, "principal", CANARY);
    assert_int_equal(store_vault_stored_kind(place.folder, &kind, NULL), 0);
    assert_int_equal(kind, VAULT_PLAIN);
    /* this is how a leak would look to the search of the other tests */
    assert_true(folder_has(place.folder, CANARY));
    place_remove(&place);
}

/* A write that fails leaves the vault as it was, in memory and on the disk. */
static void test_failed_write(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become another user\n");
        skip();
    }
    struct place place;
    place_open(&place);
    assert_int_equal(chown(place.folder, 65534, 65534), 0);
    assert_int_equal(chown(place.keys, 65534, 65534), 0);
    assert_int_equal(chown(place.key_file, 65534, 65534), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct err err = ERR_INIT;
        if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
            _exit(99);
        struct store_vault *vault = opens(&place);
        put(vault, "principal", CANARY);
        if (chmod(place.folder, 0500) != 0)
            _exit(98);
        struct secret *secret = base_secret_new("new", 3);
        int rc = store_vault_put(vault, "principal", secret, 0, &err);
        int other = store_vault_put(vault, "other", secret, 0, NULL);
        int removed = store_vault_remove(vault, "principal", NULL);
        base_secret_free(&secret);
        bool kept = strcmp(base_secret_peek(store_vault_peek(vault, "principal")), CANARY) == 0 &&
                    store_vault_peek(vault, "other") == NULL;
        store_vault_free(&vault);
        if (chmod(place.folder, 0700) != 0)
            _exit(97);
        holds(&place, "principal", CANARY);
        base_seam_free(&place.seam);
        _exit(rc == -1 && other == -1 && removed == -1 && err.code == ERR_HOST_PERMISSION && kept
                  ? 0
                  : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    place_remove(&place);
}

/* State and vault side by side, as in a profile: the secret is in none of the files. */
static void test_canary(void **state)
{
    (void)state;
    struct place place;
    struct err err = ERR_INIT;
    place_open(&place);
    struct store_state *store = store_open(place.folder, place.seam, &err);
    assert_non_null(store);
    struct store_vault *vault = opens(&place);
    put(vault, "principal", CANARY);
    struct store_vault_entry entry;
    assert_true(store_vault_at(vault, 0, &entry));
    struct store_secret_info info = {.created_us = entry.created_us,
                                     .expires_us = entry.expires_us};
    memcpy(info.name, entry.name, sizeof info.name);
    memcpy(info.fingerprint, entry.fingerprint, sizeof info.fingerprint);
    assert_int_equal(store_secret_info_put(store, &info, &err), 0);
    assert_false(folder_has(place.folder, CANARY));
    store_free(&store);
    store_vault_free(&vault);
    assert_false(folder_has(place.folder, CANARY));
    place_remove(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_wrong_key_and_altered),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_helper),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_failed_write),
        cmocka_unit_test(test_canary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
