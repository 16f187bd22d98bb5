/*
 * Structs of typed functions: for each aggregate, each process manager, and for the schema one of event handlers and one
 * of projections; and the code that leads from an event's number to the function, decoding on the way.
 */
#include "internal.h"

#include <string.h>

static const char *
macro_of(const acti_model *m, const acti_table *of, acti_arena *arena)
{
    return arena_format(arena, "%s%s", m->macro, upper_snake(of->is.name, arena));
}

/* A member that is a function pointer. */
static void
put_pointer(
    FILE *out, const char *result, const char *name, const char *const *parameters, uint32_t count, acti_arena *arena)
{
    put_list(out, 4, arena_format(arena, "%s (*%s)(", result, name), parameters, count, ") ACTA_ZERO;\n");
}

/* #define MACRO(...): in C an initialiser, in C++ a constant made from the settings. */
static void
put_macro(FILE *out, const char *macro, const char *c, const char *name_of_struct, const char *maker, const char *code,
    acti_arena *arena)
{
    const char *head = arena_format(arena, "#define %s(...)", macro);
    const char *call = arena_format(arena, "    acta_generated::%s<%s>(", maker, name_of_struct);
    const char *arguments = arena_format(arena, "&%s, %s_settings{ __VA_ARGS__ })", code, c);

    fputs("#ifdef __cplusplus\n", out);
    put_macro_line(out, head);
    if (strlen(call) + strlen(arguments) <= 120) {
        fprintf(out, "%s%s\n", call, arguments);
    } else {
        put_macro_line(out, call);
        fprintf(out, "        %s\n", arguments);
    }
    fputs("#else\n", out);
    put_macro_line(out, head);
    put_macro_line(out, "    {");
    put_macro_line(out, arena_format(arena, "        .code = &%s, __VA_ARGS__", code));
    fputs("    }\n#endif\n\n", out);
}

/* The first line of a function: its generated struct, of which it was given the base. */
static void
put_self(FILE *out, const char *name_of_struct, const char *name, const char *base, acti_arena *arena)
{
    put_assignment(out, arena_format(arena, "const %s *%s =", name_of_struct, name),
        arena_format(arena, "(const %s *)%s", name_of_struct, base));
    fputc('\n', out);
}

/* -- aggregates -- */

/* Members before_execute and lifespan. */
static void
put_checks(const char *c, FILE *out, acti_arena *arena)
{
    const char *state = arena_format(arena, "const %s *state", c);
    const char *before[] = { state, "acta_decision *decision" };
    const char *after[] = { state, "const acta_lifespan_after *after" };

    put_pointer(out, "acta_verdict", "before_execute", before, 2, arena);
    put_pointer(out, "uint32_t", "lifespan", after, 2, arena);
}

