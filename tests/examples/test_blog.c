/*
 * The post, given events, when a command, then events; and both screens over what a post goes through.
 */
#include "blog.h"

#include "given.h"

#include "acta/memory_engine.h"

static void
given_a_post(void)
{
    ACTA_GIVEN(&blog_post, blog_PostPublished, .post_id = S("p"), .author = S("ann"), .title = S("T"), .body = S("B"));
}

static void
given_a_deleted_post(void)
{
    given_a_post();
    ACTA_GIVEN(&blog_post, blog_PostDeleted, .post_id = S("p"));
}

static void
a_post_is_published_once(void **state)
{
    (void)state;
    ACTA_WHEN(&blog_post, blog_PublishPost, .post_id = S("p"), .author = S("ann"), .title = S("T"), .body = S("B"));
    ACTA_THEN(&blog_post, blog_PostPublished, .post_id = S("p"), .author = S("ann"), .title = S("T"), .body = S("B"));

    given_a_post();
    ACTA_WHEN(&blog_post, blog_PublishPost, .post_id = S("p"), .author = S("bob"), .title = S("U"), .body = S("C"));
    ACTA_THEN_REJECTED(&blog_post, "already_published");
}

static void
comments_come_to_what_is_published_and_not_deleted(void **state)
{
    (void)state;
    given_a_post();
    ACTA_WHEN(&blog_post, blog_AddComment, .post_id = S("p"), .author = S("bob"), .text = S("?"));
    ACTA_THEN(&blog_post, blog_CommentAdded, .post_id = S("p"), .author = S("bob"), .text = S("?"));

    given_a_deleted_post();
    ACTA_WHEN(&blog_post, blog_AddComment, .post_id = S("p"), .author = S("bob"), .text = S("?"));
    ACTA_THEN_REJECTED(&blog_post, "is_deleted");

    ACTA_WHEN(&blog_post, blog_AddComment, .post_id = S("p"), .author = S("bob"), .text = S("?"));
    ACTA_THEN_REJECTED(&blog_post, "unknown_post");
}

static void
a_post_is_deleted_and_comes_back(void **state)
{
    (void)state;
    given_a_post();
    ACTA_WHEN(&blog_post, blog_DeletePost, .post_id = S("p"));
    ACTA_THEN(&blog_post, blog_PostDeleted, .post_id = S("p"));

    given_a_deleted_post();
    ACTA_WHEN(&blog_post, blog_DeletePost, .post_id = S("p"));
    ACTA_THEN_REJECTED(&blog_post, "is_deleted");

    given_a_deleted_post();
    ACTA_WHEN(&blog_post, blog_UndeletePost, .post_id = S("p"));
    ACTA_THEN(&blog_post, blog_PostUndeleted, .post_id = S("p"));

    given_a_deleted_post();
    ACTA_GIVEN(&blog_post, blog_PostUndeleted, .post_id = S("p"));
    ACTA_WHEN(&blog_post, blog_UndeletePost, .post_id = S("p"));
    ACTA_THEN_REJECTED(&blog_post, "is_not_deleted");
}

static void
what_was_never_published_is_unknown(void **state)
{
    (void)state;
    ACTA_WHEN(&blog_post, blog_DeletePost, .post_id = S("p"));
    ACTA_THEN_REJECTED(&blog_post, "unknown_post");
    ACTA_WHEN(&blog_post, blog_UndeletePost, .post_id = S("p"));
    ACTA_THEN_REJECTED(&blog_post, "unknown_post");
}

/* -- the screens -- */

enum { PATIENCE_MS = 120000 };

static void
must(acta_status status, const acta_error *error)
{
    if (status != ACTA_OK) fail_msg("%s", error->text);
}

static void
expect_screens(acta_app *app, uint32_t comment_count, bool is_hidden)
{
    acta_error error;
    blog_PostRow post;
    blog_PageRow page;

    must(blog_PostRow_find(app, S("p"), &post, NULL, &error), &error);
    must(blog_PageRow_find(app, S("p"), &page, NULL, &error), &error);
    assert_int_equal(post.comment_count, comment_count);
    assert_int_equal(post.is_hidden, is_hidden);
    assert_int_equal(page.is_hidden, is_hidden);
}

static bool
note_comment(void *user, const blog_CommentRow *row)
{
    char *texts = user;
    strncat(texts, row->text.data, row->text.size);
    return true;
}

static void
both_screens_hide_what_is_deleted_and_show_it_again(void **state)
{
    static const acta_aggregate *const aggregates[] = { &blog_post.base, NULL };
    static const acta_projection *const projections[] = { &blog_list.base, &blog_pages.base, NULL };
    static const char *const screens[] = { "list", "pages", NULL };
    const acta_dispatch_options shown = { .timeout_ms = PATIENCE_MS, .wait_for = screens };
    acta_disk *disk = acta_disk_create(NULL);
    const acta_app_config config = { .schema = &blog_schema,
        .aggregates = aggregates,
        .projections = projections,
        .store = { .engine = acta_memory_engine(disk) } };
    char texts[8] = "";
    acta_error error;
    acta_app *app;

    (void)state;
    must(acta_app_start(&config, &app, &error), &error);
    must(blog_PublishPost_dispatch(app,
             ACTA_INIT(blog_PublishPost, .post_id = S("p"), .author = S("ann"), .title = S("T"), .body = S("B")),
             &shown, &error),
        &error);
    expect_screens(app, 0, false);
    for (int i = 0; i < 2; i++)
        must(blog_AddComment_dispatch(app,
                 ACTA_INIT(blog_AddComment, .post_id = S("p"), .author = S("bob"), .text = S(i == 0 ? "a" : "b")),
                 &shown, &error),
            &error);
    expect_screens(app, 2, false);
    must(blog_DeletePost_dispatch(app, ACTA_INIT(blog_DeletePost, .post_id = S("p")), &shown, &error), &error);
    expect_screens(app, 2, true);
    must(blog_UndeletePost_dispatch(app, ACTA_INIT(blog_UndeletePost, .post_id = S("p")), &shown, &error), &error);
    expect_screens(app, 2, false);
    must(blog_CommentRow_by_post_id(app, &(acta_str_range){ .equal = S("p") }, note_comment, texts, &error), &error);
    assert_string_equal(texts, "ab");
    must(acta_app_stop(app, PATIENCE_MS, &error), &error);
    acta_disk_destroy(disk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_is_published_once),
        cmocka_unit_test(comments_come_to_what_is_published_and_not_deleted),
        cmocka_unit_test(a_post_is_deleted_and_comes_back),
        cmocka_unit_test(what_was_never_published_is_unknown),
        cmocka_unit_test(both_screens_hide_what_is_deleted_and_show_it_again),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("blog", tests, NULL, NULL);
}
