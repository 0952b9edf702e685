/* The text filter against hostile payloads, and the width function. */
#include "base/text.h"

#include "base/alloc.h"
#include "base/seam.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Threat 17 of the threat table: what a table name, a comment or an error text may hold. */
static const char *const payloads[] = {
    "\x1b]52;c;aGVsbG8=\x07",                /* OSC 52: write the clipboard */
    "\x1b]52;c;?\x07",                       /* OSC 52: read it */
    "\x1b]0;title\x07",                      /* OSC 0 */
    "\x1b]1;icon\x07",                       /* OSC 1 */
    "\x1b]2;title\x1b\\",                    /* OSC 2, ended by ST */
    "\x1b]4;1;rgb:ff/ff/ff\x07",             /* OSC 4: palette */
    "\x1b]7;file://host/tmp\x07",            /* OSC 7 */
    "\x1b]8;;http://evil/\x07x\x1b]8;;\x07", /* OSC 8: link */
    "\x1b]9;notify\x07",                     /* OSC 9 */
    "\x1b]10;?\x07",                         /* OSC 10: ask for a colour */
    "\x1b]50;font\x07",                      /* OSC 50 */
    "\x1b]133;A\x07",                        /* OSC 133 */
    "\x1b]777;notify;a;b\x07",               /* OSC 777 */
    "\x1b]1337;File=:AAAA\x07",              /* OSC 1337 */
    "\x1b]0;never ends",                     /* unterminated OSC */
    "\x1bP1$r0m\x1b\\",                      /* DCS */
    "\x1bP+q544e\x1b\\",                     /* DCS XTGETTCAP */
    "\x1bPq#0;2;0;0;0\x1b\\",                /* sixel */
    "\x1b_Gf=100;AAAA\x1b\\",                /* APC: kitty graphics */
    "\x1b^privacy\x1b\\",                    /* PM */
    "\x1bXstring\x1b\\",                     /* SOS */
    "\x1b[6n",                               /* CSI: report position */
    "\x1b[c",                                /* CSI: report attributes */
    "\x1b[>c",
    "\x1b[5n",
    "\x1b[21t", /* report the title */
    "\x1b[2J",  /* clear */
    "\x1b[3J",  /* clear the scrollback */
    "\x1b[H",
    "\x1b[1;1H",
    "\x1b[A\x1b[2K", /* overwrite the line above */
    "\x1b[?25l",
    "\x1b[?1049h",
    "\x1b[?1000h", /* mouse */
    "\x1b[?2004h", /* bracketed paste */
    "\x1b[201~rm -rf\n",
    "\x1b[31;40m",
    "\x1b[8m",    /* hidden text */
    "\x1b[4;20r", /* scroll region */
    "\x1b[!p",
    "\x1b"
    "c",      /* reset */
    "\x1b(0", /* line drawing set */
    "\x1b#8",
    "\x1b%G",
    "\x1b", /* lone */
    "\xc2\x9b"
    "31m", /* C1 CSI as UTF-8 */
    "\xc2\x9d"
    "0;x\xc2\x9c", /* C1 OSC as UTF-8 */
    "\xc2\x90"
    "x\xc2\x9c", /* C1 DCS */
    "\xc2\x85",  /* NEL */
    "\x9b"
    "31m", /* C1 CSI as a bare byte */
    "\x9d"
    "0;x\x9c",
    "good\rbad", /* carriage return */
    "a\bb",      /* backspace */
    "a\nb",
    "a\tb",
    "a\x0b"
    "b\x0c"
    "c",
    "\x0e shift out \x0f",
    "\x07\x05\x11\x13", /* bell, ENQ, XON, XOFF */
    "\x7f",             /* DEL */
    "abc\xe2\x80\xae"
    "dcba",                             /* RLO */
    "\xe2\x80\xab\xe2\x80\xac",         /* RLE, PDF */
    "\xe2\x81\xa6x\xe2\x81\xa9",        /* isolates */
    "\xe2\x80\x8f\xe2\x80\x8e\xd8\x9c", /* marks */
    "\xe2\x80\xa8\xe2\x80\xa9",         /* line and paragraph separators */
    "pay\xe2\x80\x8bload",              /* zero width space */
    "a\xe2\x80\x8d"
    "b\xe2\x80\x8c", /* joiners */
    "\xef\xbb\xbf"
    "bom",
    "soft\xc2\xadhyphen",
    "\xf3\xa0\x81\x81\xf3\xa0\x81\x82", /* tag characters */
    "\xf3\xa0\x84\x80",                 /* variation selector 17 */
    "\xe3\x85\xa4",                     /* Hangul filler */
    "\xc0\x80",                         /* overlong NUL */
    "\xc0\x9b[31m",                     /* overlong ESC */
    "\xe0\x80\x9b",
    "\xed\xa0\x80",     /* surrogate */
    "\xf4\x90\x80\x80", /* beyond U+10FFFF */
    "\xff\xfe",
    "cut\xe2\x80", /* cut character */
};

