/*
 * Validation: what a configuration must be, said before anything is opened; and the tables made of it: aggregates, and
 * where each command goes.
 */
#include "acta/projection_database.h"

#include "aggregate_actor.h"
#include "reader.h"

#include "metadata.h"

enum { READER_NAME_MAX = 128, PREFIX_MAX = 256 };

/* -- names that must differ -- */

static const char *
reader_name(const acta_app_config *config, uint32_t index)
{
    uint32_t i = 0;

    for (const acta_process_manager *const *m = config->process_managers; m != NULL && *m != NULL; m++)
        if (i++ == index) return acti_manager_name(*m);
    for (const acta_event_handler *const *h = config->event_handlers; h != NULL && *h != NULL; h++)
        if (i++ == index) return (*h)->name;
    for (const acta_projection *const *p = config->projections; p != NULL && *p != NULL; p++)
        if (i++ == index) return (*p)->name;
    for (const acta_projection *const *p = config->inline_projections; p != NULL && *p != NULL; p++)
        if (i++ == index) return (*p)->name;
    return NULL;
}

static acta_status
check_reader_names(const acta_app_config *config, acta_error *error)
{
    for (uint32_t i = 0; reader_name(config, i) != NULL; i++) {
        const char *name = reader_name(config, i);
        if (name[0] == '\0' || strlen(name) > READER_NAME_MAX)
            return acta_error_set(error, ACTA_INVALID,
                "the name '%.40s' of a reader has %zu bytes, 1 to %d are expected", name, strlen(name),
                READER_NAME_MAX);
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(reader_name(config, j), name) == 0)
                return acta_error_set(error, ACTA_INVALID,
                    "two readers are called '%s'; each keeps its position under its name, so give them two", name);
        }
    }
    return ACTA_OK;
}

/* -- aggregates -- */

/* "bank.Account" as it is spelled in C. */
static void
put_c_name(char *text, size_t size, const char *name)
{
    snprintf(text, size, "%s", name);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '.') *c = '_';
}

static acta_status
refuse_missing(const acta_aggregate *aggregate, const char *missing, acta_error *error)
{
    const acta_aggregate_code *code = aggregate->code;
    const char *name = strchr(missing, '.');
    char c_name[ACTA_TYPE_NAME_MAX];

    name = name != NULL ? name + 1 : missing;
    if (strncmp(missing, "execute.", 8) == 0)
        return acta_error_set(
            error, ACTA_INVALID, "aggregate %s: no execute for command %s; set .execute.%s", code->name, name, name);
    put_c_name(c_name, sizeof c_name, code->state->name);
    return acta_error_set(error, ACTA_INVALID, "aggregate %s: no apply for event %s; set .apply.%s, or %s_ignore_%s",
        code->name, name, name, c_name, name);
}

static acta_status
check_aggregate(const acta_aggregate *aggregate, acta_error *error)
{
    const acta_aggregate_code *code = aggregate->code;
    const char *missing;

    if (code == NULL)
        return acta_error_set(error, ACTA_INVALID, "an aggregate has no code; fill it by its generated macro");
    missing = code->missing != NULL ? code->missing(aggregate) : NULL;
    if (missing != NULL) return refuse_missing(aggregate, missing, error);
    if (strlen(code->stream_prefix) > PREFIX_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "aggregate %s: the prefix of its streams has %zu bytes, at most %d are allowed", code->name,
            strlen(code->stream_prefix), PREFIX_MAX);
    return ACTA_OK;
}

static bool
has_command(const acta_aggregate_code *code, const acta_table *command)
{
    for (uint32_t i = 0; i < code->command_count; i++)
        if (code->commands[i] == command) return true;
    return false;
}

static acta_status
check_two_aggregates(const acta_aggregate_code *a, const acta_aggregate_code *b, acta_error *error)
{
    if (strcmp(a->name, b->name) == 0 && strcmp(a->state->name, b->state->name) == 0)
        return acta_error_set(error, ACTA_INVALID, "aggregate %s is listed twice", a->name);
    if (strcmp(a->name, b->name) == 0)
        return acta_error_set(error, ACTA_INVALID,
            "aggregates '%s' and '%s' are both called %s, which is what streams and errors call them by; rename one of "
            "them",
            a->state->name, b->state->name, a->name);
    if (strcmp(a->stream_prefix, b->stream_prefix) == 0)
        return acta_error_set(error, ACTA_INVALID, "aggregates %s and %s share the prefix '%s' of their streams",
            a->name, b->name, a->stream_prefix);
    for (uint32_t i = 0; i < a->command_count; i++) {
        if (has_command(b, a->commands[i]))
            return acta_error_set(error, ACTA_INVALID,
                "command '%s' belongs to two aggregates, %s and %s; one must decide it", a->commands[i]->name, a->name,
                b->name);
    }
    return ACTA_OK;
}

