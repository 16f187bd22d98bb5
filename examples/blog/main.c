/*
 * A blog in a shell: posts, comments, and the two screens on which they are seen.
 *
 *     $ blog publish log ann "The log remembers" "What happened stays true."
 *     $ blog list
 *     The log remembers      0 comments   (log)
 */
#include "blog.h"

#include <inttypes.h>
#include <stdio.h>

static const acta_aggregate *const aggregates[] = { &blog_post.base, NULL };
static const acta_projection *const projections[] = { &blog_list.base, &blog_pages.base, NULL };

/* -- commands: each returns when both screens show what it has done -- */

static const char *const screens[] = { "list", "pages", NULL };
static const acta_dispatch_options shown = { .wait_for = screens };

static acta_status
publish(acta_app *app, char **word, acta_error *error)
{
    return blog_PublishPost_dispatch(app,
        ACTA_INIT(blog_PublishPost, .post_id = acta_str_of(word[0]), .author = acta_str_of(word[1]),
            .title = acta_str_of(word[2]), .body = acta_str_of(word[3])),
        &shown, error);
}

static acta_status
comment(acta_app *app, char **word, acta_error *error)
{
    return blog_AddComment_dispatch(app,
        ACTA_INIT(blog_AddComment, .post_id = acta_str_of(word[0]), .author = acta_str_of(word[1]),
            .text = acta_str_of(word[2])),
        &shown, error);
}

static acta_status
delete_post(acta_app *app, char **word, acta_error *error)
{
    return blog_DeletePost_dispatch(app, ACTA_INIT(blog_DeletePost, .post_id = acta_str_of(word[0])), &shown, error);
}

static acta_status
undelete_post(acta_app *app, char **word, acta_error *error)
{
    return blog_UndeletePost_dispatch(
        app, ACTA_INIT(blog_UndeletePost, .post_id = acta_str_of(word[0])), &shown, error);
}

/* -- the two screens -- */

static bool
print_post(void *user, const blog_PostRow *row)
{
    (void)user;
    if (!row->is_hidden)
        printf("%-20.*s %3" PRIu32 " comments   (" ACTA_FMT ")\n", ACTA_ARG(row->title), row->comment_count,
            ACTA_ARG(row->post_id));
    return true;
}

static acta_status
print_list(acta_app *app, char **word, acta_error *error)
{
    (void)word;
    return blog_PostRow_each(app, acta_str_of(""), print_post, NULL, error);
}

static bool
print_comment(void *user, const blog_CommentRow *row)
{
    (void)user;
    printf("  " ACTA_FMT ": " ACTA_FMT "\n", ACTA_ARG(row->author), ACTA_ARG(row->text));
    return true;
}

static acta_status
print_page_of(acta_app *app, const blog_PageRow *page, acta_error *error)
{
    if (page->is_hidden)
        return acta_error_set(error, ACTA_NOT_FOUND, "post '" ACTA_FMT "' is deleted", ACTA_ARG(page->post_id));
    printf(ACTA_FMT ", by " ACTA_FMT "\n" ACTA_FMT "\n", ACTA_ARG(page->title), ACTA_ARG(page->author),
        ACTA_ARG(page->body));
    return blog_CommentRow_by_post_id(app, &(acta_str_range){ .equal = page->post_id }, print_comment, NULL, error);
}

static acta_status
print_page(acta_app *app, char **word, acta_error *error)
{
    acta_memory *memory = acta_memory_create(NULL); /* for the page's strings */
    blog_PageRow page;

    acta_status status = blog_PageRow_find(app, acta_str_of(word[0]), &page, memory, error);
    if (status == ACTA_OK) status = print_page_of(app, &page, error);
    acta_memory_destroy(memory);
    return status;
}

/* -- the shell -- */

typedef struct command {
    const char *name, *words;
    int word_count;
    acta_status (*run)(acta_app *app, char **word, acta_error *error);
} command;

static const command commands[] = {
    { "publish", "ID AUTHOR TITLE BODY", 4, publish },
    { "comment", "ID AUTHOR TEXT", 3, comment },
    { "delete", "ID", 1, delete_post },
    { "undelete", "ID", 1, undelete_post },
    { "list", "(all posts)", 0, print_list },
    { "page", "ID", 1, print_page },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int
run(const command *c, char **word)
{
    const acta_app_config config = {
        .data_path = "blog-data", .schema = &blog_schema, .aggregates = aggregates, .projections = projections
    };
    acta_error error;
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = c->run(app, word, &error);
        acta_app_stop(app, 5000, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "blog: %s\n", error.text);
    return status != ACTA_OK;
}

int
main(int argc, char **argv)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (argc == commands[i].word_count + 2 && strcmp(argv[1], commands[i].name) == 0)
            return run(&commands[i], argv + 2);
    fprintf(stderr, "usage:\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(stderr, "  blog %-8s %s\n", commands[i].name, commands[i].words);
    return 2;
}