/* True when every character of the text may reach a terminal. Written anew, not from the filter's
 * own table. */
static bool harmless(const char *text)
{
    size_t len = strlen(text), size;
    uint32_t c;

    for (size_t at = 0; at < len; at += size) {
        size = base_text_utf8_decode(text + at, len - at, &c);
        if (!size || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c)
            return false;
        if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
            (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x3164 ||
            (c >= 0xe0000 && c < 0xe1000))
            return false;
    }
    return true;
}

static void test_payloads_become_visible(void **state)
{
    (void)state;
    assert_true(base_countof(payloads) >= 60);
    for (size_t i = 0; i < base_countof(payloads); i++) {
        char *clean = base_text_clean_dup(payloads[i], 0), *again;
        struct buf out;
        char fixed[256];

        assert_true(harmless(clean));
        assert_non_null(strchr(clean, '\\')); /* something was escaped, nothing vanished */
        base_buf_init(&out, 1024);
        assert_int_equal(base_text_clean(payloads[i], strlen(payloads[i]), &out), 0);
        assert_string_equal(out.data, clean);
        base_text_clean_into(fixed, sizeof fixed, payloads[i]);
        assert_string_equal(fixed, clean);
        again = base_text_clean_dup(clean, 0);
        assert_string_equal(again, clean); /* cleaning twice changes nothing */
        free(again);
        free(clean);
        base_buf_free(&out);
    }
}

static void test_random_bytes_become_harmless(void **state)
{
    struct base_seam *seam = base_seam_new();

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char raw[65], *clean;
        uint8_t len;

        base_seam_random(seam, &len, 1);
        len %= 64;
        base_seam_random(seam, raw, len);
        raw[len] = '\0';
        clean = base_text_clean_dup(raw, 0);
        assert_true(harmless(clean));
        free(clean);
    }
    base_seam_free(&seam);
}

