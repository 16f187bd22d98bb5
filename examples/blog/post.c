/*
 * Post: published once, commented on, deleted and brought back.
 *
 *     (none) -- PublishPost --> published -- DeletePost --> deleted
 *                               ^  |  ^                        |
 *                    AddComment +--+  +----- UndeletePost -----+
 *
 * Deleting takes nothing out of the log: it is an event, and so is bringing back.
 */
#include "blog.h"

static acta_verdict
reject_unknown(acta_str post_id, acta_decision *decision)
{
    return blog_reject(decision, blog_Rejection_unknown_post, "there is no post '" ACTA_FMT "'", ACTA_ARG(post_id));
}

static acta_verdict
reject_deleted(acta_str post_id, acta_decision *decision)
{
    return blog_reject(decision, blog_Rejection_is_deleted, "post '" ACTA_FMT "' is deleted", ACTA_ARG(post_id));
}

static acta_verdict
publish(const blog_Post *post, blog_PublishPost command, acta_decision *decision)
{
    if (post->is_published)
        return blog_reject(decision, blog_Rejection_already_published, "post '" ACTA_FMT "' is published already",
            ACTA_ARG(command.post_id));
    return blog_PostPublished_emit(
        decision, ACTA_INIT(blog_PostPublished, .post_id = command.post_id, .author = command.author,
                      .title = command.title, .body = command.body));
}

static acta_verdict
add_comment(const blog_Post *post, blog_AddComment command, acta_decision *decision)
{
    if (!post->is_published) return reject_unknown(command.post_id, decision);
    if (post->is_deleted) return reject_deleted(command.post_id, decision);
    return blog_CommentAdded_emit(decision,
        ACTA_INIT(blog_CommentAdded, .post_id = command.post_id, .author = command.author, .text = command.text));
}

static acta_verdict
delete_post(const blog_Post *post, blog_DeletePost command, acta_decision *decision)
{
    if (!post->is_published) return reject_unknown(command.post_id, decision);
    if (post->is_deleted) return reject_deleted(command.post_id, decision);
    return blog_PostDeleted_emit(decision, ACTA_INIT(blog_PostDeleted, .post_id = command.post_id));
}

static acta_verdict
undelete_post(const blog_Post *post, blog_UndeletePost command, acta_decision *decision)
{
    if (!post->is_published) return reject_unknown(command.post_id, decision);
    if (!post->is_deleted)
        return blog_reject(
            decision, blog_Rejection_is_not_deleted, "post '" ACTA_FMT "' isn't deleted", ACTA_ARG(command.post_id));
    return blog_PostUndeleted_emit(decision, ACTA_INIT(blog_PostUndeleted, .post_id = command.post_id));
}

static void
published(blog_Post *post, blog_PostPublished event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    post->is_published = true;
}

static void
deleted(blog_Post *post, blog_PostDeleted event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    post->is_deleted = true;
}

static void
undeleted(blog_Post *post, blog_PostUndeleted event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    post->is_deleted = false;
}

const blog_Post_aggregate blog_post = BLOG_POST(
    .execute = {
        .PublishPost = publish,
        .AddComment = add_comment,
        .DeletePost = delete_post,
        .UndeletePost = undelete_post,
    },
    .apply = {
        .PostPublished = published,
        .CommentAdded = blog_Post_ignore_CommentAdded,
        .PostDeleted = deleted,
        .PostUndeleted = undeleted,
    });