static void
put_aggregate_header(const acti_model *m, const acti_table *state, FILE *out, acti_arena *arena)
{
    const char *c = state->is.c_name;
    const acti_table *t = NULL;

    fprintf(out, "typedef struct %s_execute {\n", c);
    while ((t = model_next(m, t, ROLE_COMMAND, state->is.name)) != NULL) {
        const char *parameters[] = { arena_format(arena, "const %s *state", c),
            arena_format(arena, "%s command", t->is.c_name), "acta_decision *decision" };
        put_pointer(out, "acta_verdict", t->is.name, parameters, 3, arena);
    }
    fprintf(out, "} %s_execute;\n\ntypedef struct %s_apply {\n", c, c);
    while ((t = model_next(m, t, ROLE_EVENT, state->is.name)) != NULL) {
        const char *parameters[] = { arena_format(arena, "%s *state", c), arena_format(arena, "%s event", t->is.c_name),
            "acta_memory *memory" };
        put_pointer(out, "void", t->is.name, parameters, 3, arena);
    }
    fprintf(out, "} %s_apply;\n\n", c);

    fprintf(out,
        "/* The aggregate %s; fill it with %s(.execute = …, .apply = …, and what acta/aggregate.h tells). */\n",
        state->is.name, macro_of(m, state, arena));
    fprintf(out, "typedef struct %s_aggregate {\n    ACTA_AGGREGATE_BASE;\n", c);
    fprintf(out, "    %s_execute execute;\n    %s_apply apply;\n", c, c);
    put_checks(c, out, arena);
    fprintf(out, "} %s_aggregate;\n", c);
    fprintf(out, "extern const acta_aggregate_code %s_code;\n\n", c);

    fprintf(out, "typedef struct %s_settings {\n    %s_execute execute ACTA_ZERO;\n    %s_apply apply ACTA_ZERO;\n", c,
        c, c);
    fputs("    uint32_t snapshot_every ACTA_ZERO;\n    uint32_t idle_timeout_ms ACTA_ZERO;\n"
          "    uint32_t snapshot_version ACTA_ZERO;\n",
        out);
    put_checks(c, out, arena);
    fprintf(out, "} %s_settings;\n", c);
    put_macro(out, macro_of(m, state, arena), c, arena_format(arena, "%s_aggregate", c), "aggregate",
        arena_format(arena, "%s_code", c), arena);

    fprintf(out, "/* For .apply, of events that change nothing in the state. */\n");
    while ((t = model_next(m, t, ROLE_EVENT, state->is.name)) != NULL) {
        const char *parameters[] = { arena_format(arena, "%s *state", c), arena_format(arena, "%s event", t->is.c_name),
            "acta_memory *memory" };
        put_list(out, 0, arena_format(arena, "void %s_ignore_%s(", c, t->is.name), parameters, 3, ");\n");
    }
    fputc('\n', out);
}

/* Of an aggregate; without one, of all events that readers may take. */
static const acti_table *
next_of(const acti_model *m, const acti_table *after, acti_role role, const char *owner)
{
    return owner != NULL ? model_next(m, after, role, owner) : model_next_event(m, after);
}

/* static const acta_table *const NAME_events[] = { … }; */
static void
put_table_list(const acti_model *m, acti_role role, const char *owner, const char *name, FILE *out)
{
    const acti_table *t = NULL;

    fprintf(out, "static const acta_table *const %s[] = {\n", name);
    while ((t = next_of(m, t, role, owner)) != NULL)
        fprintf(out, "    &%s_table,\n", t->is.c_name);
    fputs("};\n\n", out);
}

/* A switch over the numbers of events or commands: MACRO(number, type, target + name + ending) each. */
static void
put_cases(const acti_model *m, acti_role role, const char *owner, const char *macro, const char *target,
    const char *ending, FILE *out, acti_arena *arena)
{
    const acti_table *t = NULL;
    uint32_t number = 0;

    fputs("    switch (number) {\n", out);
    while ((t = next_of(m, t, role, owner)) != NULL) {
        const char *items[] = { arena_format(arena, "%u", number++), t->is.c_name,
            arena_format(arena, "%s%s%s", target, t->is.name, ending) };
        put_list(out, 8, arena_format(arena, "%s(", macro), items, 3, ")\n");
    }
    fputs("    }\n", out);
}

/* if (self->group.name == NULL) return "group.name"; */
static void
put_missing_line(const char *group, const acti_table *of, FILE *out)
{
    size_t width = strlen("    if (self->. == NULL) return \".\";") + 2 * (strlen(group) + strlen(of->is.name));
    const char *separator = width <= 120 ? " " : "\n        ";
    fprintf(
        out, "    if (self->%s.%s == NULL)%sreturn \"%s.%s\";\n", group, of->is.name, separator, group, of->is.name);
}

static void
put_aggregate_missing(const acti_model *m, const acti_table *state, FILE *out, acti_arena *arena)
{
    const acti_table *t = NULL;
    const char *c = state->is.c_name;

    fprintf(out, "static const char *\n%s_missing(const acta_aggregate *base)\n{\n", c);
    put_self(out, arena_format(arena, "%s_aggregate", c), "self", "base", arena);
    while ((t = model_next(m, t, ROLE_COMMAND, state->is.name)) != NULL)
        put_missing_line("execute", t, out);
    while ((t = model_next(m, t, ROLE_EVENT, state->is.name)) != NULL)
        put_missing_line("apply", t, out);
    fputs("    return NULL;\n}\n\n", out);
}