static void test_forms_of_escapes(void **state)
{
    static const struct {
        const char *raw, *clean;
    } cases[] = {
        {"plain text", "plain text"},
        {"back\\slash", "back\\slash"},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
        {"\x1b[0m", "\\x1b[0m"},
        {"\x7f", "\\x7f"},
        {"\xc2\x9b", "\\u{9b}"},
        {"\x9b", "\\x9b"},
        {"\xe2\x80\xae", "\\u{202e}"},
        {"\xf3\xa0\x81\x81", "\\u{e0041}"},
        {"0\xdb\x9d", "0\\u{6dd}"}, /* no two terminals give it the same width */
        {"\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80", "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80"},
        {"e\xcc\x81", "e\xcc\x81"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        char *clean = base_text_clean_dup(cases[i].raw, 0);

        assert_string_equal(clean, cases[i].clean);
        free(clean);
    }
}

static void test_cut_stays_on_boundaries(void **state)
{
    const char *text = "ab\xe2\x80\xae\xc3\xa4z";
    char *clean, fixed[12];
    struct buf small;

    (void)state;
    for (size_t max = 1; max < 20; max++) {
        clean = base_text_clean_dup(text, max);
        assert_true(strlen(clean) <= max);
        assert_true(base_text_utf8_valid(clean, strlen(clean)));
        assert_true(!strchr(clean, '{') == !strchr(clean, '}')); /* no half escape */
        free(clean);
    }
    base_text_clean_into(fixed, sizeof fixed, text);
    assert_string_equal(fixed, "ab\\u{202e}");
    base_text_clean_into(fixed, 1, text);
    assert_string_equal(fixed, "");
    base_text_clean_into(fixed, sizeof fixed, NULL);
    assert_string_equal(fixed, "");
    base_buf_init(&small, 4);
    assert_int_equal(base_text_clean("abcde", 5, &small), -1);
    assert_int_equal(small.len, 4);
    base_buf_free(&small);
}

static void test_utf8(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",     "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
        "\xc3",         "\xe2\x82",         "\xf0\x9f\x98",     "\xc3(",
        "\xff"};

    (void)state;
    for (size_t i = 0; i < base_countof(good); i++)
        assert_true(base_text_utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < base_countof(bad); i++)
        assert_false(base_text_utf8_valid(bad[i], strlen(bad[i])));
}

static void test_width(void **state)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},
        {"shop.aampe", 10},
        {"\xc3\xa4", 1},                             /* a umlaut */
        {"a\xcc\x88", 1},                            /* combining */
        {"\xe6\xbc\xa2\xe5\xad\x97", 4},             /* CJK */
        {"\xed\x95\x9c", 2},                         /* Hangul syllable */
        {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2}, /* the same from conjoining parts */
        {"\xef\xbc\xa1", 2},                         /* full-width A */
        {"\xef\xbd\xb1", 1},                         /* half-width katakana */
        {"\xf0\x9f\x98\x80", 2},                     /* emoji */
        {"\xce\xb1\xc2\xa7", 2},                     /* ambiguous: one column each */
        {"\xe2\x94\x80", 1},                         /* box drawing */
        {"\xff", 1},
    };

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++)
        assert_int_equal(base_text_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
}

static void test_numbers_for_people(void **state)
{
    static const struct {
        int64_t value;
        const char *rows, *bytes;
    } cases[] = {
        {0, "0", "0 B"},
        {340, "340", "340 B"},
        {9999, "9999", "9.8 KiB"},
        {20200, "20.2 k", "20 KiB"},
        {1200000, "1.20 M", "1.1 MiB"},
        {18400000, "18.4 M", "18 MiB"},
        {195035136, "195 M", "186 MiB"},
        {999999999, "1.00 G", "954 MiB"},
        {-5, "-5", "-5 B"},
        {INT64_MAX, "9223372 T", "8192 PiB"},
    };
    char out[24];

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        base_text_rows(cases[i].value, out);
        assert_string_equal(out, cases[i].rows);
        base_text_bytes(cases[i].value, out);
        assert_string_equal(out, cases[i].bytes);
    }
}

static void test_ascii_case(void **state)
{
    char text[] = "ABC xyz \xc3\x84";

    (void)state;
    base_text_lower(text);
    assert_string_equal(text, "abc xyz \xc3\x84");
    assert_true(base_text_equal_nocase("Events", "eVENTS"));
    assert_false(base_text_equal_nocase("Events", "Event"));
    assert_false(base_text_equal_nocase("\xc3\x84", "\xc3\xa4"));
}

#define CANARY "Q0A1N2A3R4Y5deadbeefdeadbeef"

/* Where other clients leaked: exception texts, presigned links, other letter cases,
 * percent-encoding, headers. */
