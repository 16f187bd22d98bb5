/*
 * Rows of read models: one, or a page of them in the order of their keys or of an index, forwards and backwards.
 */
#include "shop.h"

/* The articles of the last answer, "a b c". */
static void
rows_are(const fixture *f, const char *expected)
{
    static const char mark[] = "{\"article_id\": \"";
    char text[512] = "";

    for (const char *at = f->last.body; (at = strstr(at, mark)) != NULL;) {
        at += sizeof mark - 1;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s", text[0] != '\0' ? " " : "",
            (int)strcspn(at, "\""), at);
    }
    if (strcmp(text, expected) != 0) fail_msg("'%s' instead of '%s': %s", text, expected, f->last.body);
}

static void
finds(fixture *f, const char *query, const char *expected)
{
    char path[512];

    snprintf(path, sizeof path, "/read-models/ArticleRow?%s", query);
    if (get(f, path) != 200) fail_msg("%s: %s", query, f->last.body);
    rows_are(f, expected);
}

static void
refuses(fixture *f, const char *query, int status, const char *field)
{
    char path[512], text[128];

    snprintf(path, sizeof path, "/read-models/ArticleRow?%s", query);
    if (get(f, path) != status) fail_msg("%s: %s", query, f->last.body);
    head_has(f, "Content-Type: application/problem+json\r\n");
    snprintf(text, sizeof text, "\"field\":\"%s\"", field);
    body_has(f, text);
}

static void
fill(fixture *f)
{
    offer(f, "apple", "fruit", 30, false);
    offer(f, "bean", "vegetable", 10, true);
    offer(f, "beet", "vegetable", -5, false);
    offer(f, "cherry", "fruit", 90, true);
    offer(f, "date", "", 30, false);
}

static void
one_is_found_by_its_key(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    fill(f);
    assert_int_equal(get(f, "/read-models/ArticleRow?key=bean"), 200);
    assert_string_equal(f->last.body,
        "{\"name\":\"shop.ArticleRow\",\"row\":{\"article_id\": \"bean\",\"group\": \"vegetable\",\"price\": "
        "10,\"is_new\": true,\"supplier\": \"***\"}}");
    assert_int_equal(get(f, "/read-models/shop.ArticleRow?key=bean&show_redacted"), 200);
    body_has(f, "\"supplier\": \"a secret\"");
    assert_int_equal(get(f, "/read-models/ArticleRow?key=nothing"), 404);
    body_has(f, "\"title\":\"not_found\"");
    refuses(f, "key=", 400, "key");
    assert_int_equal(get(f, "/read-models/Article?key=bean"), 404);
    body_has(f, "the schema has no read model 'Article'");
}

static void
rows_come_in_the_order_of_their_keys(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    fill(f);
    finds(f, "", "apple bean beet cherry date");
    assert_null(strstr(f->last.body, "\"next\""));
    body_has(f, "\"supplier\": \"***\"");
    finds(f, "direction=backward", "date cherry beet bean apple");
    finds(f, "prefix=be", "bean beet");
    finds(f, "prefix=be&direction=backward", "beet bean");
    finds(f, "from=bean&to=cherry", "bean beet cherry");
    finds(f, "from=beaz&to=cherr", "beet");
    finds(f, "from=c&to=b", "");
    finds(f, "from=c&prefix=b", "");
    finds(f, "after=bean&to=cherry", "beet cherry");
    finds(f, "after=cherry&direction=backward&from=b", "beet bean");
    finds(f, "prefix=%C3%BF", "");
}

