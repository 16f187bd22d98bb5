/*
 * Dispatch by name and JSON: for command lines, gateways and consoles. A name that is not known is answered with the
 * nearest one that is.
 */
#include "internal.h"
#include "counters.h"

enum { NAME_SHOWN_MAX = 64 };

/* The name without its namespace. */
static acta_str
short_name(const acta_table *table)
{
    return acta_str_after_last(acta_str_of(table->name), '.');
}

/* By its full name, or without its namespace; `other_out` is another one that is called so, or NULL. */
static const acta_table *
find_command(const acta_app *app, acta_str name, const acta_table **other_out)
{
    const acta_table *found = NULL;

    *other_out = NULL;
    for (uint32_t i = 0; i < app->route_count; i++) {
        const acta_table *table = app->routes_in_order[i].table;
        if (acta_str_equal(name, acta_str_of(table->name))) {
            *other_out = NULL;
            return table;
        }
        if (!acta_str_equal(name, short_name(table))) continue;
        if (found != NULL) *other_out = table;
        if (found == NULL) found = table;
    }
    return found;
}

const acta_table *
acta_app_command(const acta_app *app, acta_str name)
{
    const acta_table *other, *found = find_command(app, name, &other);
    return other == NULL ? found : NULL;
}

/* Without its namespace; absent: none is near. */
static acta_str
nearest_command(const acta_app *app, acta_str name)
{
    acta_nearest nearest = acta_nearest_to(acta_str_after_last(name, '.'));

    for (uint32_t i = 0; i < app->route_count; i++)
        acta_nearest_offer(&nearest, short_name(app->routes_in_order[i].table));
    return nearest.word;
}

/* What the schema has under a name that can't be dispatched; NULL: nothing. */
static const char *
what_it_is(const acta_app *app, acta_str name)
{
    static const char *const roles[] = { [ACTA_TABLE_PLAIN] = "a table, not a command",
        [ACTA_TABLE_COMMAND] = "a command of an aggregate that this application doesn't have",
        [ACTA_TABLE_EVENT] = "an event, not a command",
        [ACTA_TABLE_STATE] = "a state, not a command",
        [ACTA_TABLE_PROCESS_MANAGER] = "a process manager, not a command",
        [ACTA_TABLE_READ_MODEL] = "a read model, not a command" };
    const acta_table *table = acta_app_table(app, name);

    return table != NULL ? roles[table->role] : NULL;
}

static acta_status
refuse_name(const acta_app *app, acta_str name, acta_error *error)
{
    const acta_table *other, *found = find_command(app, name, &other);
    if (other != NULL)
        return acta_error_set(error, ACTA_INVALID, "'" ACTA_FMT "' is two commands, '%s' and '%s': say which",
            ACTA_ARG(name), found->name, other->name);
    acta_str nearest = nearest_command(app, name);
    const char *known = what_it_is(app, name);
    int shown = name.size > NAME_SHOWN_MAX ? NAME_SHOWN_MAX : (int)name.size;
    char what[NAME_SHOWN_MAX + 64];

    if (known != NULL)
        snprintf(what, sizeof what, "'%.*s' is %s", shown, name.data, known);
    else
        snprintf(what, sizeof what, "there is no command '%.*s'", shown, name.data != NULL ? name.data : "");
    if (nearest.data == NULL) return acta_error_set(error, ACTA_INVALID, "%s", what);
    return acta_error_set(error, ACTA_INVALID, "%s; did you mean '" ACTA_FMT "'?", what, ACTA_ARG(nearest));
}

/* The value of a command; its views are of `json`, or in `memory`. */
static acta_status
parse(const acta_table *table, acta_str json, acta_memory *memory, void **value_out, acta_error *error)
{
    *value_out = acta_memory_alloc(memory, table->struct_size);
    if (*value_out == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for '%s'", table->name);
    return acta_json_read(table, json, memory, *value_out, error);
}

acta_status
acta_dispatch_json(
    acta_app *app, acta_str command, acta_str json, const acta_dispatch_options *options, acta_error *error)
{
    ACTI_IN_CALL(app);
    const acta_table *table = acta_app_command(app, command);
    void *value = NULL;
    if (table == NULL) return refuse_name(app, command, error);

    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for '%s'", table->name);
    acta_status status = parse(table, json, memory, &value, error);
    if (status == ACTA_OK) status = acta_dispatch(app, table, value, options, error);
    acta_memory_destroy(memory);
    return status;
}

static void
refuse(acta_status status, const acta_error *error, acta_dispatch_done done, void *user)
{
    const acta_dispatch_result result = { .status = status, .error = error };
    done(user, &result);
}

void
acta_dispatch_json_async(acta_app *app, acta_str command, acta_str json, const acta_dispatch_options *options,
    acta_dispatch_done done, void *user)
{
    ACTI_IN_CALL(app);
    const acta_table *table = acta_app_command(app, command);
    acta_error error;
    void *value = NULL;

    if (table == NULL) {
        refuse(refuse_name(app, command, &error), &error, done, user);
        return;
    }
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    acta_status status = memory != NULL ? parse(table, json, memory, &value, &error)
                                        : acta_error_set(&error, ACTA_NO_MEMORY, "no memory for '%s'", table->name);
    if (status == ACTA_OK)
        acta_dispatch_async(app, table, value, options, done, user);
    else
        refuse(status, &error, done, user);
    acta_memory_destroy(memory);
}
