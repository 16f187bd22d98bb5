/*
 * The list of posts: titles, each with how many comments it has.
 *
 *     PostPublished, CommentAdded, PostDeleted, PostUndeleted -> PostRow
 */
#include "blog.h"

static acta_status
published(void *user, blog_PostPublished event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return blog_PostRow_put(rows, ACTA_INIT(blog_PostRow, .post_id = event.post_id, .title = event.title), error);
}

static acta_status
comment_added(void *user, blog_CommentAdded event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    blog_PostRow row;

    (void)user;
    (void)recorded;
    acta_status status = blog_PostRow_get(rows, event.post_id, &row, error);
    if (status != ACTA_OK) return status; /* a post's first event publishes it */
    row.comment_count++;
    return blog_PostRow_put(rows, row, error);
}

static acta_status
hide(acta_str post_id, bool is_hidden, acta_rows *rows, acta_error *error)
{
    blog_PostRow row;

    acta_status status = blog_PostRow_get(rows, post_id, &row, error);
    if (status != ACTA_OK) return status;
    row.is_hidden = is_hidden;
    return blog_PostRow_put(rows, row, error);
}

static acta_status
deleted(void *user, blog_PostDeleted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return hide(event.post_id, true, rows, error);
}

static acta_status
undeleted(void *user, blog_PostUndeleted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return hide(event.post_id, false, rows, error);
}

/* clang-format off */
const blog_projection blog_list = BLOG_PROJECTION(
    .name = "list",
    .on = {
        .PostPublished = published,
        .CommentAdded = comment_added,
        .PostDeleted = deleted,
        .PostUndeleted = undeleted,
    });
/* clang-format on */
