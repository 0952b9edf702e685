/* Rows of a preview as a grid: three different nothings, masks, folds, what fits beside the frozen
 * column, CSV. */
#include "ui/view/grid.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct view_grid *grid_of(const char *text)
{
    struct err err = ERR_INIT;
    cJSON *json = base_json_parse(text, strlen(text), JSON_MAX_BYTES, &err);
    assert_non_null(json);
    struct view_grid *grid = view_grid_new(json);
    cJSON_Delete(json);
    return grid;
}

#define COLUMNS                                                                                    \
    "\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"},{\"name\":\"note\",\"type\":\"STRING\"},"  \
    "{\"name\":\"tags\",\"type\":\"ARRAY<STRING>\"},{\"name\":\"tier\",\"type\":\"STRING\"}]"

static void test_kinds_when_masked(void **state)
{
    (void)state;
    struct view_grid *grid = grid_of("{\"masked\":true," COLUMNS ",\"open_columns\":[3],\"rows\":["
                                     "[\"10** (7)\",null,\"[2]\",\"gold\"],"
                                     "[\"** (3)\",\"\",null,\"\"]]}");
    assert_int_equal(view_grid_cell(grid, 0, 0)->kind, VIEW_CELL_MASKED);
    assert_int_equal(view_grid_cell(grid, 0, 0)->length, 7);
    assert_int_equal(view_grid_cell(grid, 0, 1)->kind, VIEW_CELL_NULL);
    assert_int_equal(view_grid_cell(grid, 1, 1)->kind, VIEW_CELL_EMPTY);
    assert_string_equal(view_grid_cell(grid, 1, 1)->shown, "''");
    assert_int_equal(view_grid_cell(grid, 0, 2)->kind, VIEW_CELL_FOLDED);
    assert_int_equal(view_grid_cell(grid, 0, 3)->kind, VIEW_CELL_VALUE);
    assert_true(grid->columns[3].open);
    assert_true(grid->columns[0].right);
    assert_string_equal(grid->columns[2].head, "ARRAY");
    view_grid_free(&grid);
}

static void test_kinds_when_revealed(void **state)
{
    (void)state;
    struct view_grid *grid =
        grid_of("{\"masked\":false," COLUMNS
                ",\"folds\":{\"2\":[\"[2]\",null]},\"cut_cells\":[[1,1,9000],[7,7,1]],"
                "\"rows\":[[\"1000001\",\"NULL\",\"[\\\"a\\\",\\\"b\\\"]\",\"gold\"],"
                "[\"2\",\"long\",null,null]]}");
    assert_int_equal(view_grid_cell(grid, 0, 1)->kind, VIEW_CELL_VALUE); /* the word, not NULL */
    assert_int_equal(view_grid_cell(grid, 0, 2)->kind, VIEW_CELL_FOLDED);
    assert_string_equal(view_grid_cell(grid, 0, 2)->shown, "[2]");
    assert_string_equal(view_grid_cell(grid, 0, 2)->text, "[\"a\",\"b\"]");
    assert_true(view_grid_cell(grid, 1, 1)->cut);
    assert_int_equal(view_grid_cell(grid, 1, 1)->length, 9000);
    assert_int_equal(view_grid_cell(grid, 9, 9)->kind, VIEW_CELL_NULL);
    char *csv = view_grid_csv(grid);
    assert_string_equal(
        csv, "id,note,tags,tier\r\n1000001,NULL,\"[\"\"a\"\",\"\"b\"\"]\",gold\r\n2,long,,\r\n");
    free(csv);
    view_grid_free(&grid);
}

/* 16 columns of 12 columns each. */
static struct view_grid *wide(size_t count)
{
    cJSON *json = base_json_object();
    cJSON *columns = base_json_add_array(json, "columns");
    cJSON *rows = base_json_add_array(json, "rows"), *row = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        cJSON *column = base_json_object();
        char *name = base_printf("column_%05zu", i);
        base_json_add_str(column, "name", name);
        base_json_add_str(column, "type", "STRING");
        base_json_push_take(columns, column);
        base_json_push_take(row, cJSON_CreateString("value"));
        free(name);
    }
    base_json_push_take(rows, row);
    struct view_grid *grid = view_grid_new(json);
    cJSON_Delete(json);
    return grid;
}

static void check_fit(const struct view_grid *grid, int width, size_t selected,
                      const struct view_grid_fit *fit)
{
    bool found = false;
    assert_true(fit->count >= 1);
    assert_int_equal(fit->shown[0], 0); /* frozen */
    for (size_t i = 0; i < fit->count; i++) {
        found = found || fit->shown[i] == selected;
        assert_true(fit->x[i] + fit->widths[i] <= width);
        assert_true(fit->widths[i] > 0);
        if (i > 1)
            assert_int_equal(fit->shown[i], fit->shown[i - 1] + 1);
        if (i > 0)
            assert_true(fit->x[i] >= fit->x[i - 1] + fit->widths[i - 1] + 3);
    }
    assert_true(found);
    assert_int_equal(fit->more_left, fit->left > 1);
    (void)grid;
}