static acta_status
check_aggregates(const acta_app_config *config, acta_error *error)
{
    for (const acta_aggregate *const *a = config->aggregates; a != NULL && *a != NULL; a++) {
        acta_status status = check_aggregate(*a, error);
        for (const acta_aggregate *const *b = config->aggregates; status == ACTA_OK && b != a; b++)
            status = check_two_aggregates((*b)->code, (*a)->code, error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

/* -- readers -- */

static acta_status
check_process_manager(const acta_app_config *config, const acta_process_manager *manager, acta_error *error)
{
    if (manager->code == NULL)
        return acta_error_set(error, ACTA_INVALID, "a process manager has no code; fill it by its generated macro");
    const char *missing = manager->code->missing != NULL ? manager->code->missing(manager) : NULL;
    if (missing != NULL)
        return acta_error_set(error, ACTA_INVALID, "process manager %s: %s", manager->code->name, missing);
    acta_status status = acti_reader_then_check(acti_manager_name(manager), manager->then, error);
    if (status != ACTA_OK) return status;
    for (const acta_aggregate *const *a = config->aggregates; a != NULL && *a != NULL; a++) {
        if (strcmp((*a)->code->name, manager->code->name) == 0)
            return acta_error_set(error, ACTA_INVALID,
                "'%s' is the name of an aggregate and of a process manager: '%s' and '%s'", manager->code->name,
                (*a)->code->state->name, manager->code->state->name);
    }
    return ACTA_OK;
}

static acta_status
check_readers(const acta_app_config *config, acta_error *error)
{
    acta_status status = acti_error_default_check(&config->on_handler_error, error);
    if (status != ACTA_OK) return status;

    for (const acta_process_manager *const *m = config->process_managers; m != NULL && *m != NULL; m++) {
        status = check_process_manager(config, *m, error);
        if (status != ACTA_OK) return status;
    }
    for (const acta_event_handler *const *h = config->event_handlers; h != NULL && *h != NULL; h++) {
        if ((*h)->code == NULL || (*h)->name == NULL)
            return acta_error_set(error, ACTA_INVALID, "an event handler has no %s",
                (*h)->code == NULL ? "code; fill it by its generated macro" : "name; its position is kept under it");
        status = acti_reader_options_check((*h)->name, (*h)->options, (*h)->window, false, error);
        if (status != ACTA_OK) return status;
    }
    for (const acta_projection *const *p = config->projections; p != NULL && *p != NULL; p++) {
        if ((*p)->code == NULL || (*p)->name == NULL)
            return acta_error_set(error, ACTA_INVALID, "a projection has no %s",
                (*p)->code == NULL ? "code; fill it by its generated macro" : "name; its position is kept under it");
        status = acti_reader_options_check((*p)->name, (*p)->options, (*p)->window, true, error);
        if (status != ACTA_OK) return status;
        const acta_database_code *database = (*p)->database != NULL ? (*p)->database->code : NULL;
        if ((*p)->database == NULL) continue;
        if (database == NULL || database->open == NULL || database->apply == NULL || database->close == NULL)
            return acta_error_set(error, ACTA_INVALID,
                "the database of projection '%s' lacks a function; set .code with .open, .apply and .close",
                (*p)->name);
    }
    for (const acta_projection *const *p = config->inline_projections; p != NULL && *p != NULL; p++)
        if ((*p)->code == NULL || (*p)->name == NULL)
            return acta_error_set(error, ACTA_INVALID, "an inline projection has no %s",
                (*p)->code == NULL ? "code; fill it by its generated macro"
                                   : "name; how far its rows are is kept under it");
    return check_reader_names(config, error);
}

/* -- dispatch -- */

static acta_status
check_dispatch(const acta_app_config *config, acta_error *error)
{
    const acta_dispatch_options *defaults = config->dispatch_defaults;
    if (defaults == NULL) return ACTA_OK;

    bool is_of_one = !acta_id_is_none(defaults->command_id) || !acta_id_is_none(defaults->correlation_id) ||
                     !acta_id_is_none(defaults->causation_id) || defaults->cause != NULL ||
                     defaults->expected_version != 0 || defaults->version_out != NULL ||
                     defaults->position_out != NULL || defaults->returned_out != NULL || defaults->memory != NULL ||
                     defaults->begins_no_trace;
    if (is_of_one)
        return acta_error_set(error, ACTA_INVALID,
            "dispatch_defaults have an id, an expected version or a place for what is returned; these are of one "
            "command "
            "alone: timeout_ms, wait_for, returning and metadata may be set");
    acta_status status = acti_metadata_check(defaults->metadata, defaults->metadata_count, error);
    return status == ACTA_OK ? ACTA_OK : acta_error_prefix(error, status, "dispatch_defaults: ");
}

acta_status
acti_config_check(const acta_app_config *config, acta_error *error)
{
    acta_status status = check_aggregates(config, error);
    if (status == ACTA_OK) status = check_dispatch(config, error);
    if (status == ACTA_OK) status = check_readers(config, error);
    if (status == ACTA_OK) status = acti_modules_check(config, error);
    if (status != ACTA_OK) return status;
    if (config->data_path == NULL && config->store.engine == NULL)
        return acta_error_set(error, ACTA_INVALID, "no data_path: set the directory that the store is to lie in");
    return ACTA_OK;
}

/* -- what is made of it -- */

static uint32_t
count_of(const acta_aggregate *const *aggregates)
{
    uint32_t count = 0;

    while (aggregates != NULL && aggregates[count] != NULL)
        count++;
    return count;
}

static bool
create_aggregate(acta_app *app, acti_aggregate *aggregate, const acta_aggregate *given)
{
    const acta_aggregate_code *code = given->code;

    aggregate->given = given;
    aggregate->code = code;
    aggregate->prefix = acta_str_of(code->stream_prefix);
    aggregate->snapshot_every = given->snapshot_every != 0 ? given->snapshot_every : ACTI_SNAPSHOT_EVERY_DEFAULT;
    aggregate->idle_timeout_ms = given->idle_timeout_ms != 0 ? given->idle_timeout_ms : ACTI_AGGREGATE_IDLE_DEFAULT;
    aggregate->behaviour = acti_aggregate_behaviour;
    aggregate->behaviour.state_size += code->state->struct_size;
    return acti_names_init(&aggregate->events, &app->environment.allocator, code->events, code->event_count);
}

static void
create_routes(acta_app *app)
{
    acti_route *route = app->routes_in_order;

    for (uint32_t i = 0; i < app->aggregate_count; i++) {
        const acti_aggregate *aggregate = &app->aggregates[i];
        for (uint32_t number = 0; number < aggregate->code->command_count; number++, route++) {
            *route =
                (acti_route){ .table = aggregate->code->commands[number], .aggregate = aggregate, .number = number };
            acti_map_add(&app->routes, &route->node, acta_str_from(&route->table, sizeof route->table));
        }
    }
}

static void *
alloc_zeroed(const acta_app *app, size_t size)
{
    void *block = acti_alloc(app, size);

    if (block != NULL) memset(block, 0, size);
    return block;
}

acta_status
acti_aggregates_create(acta_app *app, const acta_app_config *config, acta_error *error)
{
    acti_map_init(&app->routes, &app->environment.allocator, app->hash_seed);
    app->aggregate_count = count_of(config->aggregates);
    if (app->aggregate_count == 0) return ACTA_OK;

    app->aggregates = alloc_zeroed(app, app->aggregate_count * sizeof *app->aggregates);
    bool good = app->aggregates != NULL;
    for (uint32_t i = 0; good && i < app->aggregate_count; i++) {
        good = create_aggregate(app, &app->aggregates[i], config->aggregates[i]);
        app->route_count += config->aggregates[i]->code->command_count;
    }
    if (good && app->route_count > 0) {
        app->routes_in_order = alloc_zeroed(app, app->route_count * sizeof *app->routes_in_order);
        good = app->routes_in_order != NULL;
    }
    if (!good) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the application's tables");
    create_routes(app);
    return ACTA_OK;
}

void
acti_aggregates_destroy(acta_app *app)
{
    for (uint32_t i = 0; app->aggregates != NULL && i < app->aggregate_count; i++)
        acti_names_deinit(&app->aggregates[i].events);
    acti_free(app, app->aggregates, app->aggregate_count * sizeof *app->aggregates);
    acti_free(app, app->routes_in_order, app->route_count * sizeof *app->routes_in_order);
    if (app->routes.allocator != NULL) acti_map_deinit(&app->routes);
}

const acti_route *
acti_route_find(const acta_app *app, const acta_table *command)
{
    acti_map_node *node = acti_map_find(&app->routes, acta_str_from(&command, sizeof command));

    return node != NULL ? ACTI_CONTAINER(node, acti_route, node) : NULL;
}

const acti_aggregate *
acti_aggregate_of_state(const acta_app *app, const acta_table *state)
{
    for (uint32_t i = 0; i < app->aggregate_count; i++)
        if (app->aggregates[i].code->state == state) return &app->aggregates[i];
    return NULL;
}
