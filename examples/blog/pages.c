/*
 * A post's page: the text, and all comments in the order in which they came.
 *
 *     PostPublished, PostDeleted, PostUndeleted -> PageRow
 *     CommentAdded                              -> CommentRow
 */
#include "blog.h"

#include <inttypes.h>
#include <stdio.h>

static acta_status
published(void *user, blog_PostPublished event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return blog_PageRow_put(rows,
        ACTA_INIT(
            blog_PageRow, .post_id = event.post_id, .author = event.author, .title = event.title, .body = event.body),
        error);
}

/* A comment is named by its event's version in the post's stream, in as many digits as any has: so they sort by time. */
static acta_status
comment_added(void *user, blog_CommentAdded event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    char id[ACTA_STREAM_NAME_MAX + 32];

    (void)user;
    snprintf(id, sizeof id, ACTA_FMT "/%020" PRIu64, ACTA_ARG(event.post_id), recorded->version);
    return blog_CommentRow_put(rows,
        ACTA_INIT(blog_CommentRow, .comment_id = acta_str_of(id), .post_id = event.post_id, .author = event.author,
            .text = event.text),
        error);
}

static acta_status
hide(acta_str post_id, bool is_hidden, acta_rows *rows, acta_error *error)
{
    blog_PageRow row;

    acta_status status = blog_PageRow_get(rows, post_id, &row, error);
    if (status != ACTA_OK) return status; /* a post's first event publishes it */
    row.is_hidden = is_hidden;
    return blog_PageRow_put(rows, row, error);
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
const blog_projection blog_pages = BLOG_PROJECTION(
    .name = "pages",
    .on = {
        .PostPublished = published,
        .CommentAdded = comment_added,
        .PostDeleted = deleted,
        .PostUndeleted = undeleted,
    });
/* clang-format on */