static void test_selected_is_always_there(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 3, 16, 1000};
    for (size_t k = 0; k < base_countof(counts); k++) {
        struct view_grid *grid = wide(counts[k]);
        for (int width = 40; width <= 200; width += 20) {
            size_t left = 1, last = grid->column_count - 1;
            struct view_grid_fit fit;
            for (size_t at = 0; at <= last; at += 1 + at / 9) {
                view_grid_fit(grid, width, at, left, &fit);
                check_fit(grid, width, at, &fit);
                left = fit.left;
            }
            view_grid_fit(grid, width, last, 1, &fit);
            check_fit(grid, width, last, &fit);
            assert_false(fit.more_right);
            view_grid_fit(grid, width, 1 < last ? 1 : last, fit.left, &fit);
            check_fit(grid, width, 1 < last ? 1 : last, &fit);
        }
        view_grid_free(&grid);
    }
}

static void test_moves_one_column_at_a_time(void **state)
{
    (void)state;
    struct view_grid *grid = wide(16);
    struct view_grid_fit fit;
    char where[64];
    view_grid_fit(grid, 80, 4, 1, &fit); /* 2 + 5 * 12 + 4 * 3 = 74 */
    assert_int_equal(fit.left, 1);
    assert_string_equal(view_grid_where(grid, &fit, where), "columns 1-5 of 16 ->");
    view_grid_fit(grid, 80, 5, 1, &fit);
    assert_int_equal(fit.left, 2);
    view_grid_fit(grid, 80, 15, 2, &fit);
    assert_int_equal(fit.left, 12);
    assert_string_equal(view_grid_where(grid, &fit, where), "<- columns 1, 13-16 of 16");
    view_grid_fit(grid, 80, 14, fit.left, &fit);
    assert_int_equal(fit.left, 12); /* back inside what is shown: nothing moves */
    view_grid_fit(grid, 200, 14, 12, &fit);
    assert_int_equal(fit.left, 4); /* more room: it is used */
    view_grid_free(&grid);
}

static void test_record_and_words(void **state)
{
    (void)state;
    struct view_grid *grid =
        grid_of("{\"masked\":true," COLUMNS ",\"rows\":[[\"10** (7)\",\"\",\"[2]\",null]]}");
    struct view_page *page = view_page_new(60);
    view_grid_record(page, grid, 0);
    assert_int_equal(page->count, 4);
    char *text = view_page_text(page);
    assert_non_null(strstr(text, "note  ''"));
    assert_non_null(strstr(text, "tier  NULL"));
    free(text);
    view_page_free(&page);
    page = view_page_new(78);
    view_grid_explain(page, grid, 0, 1, NULL, 3);
    text = view_page_text(page);
    assert_non_null(strstr(text, "''  (empty text, not NULL)"));
    assert_non_null(strstr(text, "not counted yet"));
    free(text);
    view_page_free(&page);
    view_grid_free(&grid);
}

static void test_nonsense(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "{\"rows\":[[1,2],3,{}]}",
                                        "{\"columns\":[{}],\"rows\":[[],[1,\"x\",\"y\"],null]}",
                                        "{\"columns\":[3,{\"name\":5}],\"rows\":[[{},[]]],"
                                        "\"folds\":{\"x\":[\"[1]\"],\"9\":[\"[1]\"],\"0\":3},"
                                        "\"cut_cells\":[1,[],[-1,0,3],[0,0,1e99]]}"};
    for (size_t i = 0; i < base_countof(texts); i++) {
        struct view_grid *grid = grid_of(texts[i]);
        struct view_grid_fit fit;
        char where[64];
        view_grid_fit(grid, 80, 5, 9, &fit);
        view_grid_where(grid, &fit, where);
        struct view_page *page = view_page_new(40);
        view_grid_explain(page, grid, 0, 0, NULL, 3);
        view_grid_record(page, grid, 0);
        view_cell_whole(page, view_grid_cell(grid, 0, 0));
        free(view_grid_csv(grid));
        view_page_free(&page);
        view_grid_free(&grid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_when_masked),
        cmocka_unit_test(test_kinds_when_revealed),
        cmocka_unit_test(test_selected_is_always_there),
        cmocka_unit_test(test_moves_one_column_at_a_time),
        cmocka_unit_test(test_record_and_words),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests_name("view_grid", tests, NULL, NULL);
}
