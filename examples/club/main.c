/*
 * A club in a shell: members, their addresses, and how one of them is forgotten.
 *
 *     $ club join ann "Ann Lee" ann@example.org
 *     $ club list
 *     ann      Ann Lee              ann@example.org
 */
#include "club.h"

#include <stdio.h>

static const acta_aggregate *const aggregates[] = { &club_member.base, NULL };
static const acta_projection *const projections[] = { &club_list.base, NULL };

static const char *const lists[] = { "list", NULL };
static const acta_dispatch_options shown = { .wait_for = lists };

static acta_status
join(acta_app *app, char **word, acta_error *error)
{
    return club_Join_dispatch(app,
        ACTA_INIT(
            club_Join, .member_id = acta_str_of(word[0]), .name = acta_str_of(word[1]), .email = acta_str_of(word[2])),
        &shown, error);
}

static acta_status
move(acta_app *app, char **word, acta_error *error)
{
    return club_Move_dispatch(
        app, ACTA_INIT(club_Move, .member_id = acta_str_of(word[0]), .email = acta_str_of(word[1])), &shown, error);
}

static acta_status
leave(acta_app *app, char **word, acta_error *error)
{
    return club_Leave_dispatch(app, ACTA_INIT(club_Leave, .member_id = acta_str_of(word[0])), &shown, error);
}

static acta_status
forget(acta_app *app, char **word, acta_error *error)
{
    const acta_forget_options asked = { .who = "club", .why = word[1] };
    return acta_app_forget(app, acta_str_of(word[0]), &asked, error);
}

static bool
print_member(void *user, const club_MemberRow *row)
{
    (void)user;
    if (acta_is_forgotten(row->name))
        printf("%-8.*s (forgotten)\n", ACTA_ARG(row->member_id));
    else
        printf("%-8.*s %-20.*s " ACTA_FMT "\n", ACTA_ARG(row->member_id), ACTA_ARG(row->name), ACTA_ARG(row->email));
    return true;
}

static acta_status
print_list(acta_app *app, char **word, acta_error *error)
{
    (void)word;
    return club_MemberRow_each(app, acta_str_of(""), print_member, NULL, error);
}

/* -- the shell -- */

typedef struct command {
    const char *name, *words;
    int word_count;
    acta_status (*run)(acta_app *app, char **word, acta_error *error);
} command;

static const command commands[] = {
    { "join", "ID NAME EMAIL", 3, join },
    { "move", "ID EMAIL", 2, move },
    { "leave", "ID", 1, leave },
    { "forget", "ID WHY", 2, forget },
    { "list", "(all members)", 0, print_list },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int
run(const command *c, char **word)
{
    const acta_app_config config = {
        .data_path = "club-data", .schema = &club_schema, .aggregates = aggregates, .projections = projections
    };
    acta_error error;
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = c->run(app, word, &error);
        acta_app_stop(app, 5000, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "club: %s\n", error.text);
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
        fprintf(stderr, "  club %-6s %s\n", commands[i].name, commands[i].words);
    return 2;
}