static uint32_t
count_of(const acti_model *m, acti_role role, const acti_table *state)
{
    uint32_t count = 0;
    for (const acti_table *t = NULL; (t = model_next(m, t, role, state->is.name)) != NULL;)
        count++;
    return count;
}

static void
put_aggregate_source(const acti_model *m, const acti_table *state, FILE *out, acti_arena *arena)
{
    const char *c = state->is.c_name;
    const acti_table *t = NULL;

    while ((t = model_next(m, t, ROLE_EVENT, state->is.name)) != NULL) {
        const char *parameters[] = { arena_format(arena, "%s *state", c), arena_format(arena, "%s event", t->is.c_name),
            "acta_memory *memory" };
        fputs("void\n", out);
        put_list(out, 0, arena_format(arena, "%s_ignore_%s(", c, t->is.name), parameters, 3, ")\n");
        fputs("{\n    (void)state, (void)event, (void)memory;\n}\n\n", out);
    }

    put_table_list(m, ROLE_COMMAND, state->is.name, arena_format(arena, "%s_commands", c), out);
    put_table_list(m, ROLE_EVENT, state->is.name, arena_format(arena, "%s_events", c), out);
    const char *execute[] = { "const acta_aggregate *base", "uint32_t number", "const void *state", "acta_bytes buffer",
        "acta_decision *decision" };
    fputs("static acta_verdict\n", out);
    put_list(out, 0, arena_format(arena, "%s_any_execute(", c), execute, 5, ")\n");
    fputs("{\n", out);
    put_self(out, arena_format(arena, "%s_aggregate", c), "self", "base", arena);
    fputs("    ACTA_BEFORE_EXECUTE(self);\n", out);
    put_cases(m, ROLE_COMMAND, state->is.name, "ACTA_EXECUTE_CASE", "self->execute.", "", out, arena);
    fputs("    return (acta_verdict){ .status = ACTA_INVALID }; /* no such command */\n}\n\n", out);

    const char *apply[] = { "const acta_aggregate *base", "uint32_t number", "void *state", "acta_bytes buffer",
        "acta_memory *memory" };
    fputs("static void\n", out);
    put_list(out, 0, arena_format(arena, "%s_any_apply(", c), apply, 5, ")\n");
    fputs("{\n", out);
    put_self(out, arena_format(arena, "%s_aggregate", c), "self", "base", arena);
    put_cases(m, ROLE_EVENT, state->is.name, "ACTA_APPLY_CASE", "self->apply.", "", out, arena);
    fputs("}\n\n", out);

    const char *lifespan[] = { "const acta_aggregate *base", "const void *state", "const acta_lifespan_after *after" };
    fputs("static uint32_t\n", out);
    put_list(out, 0, arena_format(arena, "%s_any_lifespan(", c), lifespan, 3, ")\n");
    fputs("{\n", out);
    put_self(out, arena_format(arena, "%s_aggregate", c), "self", "base", arena);
    fputs("    return self->lifespan != NULL ? self->lifespan(state, after) : ACTA_LIFESPAN_DEFAULT;\n}\n\n", out);

    put_aggregate_missing(m, state, out, arena);
    fprintf(out, "const acta_aggregate_code %s_code = {\n    .name = \"%s\",\n    .stream_prefix = \"%s\",\n", c,
        state->is.name, stream_prefix(m, state, arena));
    fprintf(out, "    .state = &%s_table,\n", c);
    fprintf(out, "    .commands = %s_commands,\n    .command_count = %u,\n", c, count_of(m, ROLE_COMMAND, state));
    fprintf(out, "    .events = %s_events,\n    .event_count = %u,\n", c, count_of(m, ROLE_EVENT, state));
    fprintf(out, "    .execute = %s_any_execute,\n    .apply = %s_any_apply,\n    .missing = %s_missing,\n", c, c, c);
    fprintf(out, "    .lifespan = %s_any_lifespan,\n};\n\n", c);
}

