/*
 * Modules: the schemas of an application, each with its upcasters. One that is given by .schema is the only one.
 *
 *     config.modules:   bank, customers
 *     full names:       "bank.MoneyDeposited" is in one of them
 *     old versions:     0 1 2 | 3 4      numbered through all of them, in their order
 */
#include "internal.h"

/* -- what they must be -- */

static uint32_t
count_of(const acta_app_config *config)
{
    uint32_t count = 0;

    if (config->modules == NULL) return config->schema != NULL;
    while (config->modules[count].schema != NULL)
        count++;
    return count;
}

static acta_module
module_at(const acta_app_config *config, uint32_t number)
{
    if (config->modules != NULL) return config->modules[number];
    return (acta_module){ .schema = config->schema, .upcasters = config->upcasters };
}

static acta_status
check_upcasters(const acta_module *module, acta_error *error)
{
    const acta_upcasters *upcasters = module->upcasters;

    if (upcasters == NULL) return ACTA_OK;
    if (upcasters->code == NULL)
        return acta_error_set(error, ACTA_INVALID, "the upcasters have no code; fill them by their generated macro");
    if (upcasters->code->schema != module->schema)
        return acta_error_set(error, ACTA_INVALID, "the upcasters lead to schema '%s'; set .schema = &%s_schema",
            upcasters->code->schema->name, upcasters->code->schema->name);
    const char *missing = upcasters->code->missing(upcasters);
    if (missing == NULL) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "no upcaster for %s; set .%s, to a function that adds nothing if it is to go", missing, missing);
}

static bool
has_schema(const acta_app_config *config, const char *name)
{
    for (const acta_module *m = config->modules; m->schema != NULL; m++)
        if (strcmp(m->schema->name, name) == 0) return true;
    return false;
}

static acta_status
check_namespaces(const acta_app_config *config, acta_error *error)
{
    for (const acta_module *m = config->modules; m != NULL && m->schema != NULL; m++)
        for (const acta_module *before = config->modules; before != m && before->schema != NULL; before++)
            if (strcmp(before->schema->name, m->schema->name) == 0)
                return acta_error_set(error, ACTA_INVALID,
                    "modules %td and %td both have the namespace '%s', under which the log keeps their events; rename "
                    "one",
                    before - config->modules, m - config->modules, m->schema->name);
    return ACTA_OK;
}

/* What writes events or rows is of a schema that the log is to keep. */
static acta_status
check_members(const acta_app_config *config, acta_error *error)
{
    for (const acta_aggregate *const *a = config->aggregates; a != NULL && *a != NULL; a++) {
        const acta_aggregate_code *code = (*a)->code;
        if (!has_schema(config, code->state->schema->name))
            return acta_error_set(error, ACTA_INVALID,
                "aggregate %s is of schema '%s', which is not among .modules; add { &%s_schema }", code->name,
                code->state->schema->name, code->state->schema->name);
    }
    for (const acta_process_manager *const *m = config->process_managers; m != NULL && *m != NULL; m++) {
        const acta_process_manager_code *code = (*m)->code;
        if (!has_schema(config, code->state->schema->name))
            return acta_error_set(error, ACTA_INVALID,
                "process manager %s is of schema '%s', which is not among .modules; add { &%s_schema }", code->name,
                code->state->schema->name, code->state->schema->name);
    }
    return ACTA_OK;
}

acta_status
acti_modules_check(const acta_app_config *config, acta_error *error)
{
    if (config->modules != NULL && (config->schema != NULL || config->upcasters != NULL))
        return acta_error_set(error, ACTA_INVALID,
            "both .modules and %s are set; .modules has the schemas, each with its upcasters",
            config->schema != NULL ? ".schema" : ".upcasters");
    if (config->schema == NULL && config->upcasters != NULL) { /* which says which schema to set */
        const acta_module none = module_at(config, 0);
        return check_upcasters(&none, error);
    }
    acta_status status = check_namespaces(config, error);
    uint32_t count = count_of(config);
    for (uint32_t i = 0; i < count && status == ACTA_OK; i++) {
        const acta_module module = module_at(config, i);
        status = check_upcasters(&module, error);
    }
    if (status != ACTA_OK) return status;
    return config->modules != NULL ? check_members(config, error) : ACTA_OK;
}

/* -- made and gone -- */

acta_status
acti_modules_create(acta_app *app, const acta_app_config *config, acta_error *error)
{
    uint32_t count = count_of(config);
    if (count == 0) return ACTA_OK;

    app->modules = acti_alloc(app, count * sizeof *app->modules);
    if (app->modules == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the application's schemas");
    app->module_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const acta_module module = module_at(config, i);
        app->modules[i] =
            (acti_module){ .schema = module.schema, .upcasters = module.upcasters, .old_first = app->old_count };
        if (module.upcasters != NULL) app->old_count += module.upcasters->code->old_count;
    }
    return ACTA_OK;
}

void
acti_modules_destroy(acta_app *app)
{
    acti_free(app, app->modules, app->module_count * sizeof *app->modules);
}

/* -- finding -- */

const acti_module *
acti_module_of_old(const acta_app *app, uint32_t number)
{
    const acti_module *found = NULL;

    for (uint32_t i = 0; i < app->module_count && app->modules[i].old_first <= number; i++)
        if (app->modules[i].upcasters != NULL) found = &app->modules[i];
    return found;
}

const acta_table *
acti_old_at(const acta_app *app, uint32_t number)
{
    const acti_module *module = acti_module_of_old(app, number);
    return module->upcasters->code->old[number - module->old_first];
}

const acta_table *
acta_app_table(const acta_app *app, acta_str name)
{
    const acta_table *found = NULL;

    for (uint32_t i = 0; i < app->module_count; i++) {
        const acta_table *table = acta_schema_find(app->modules[i].schema, name);
        if (table == NULL) continue;
        if (acta_str_equal(acta_str_of(table->name), name)) return table;
        if (found != NULL) return NULL; /* which of them? */
        found = table;
    }
    return found;
}

const acta_schema *
acta_app_schema_at(const acta_app *app, uint32_t number)
{
    return number < app->module_count ? app->modules[number].schema : NULL;
}

const acta_schema *
acta_app_schema(const acta_app *app)
{
    return acta_app_schema_at(app, 0);
}
