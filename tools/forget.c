/*
 * acta forget: destroy the key of a subject, and record that it was done.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acta/personal.h"

#include "commands.h"

typedef struct options {
    char *arguments[2];
    unsigned count;
    const char *who, *why, *keys;
} options;

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 'w':
        o->who = argument;
        return 0;
    case 'y':
        o->why = argument;
        return 0;
    case 'k':
        o->keys = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 2) argp_error(state, "'%s' is one argument too many", argument);
        o->arguments[o->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (o->count < 2) argp_error(state, "a subject and a directory are expected");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int
failed(const acta_error *error)
{
    fprintf(stderr, "acta: %s\n", error->text);
    return 1;
}

static int
forget(const options *o, acta_store *store, const char *path)
{
    acta_str subject = acta_str_of(o->arguments[0]);
    const acta_forget_options how = { .who = o->who != NULL ? o->who : getenv("USER"), .why = o->why };
    acta_key_file *file;
    acta_error error;
    bool already = false;

    if (access(path, F_OK) != 0) { /* opening would make one */
        fprintf(stderr, "acta: there are no keys in '%s'; --keys names another file\n", path);
        return 1;
    }
    acta_status status = acta_key_file_open(&(acta_key_file_config){ .path = path }, &file, &error);
    if (status != ACTA_OK) return failed(&error);
    acta_key_service keys = acta_key_file_service(file);
    status = acta_store_forget(store, &keys, subject, &how, &already, &error);
    acta_key_file_close(file);
    if (status != ACTA_OK) return failed(&error);
    if (already)
        printf("'%s' had been forgotten before\n", o->arguments[0]);
    else
        printf("forgot '%s': its key is destroyed; position %" PRIu64 " tells of it\n", o->arguments[0],
            acta_store_head(store));
    return 0;
}

int
command_forget(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "who", 'w', "NAME", 0, "For the record of it; otherwise the user's name", 0 },
        { "why", 'y', "TEXT", 0, "For the record of it", 0 },
        { "keys", 'k', "FILE", 0, "The file of keys, when it isn't the one in DIR", 0 },
        { 0 },
    };
    const struct argp argp = { .options = known,
        .parser = parse,
        .args_doc = "SUBJECT DIR",
        .doc =
            "Forget a person: destroy the key of SUBJECT, with which its personal data in the store in DIR is sealed, "
            "and record that in the stream $audit. There is no way back. The store must not be in use: a program "
            "that has it open forgets by itself (acta_app_forget).\v"
            "Copies of the file of keys are not reached: destroy them too, or the key in them.\n\n"
            "Exit status: 0 done, 1 damage or failure, 2 wrong usage.\n\n"
            "Example:\n  acta forget customer-17 shop-data --why \"asked for it on 3 May\"" };
    options o = { .count = 0 };
    char path[4096];
    acta_store *store;
    acta_error error;

    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (o.keys == NULL && snprintf(path, sizeof path, "%s/%s", o.arguments[1], ACTA_KEY_FILE) >= (int)sizeof path) {
        fputs("acta: the path of the directory is too long\n", stderr);
        return 1;
    }
    acta_status status =
        acta_store_open(&(acta_store_config){ .path = o.arguments[1], .must_exist = true }, &store, &error);
    if (status != ACTA_OK) return told_in_use(o.arguments[1], &error, "let it forget by itself (acta_app_forget)");
    int exit_status = forget(&o, store, o.keys != NULL ? o.keys : path);
    acta_store_close(store);
    return exit_status;
}