/* -- process managers -- */

static void
put_route_struct(const acti_table *manager, const acti_table *event, FILE *out, acti_arena *arena)
{
    const char *event_parameter = arena_format(arena, "%s event", event->is.c_name);
    const char *handle[] = { arena_format(arena, "const %s *state", manager->is.c_name), event_parameter,
        "acta_commands *commands" };
    const char *apply[] = { arena_format(arena, "%s *state", manager->is.c_name), event_parameter,
        "acta_memory *memory" };
    const char *event_view = arena_format(arena, "const %s *event", event->is.c_name);
    const char *route[] = { event_view, "acta_routing *routing" };
    const char *associate[] = { event_view, "acta_associations *associations" };
    static const char *const routes[] = { "start", "start_strict", "go_on", "go_on_strict", "stop" };

    fprintf(out, "typedef struct %s_on_%s {\n", manager->is.c_name, event->is.name);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        put_pointer(out, "acta_str", routes[i], &event_view, 1, arena);
    put_pointer(out, "void", "route", route, 2, arena);
    put_pointer(out, "void", "associate", associate, 2, arena);
    put_pointer(out, "void", "handle", handle, 3, arena);
    put_pointer(out, "void", "apply", apply, 3, arena);
    fprintf(out, "} %s_on_%s;\n\n", manager->is.c_name, event->is.name);
}

static void
put_manager_header(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *c = of->is.c_name;
    const char *state = arena_format(arena, "const %s *state", c);
    const char *error[] = { state, "const acta_failure *failure", "acta_commands *commands" };
    const char *event_error[] = { "const acta_unhandled *failure", "acta_unhandled_retry *retry" };
    const char *after_command[] = { state, "const acta_accepted *accepted" };
    const acti_table *t = NULL;

    while ((t = model_next_event(m, t)) != NULL)
        put_route_struct(of, t, out, arena);
    fprintf(out, "typedef struct %s_on {\n", c);
    while ((t = model_next_event(m, t)) != NULL)
        fprintf(out, "    %s_on_%s %s ACTA_ZERO;\n", c, t->is.name, t->is.name);
    fprintf(out, "} %s_on;\n\n", c);

    fprintf(out,
        "/* The process manager %s; fill it with %s(.on = …, .error, .event_error, .after_command, .name, .retry_max,\n"
        " * .idle_timeout_ms, .event_timeout_ms, .start_from, .keep_story, .then). */\n",
        of->is.name, macro_of(m, of, arena));
    fprintf(out, "typedef struct %s_process_manager {\n    ACTA_PROCESS_MANAGER_BASE;\n    %s_on on;\n", c, c);
    put_list(out, 4, "acta_failure_action (*error)(", error, 3, ");\n");
    put_list(out, 4, "acta_unhandled_action (*event_error)(", event_error, 2, ");\n");
    put_list(out, 4, "acta_after_command (*after_command)(", after_command, 2, ");\n");
    fprintf(out, "} %s_process_manager;\nextern const acta_process_manager_code %s_code;\n\n", c, c);

    fprintf(out, "typedef struct %s_settings {\n    %s_on on ACTA_ZERO;\n", c, c);
    put_pointer(out, "acta_failure_action", "error", error, 3, arena);
    put_pointer(out, "acta_unhandled_action", "event_error", event_error, 2, arena);
    put_pointer(out, "acta_after_command", "after_command", after_command, 2, arena);
    fputs("    const char *name ACTA_ZERO;\n    uint32_t retry_max ACTA_ZERO;\n", out);
    fputs("    uint32_t idle_timeout_ms ACTA_ZERO;\n    uint32_t event_timeout_ms ACTA_ZERO;\n", out);
    fputs("    acta_start_from start_from ACTA_ZERO;\n    bool keep_story ACTA_ZERO;\n", out);
    fprintf(out, "    acta_failure_then then ACTA_ZERO;\n} %s_settings;\n", c);
    put_macro(out, macro_of(m, of, arena), c, arena_format(arena, "%s_process_manager", c), "process_manager",
        arena_format(arena, "%s_code", c), arena);
}