static void
a_page_says_where_the_next_begins(void **state)
{
    fixture *f = FIXTURE(state);
    const char *const queries[] = { "count=2", "count=2&direction=backward", "count=2&index=group",
        "count=2&index=price", "count=2&index=price&direction=backward", "count=2&index=is_new&value=false" };
    const char *const expected[][3] = { { "apple bean", "beet cherry", "date" },
        { "date cherry", "beet bean", "apple" }, { "date apple", "cherry bean", "beet" },
        { "beet bean", "apple date", "cherry" }, { "cherry date", "apple bean", "beet" },
        { "apple beet", "date", NULL } };

    serve(f);
    fill(f);
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        char query[512], next[256];
        snprintf(query, sizeof query, "%s", queries[i]);
        for (int page = 0; page < 3 && expected[i][page] != NULL; page++) {
            finds(f, query, expected[i][page]);
            const char *at = strstr(f->last.body, "],\"next\":\"");
            assert_int_equal(at != NULL, page < 2 && expected[i][page + 1] != NULL);
            if (at == NULL) break;
            snprintf(next, sizeof next, "%.*s", (int)strcspn(at + 10, "\""), at + 10);
            snprintf(query, sizeof query, "%s&after=%s", queries[i], next);
        }
    }
}

static void
rows_are_found_by_an_index(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    fill(f);
    finds(f, "index=group&value=fruit", "apple cherry");
    finds(f, "index=group&prefix=veg&direction=backward", "beet bean");
    finds(f, "index=group&from=g", "bean beet");
    finds(f, "index=group&value=nothing", "");
    finds(f, "index=price&value=30", "apple date");
    finds(f, "index=price&from=-5&to=10", "beet bean");
    finds(f, "index=price&from=31", "cherry");
    finds(f, "index=is_new&value=true", "bean cherry");
    finds(f, "index=is_new&value=0", "apple beet date");
}

static void
what_is_wrong_is_named(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    fill(f);
    refuses(f, "count=0", 400, "count");
    refuses(f, "count=1001", 400, "count");
    refuses(f, "direction=up", 400, "direction");
    refuses(f, "index=supplier", 400, "index");
    refuses(f, "index=nothing", 400, "index");
    refuses(f, "index=price&value=ten", 400, "value");
    refuses(f, "index=price&from=1x", 400, "from");
    refuses(f, "index=price&to=", 400, "to");
    refuses(f, "index=price&to=9223372036854775808", 400, "to");
    refuses(f, "index=group&after=xyz", 400, "after");
    refuses(f, "index=group&after=abc", 400, "after");
    assert_int_equal(get(f, "/read-models/ArticleRow?index=group&after=00"), 200); /* of nothing, so of the first */
}

static void
there_is_a_list_of_them(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    assert_int_equal(get(f, "/read-models"), 200);
    assert_string_equal(f->last.body, "{\"read_models\":[{\"name\":\"shop.ArticleRow\",\"key\":\"article_id\","
                                      "\"indexes\":[\"group\",\"price\",\"is_new\"]}]}");
}

/* What is redacted of a state is not told by what changed in it, and can't be found out by asking for values. */
static void
what_is_redacted_is_no_difference_to_be_seen(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    offer(f, "bean", "vegetable", 10, true);
    assert_int_equal(get(f, "/aggregates/Article/bean/diff"), 200);
    body_has(f, "{\"path\":\"price\",\"before\":0,\"after\":10},{\"path\":\"supplier\",\"after\":\"***\"}]}");
    assert_int_equal(get(f, "/aggregates/Article/bean/diff?show_redacted"), 200);
    body_has(f, "{\"path\":\"supplier\",\"after\":\"a secret\"}");
    assert_int_equal(get(f, "/aggregates/Article/bean/why?field=supplier"), 200);
    body_has(f, "\"after\":\"***\"}");
    assert_null(strstr(f->last.body, "secret"));
    assert_int_equal(get(f, "/aggregates/Article/bean/why?field=supplier&value=a%20secret"), 400);
    body_has(f, "value: what is hidden is found by a value only with show_redacted");
    assert_int_equal(get(f, "/aggregates/Article/bean/why?field=supplier&value=a%20secret&show_redacted"), 200);
    body_has(f, "\"after\":\"a secret\"}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_shop(one_is_found_by_its_key),
        with_shop(what_is_redacted_is_no_difference_to_be_seen),
        with_shop(rows_come_in_the_order_of_their_keys),
        with_shop(a_page_says_where_the_next_begins),
        with_shop(rows_are_found_by_an_index),
        with_shop(what_is_wrong_is_named),
        with_shop(there_is_a_list_of_them),
    };
    return cmocka_run_group_tests_name("read models", tests, NULL, NULL);
}