static void test_credentials_are_taken_out(void **state)
{
    static const char *const texts[] = {
        "GET https://b.s3.amazonaws.com/k?X-Amz-Signature=" CANARY "&x=1 failed",
        "get 'https://a.blob.core.windows.net/c/b?sp=r&sig=" CANARY "'",
        "(https://storage.googleapis.com/b/o?X-Goog-Signature=" CANARY ")",
        "HTTPS://H/P?" CANARY,
        "http://u.example/a http://v.example/b?q=" CANARY,
        "x-amz-security-token=" CANARY,
        "X-AMZ-SIGNATURE=" CANARY "&X-Amz-Date=1",
        "a=1&SIG=" CANARY,
        "a%3D1%26sig%3D" CANARY,
        "skoid=" CANARY "&sktid=" CANARY,
        "X-Goog-Credential=\"" CANARY "\"",
        "client_secret=" CANARY,
        "{\"access_token\":\"" CANARY "\",\"x\":1}",
        "{\"refresh_token\": \"" CANARY "\"}",
        "Authorization: Bearer " CANARY,
        "authorization: basic " CANARY,
        "> x-databricks-azure-sp-management-token: " CANARY,
        "sent Bearer " CANARY " twice",
        "password='" CANARY "'",
        "token dapi00112233445566778899aabbccddeeff-2 Q0A1N2A3 is not one",
        "secret dose00112233445566778899aabbccddeeff",
        "jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIx.c2ln",
        "redirect to \"https://user:" CANARY "@h.example/x\" refused",
        "http://" CANARY "@h.example:80/x?a=bcd&sig=" CANARY,
        "socks5h://u:" CANARY "@127.0.0.1",
    };
    static const char *const kept[] = {
        "Bearer token expired",
        "basic authentication is off",
        "token: expired an hour ago",
        "setting 'password': no text",
        "secrets set",
        "https://h.example/path",
        "https://h.example/path/who@where",
        "mail://x ask you@h.example",
        "signature mismatch",
        "the token=x of a macro",
        "is this? yes",
        "",
        "shop.aampe.tokens",
        "dose of reality",
        "eyJ",
        "a ? b : c",
        "run 12: no SELECT on 'a.b.c'",
    };

    (void)state;
    for (size_t i = 0; i < base_countof(texts); i++) {
        char *text = base_strdup(texts[i]);

        base_text_redact(text);
        if (strstr(text, "deadbeef") || strstr(text, "00112233") || strstr(text, "eyJzdWIi"))
            fail_msg("'%s' still holds its credential: '%s'", texts[i], text);
        assert_non_null(strstr(text, "***"));
        free(text);
    }
    for (size_t i = 0; i < base_countof(kept); i++) {
        char *text = base_strdup(kept[i]);

        base_text_redact(text);
        assert_string_equal(text, kept[i]);
        free(text);
    }
}

static void test_redaction_keeps_the_rest(void **state)
{
    char text[] = "GET https://h/p?a=bcd&sig=e failed, HTTP 403; Authorization: Bearer "
                  "0123456789abcdef, again";
    char raw[65];
    struct base_seam *seam = base_seam_new();

    (void)state;
    base_text_redact(text);
    assert_string_equal(text,
                        "GET https://h/p?*** failed, HTTP 403; Authorization: Bearer ***, again");
    for (int round = 0; round < 20000; round++) { /* never longer, never beyond the end */
        static const char *const pieces[] = {"://", "?",     "sig=", "Bearer ",  " ",
                                             "\"",  "token", ":",    "abcdefgh", "%3D"};
        uint8_t random[8];
        size_t len;

        base_seam_random(seam, random, sizeof random);
        raw[0] = '\0';
        for (size_t i = 0; i < sizeof random; i++)
            strncat(raw, pieces[random[i] % base_countof(pieces)], sizeof raw - 1 - strlen(raw));
        len = strlen(raw);
        base_text_redact(raw);
        assert_true(strlen(raw) <= len);
    }
    base_seam_free(&seam);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payloads_become_visible),
        cmocka_unit_test(test_random_bytes_become_harmless),
        cmocka_unit_test(test_forms_of_escapes),
        cmocka_unit_test(test_cut_stays_on_boundaries),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_numbers_for_people),
        cmocka_unit_test(test_ascii_case),
        cmocka_unit_test(test_credentials_are_taken_out),
        cmocka_unit_test(test_redaction_keeps_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