/* The head of one function of a code struct; `body` follows. */
static void
put_manager_function(const acti_table *of, const char *result, const char *name, const char *const *parameters,
    uint32_t count, FILE *out, acti_arena *arena)
{
    const char *c = of->is.c_name;

    fprintf(out, "static %s\n", result);
    put_list(out, 0, arena_format(arena, "%s_any_%s(", c, name), parameters, count, ")\n");
    fputs("{\n", out);
    put_self(out, arena_format(arena, "%s_process_manager", c), "self", "base", arena);
}

/* A switch over the events' numbers that returns an expression of each, and the function's end. */
static void
put_event_answers(const acti_model *m, const char *before, const char *behind, FILE *out)
{
    const acti_table *t = NULL;
    uint32_t number = 0;

    fputs("    switch (number) {\n", out);
    while ((t = model_next_event(m, t)) != NULL)
        fprintf(out, "    case %u:\n        return %sself->on.%s%s;\n", number++, before, t->is.name, behind);
    fputs("    }\n    return false;\n}\n\n", out);
}

static void
put_manager_routes(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *route[] = { "const acta_process_manager *base", "uint32_t number", "acta_bytes buffer",
        "acta_routing *routing" };
    const char *associate[] = { "const acta_process_manager *base", "uint32_t number", "acta_bytes buffer",
        "acta_associations *associations" };
    const char *of_number[] = { "const acta_process_manager *base", "uint32_t number" };

    put_manager_function(of, "void", "route", route, 4, out, arena);
    put_cases(m, ROLE_EVENT, NULL, "ACTA_ROUTE_CASE", "self->on.", "", out, arena);
    fputs("}\n\n", out);
    put_manager_function(of, "void", "associate", associate, 4, out, arena);
    put_cases(m, ROLE_EVENT, NULL, "ACTA_ASSOCIATE_CASE", "self->on.", ".associate", out, arena);
    fputs("}\n\n", out);

    put_manager_function(of, "bool", "interested", of_number, 2, out, arena);
    put_event_answers(m, "ACTA_IS_ROUTED(", ")", out);
    put_manager_function(of, "bool", "associates", of_number, 2, out, arena);
    put_event_answers(m, "", ".associate != NULL", out);
}

static void
put_manager_actions(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *handle[] = { "const acta_process_manager *base", "uint32_t number", "const void *state",
        "acta_bytes buffer", "acta_commands *commands" };
    const char *apply[] = { "const acta_process_manager *base", "uint32_t number", "void *state", "acta_bytes buffer",
        "acta_memory *memory" };
    const char *error[] = { "const acta_process_manager *base", "const void *state", "const acta_failure *failure",
        "acta_commands *commands", "acta_failure_action *action_out" };
    const char *event_error[] = { "const acta_process_manager *base", "const acta_unhandled *failure",
        "acta_unhandled_retry *retry", "acta_unhandled_action *action_out" };
    const char *after_command[] = { "const acta_process_manager *base", "const void *state",
        "const acta_accepted *accepted" };
    const acti_table *t = NULL;

    const struct {
        const char *name;
        const char *macro;
        const char *const *parameters;
    } actions[] = { { "handle", "ACTA_HANDLE_CASE", handle }, { "apply", "ACTA_APPLY_CASE", apply } };
    for (size_t i = 0; i < 2; i++) {
        put_manager_function(of, "void", actions[i].name, actions[i].parameters, 5, out, arena);
        put_cases(m, ROLE_EVENT, NULL, actions[i].macro, "self->on.", arena_format(arena, ".%s", actions[i].name), out,
            arena);
        fputs("}\n\n", out);
    }

    put_manager_function(of, "bool", "error", error, 5, out, arena);
    fputs("    if (self->error == NULL) return false;\n", out);
    fputs("    *action_out = self->error(state, failure, commands);\n    return true;\n}\n\n", out);
    put_manager_function(of, "bool", "event_error", event_error, 4, out, arena);
    fputs("    if (self->event_error == NULL) return false;\n", out);
    fputs("    *action_out = self->event_error(failure, retry);\n    return true;\n}\n\n", out);
    put_manager_function(of, "acta_after_command", "after_command", after_command, 3, out, arena);
    fputs(
        "    return self->after_command != NULL ? self->after_command(state, accepted) : ACTA_AFTER_CONTINUE;\n", out);
    fputs("}\n\n", out);

    const char *missing[] = { "const acta_process_manager *base" };
    put_manager_function(of, "const char *", "missing", missing, 1, out, arena);
    fputs("    bool routed = false;\n\n", out);
    while ((t = model_next_event(m, t)) != NULL)
        fprintf(out, "    ACTA_ROUTE_CHECK(self->on, %s);\n", t->is.name);
    fputs("    return routed ? NULL : \"on: no event is routed\";\n}\n\n", out);
}

static void
put_manager_source(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *c = of->is.c_name;

    put_manager_routes(m, of, out, arena);
    put_manager_actions(m, of, out, arena);
    fprintf(out, "const acta_process_manager_code %s_code = {\n    .name = \"%s\",\n    .state = &%s_table,\n", c,
        of->is.name, c);
    fputs("    .events = events,\n    .event_count = sizeof events / sizeof events[0],\n", out);
    static const char *const functions[] = { "route", "associates", "associate", "interested", "handle", "apply",
        "error", "event_error", "after_command", "missing" };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        fprintf(out, "    .%s = %s_any_%s,\n", functions[i], c, functions[i]);
    fputs("};\n\n", out);
}

/* -- event handlers and projections: one of each a schema -- */

typedef struct reader_kind {
    const char *type;   /* bank_event_handler, and acta_event_handler below it */
    const char *on;     /* bank_on_event: the struct of function pointers */
    const char *macro;  /* BANK_EVENT_HANDLER */
    const char *base;   /* ACTA_EVENT_HANDLER_BASE */
    const char *a_case; /* ACTA_EVENT_HANDLER_CASE */
    bool has_rows;
} reader_kind;

static const reader_kind kinds[] = {
    { "event_handler", "on_event", "EVENT_HANDLER", "ACTA_EVENT_HANDLER_BASE", "ACTA_EVENT_HANDLER_CASE", false },
    { "projection", "on_projected", "PROJECTION", "ACTA_PROJECTION_BASE", "ACTA_PROJECTION_CASE", true },
};

static void
put_reader_header(const acti_model *m, const reader_kind *kind, FILE *out, acti_arena *arena)
{
    const char *c = arena_format(arena, "%s%s", m->prefix, kind->type);
    const char *macro = arena_format(arena, "%s%s", m->macro, kind->macro);
    const acti_table *t = NULL;

    fprintf(out, "typedef struct %s%s {\n", m->prefix, kind->on);
    while ((t = model_next_event(m, t)) != NULL) {
        const char *parameters[5] = { "void *user", arena_format(arena, "%s event", t->is.c_name),
            "const acta_recorded *recorded" };
        uint32_t count = 3;
        if (kind->has_rows) parameters[count++] = "acta_rows *rows";
        parameters[count++] = "acta_error *error";
        put_pointer(out, "acta_status", t->is.name, parameters, count, arena);
    }
    fprintf(out, "} %s%s;\n\n/* ", m->prefix, kind->on);
    if (kind->has_rows)
        fprintf(out,
            "A projection; fill it with %s(.name = …, .user, .on = …, .window, .retry_max, .database, .options). */\n",
            macro);
    else
        fprintf(out,
            "An event handler; fill it with %s(.name = …, .user, .on = …, .start_from, .window, .retry_max, .options). "
            "*/\n",
            macro);
    fprintf(out, "typedef struct %s {\n    %s;\n    %s%s on;\n} %s;\n", c, kind->base, m->prefix, kind->on, c);
    fprintf(out, "extern const acta_%s_code %s_code;\n\n", kind->type, c);

    fprintf(out, "typedef struct %s_settings {\n    const char *name ACTA_ZERO;\n    void *user ACTA_ZERO;\n", c);
    fprintf(out, "    %s%s on ACTA_ZERO;\n", m->prefix, kind->on);
    if (!kind->has_rows) fputs("    acta_start_from start_from ACTA_ZERO;\n", out);
    fputs("    uint32_t window ACTA_ZERO;\n    uint32_t retry_max ACTA_ZERO;\n", out);
    if (kind->has_rows) fputs("    const acta_database *database ACTA_ZERO;\n", out);
    fprintf(out, "    const acta_reader_options *options ACTA_ZERO;\n} %s_settings;\n", c);
    put_macro(out, macro, c, c, kind->type, arena_format(arena, "%s_code", c), arena);
}

static void
put_reader_source(const acti_model *m, const reader_kind *kind, FILE *out, acti_arena *arena)
{
    const char *c = arena_format(arena, "%s%s", m->prefix, kind->type);
    const char *self = arena_format(arena, "const acta_%s *self", kind->type);
    const char *interested[] = { self, "uint32_t number" };
    const char *handle[6] = { self, "uint32_t number", "acta_bytes buffer", "const acta_recorded *recorded" };
    uint32_t count = 4, number = 0;
    const acti_table *t = NULL;

    fputs("static bool\n", out);
    put_list(out, 0, arena_format(arena, "%s_any_interested(", c), interested, 2, ")\n");
    fputs("{\n", out);
    put_self(out, c, "given", "self", arena);
    fputs("    switch (number) {\n", out);
    while ((t = model_next_event(m, t)) != NULL)
        fprintf(out, "    case %u:\n        return given->on.%s != NULL;\n", number++, t->is.name);
    fputs("    }\n    return false;\n}\n\n", out);

    if (kind->has_rows) handle[count++] = "acta_rows *rows";
    handle[count++] = "acta_error *error";
    fputs("static acta_status\n", out);
    put_list(out, 0, arena_format(arena, "%s_any_handle(", c), handle, count, ")\n");
    fputs("{\n", out);
    put_self(out, c, "given", "self", arena);
    put_cases(m, ROLE_EVENT, NULL, kind->a_case, "given->on.", "", out, arena);
    fputs("    return ACTA_OK;\n}\n\n", out);

    fprintf(out, "const acta_%s_code %s_code = {\n    .events = events,\n", kind->type, c);
    fputs("    .event_count = sizeof events / sizeof events[0],\n", out);
    fprintf(out, "    .interested = %s_any_interested,\n    .handle = %s_any_handle,\n};\n\n", c, c);
}

/* -- all of them -- */

void
put_handlers_header(const acti_model *m, FILE *out, acti_arena *arena)
{
    const acti_table *t = NULL;

    while ((t = model_next(m, t, ROLE_STATE, NULL)) != NULL)
        put_aggregate_header(m, t, out, arena);
    if (model_next_event(m, NULL) == NULL) return;
    while ((t = model_next(m, t, ROLE_PROCESS_MANAGER, NULL)) != NULL)
        put_manager_header(m, t, out, arena);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        put_reader_header(m, &kinds[i], out, arena);
}

void
put_handlers_source(const acti_model *m, FILE *out, acti_arena *arena)
{
    const acti_table *t = NULL;

    while ((t = model_next(m, t, ROLE_STATE, NULL)) != NULL)
        put_aggregate_source(m, t, out, arena);
    if (model_next_event(m, NULL) == NULL) return;
    put_table_list(m, ROLE_EVENT, NULL, "events", out);
    while ((t = model_next(m, t, ROLE_PROCESS_MANAGER, NULL)) != NULL)
        put_manager_source(m, t, out, arena);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        put_reader_source(m, &kinds[i], out, arena);
}
