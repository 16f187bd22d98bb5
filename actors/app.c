/*
 * Application: what is started, in which order, and stopped in the opposite one.
 *
 *     store, runtime
 *        |
 *     supervisor -> gate, clerk, schedule, readers (one for each handler, projection, process manager)
 *
 *     aggregates and instances of process managers: started on demand under the names of their streams, never restarted
 *     (the next command, or event, starts the next incarnation)
 *
 * Stop: no new commands; those under way end; readers leave a last checkpoint; what is queued is committed.
 */
#include "acta/memory_engine.h"
#include "acta/thread.h"

#include "personal.h"
#include "reader_rebuild.h"
#include "row_index.h"
#include "reader.h"
#include "schedule.h"
#include "counters.h"
#include "inline.h"
#include "stages.h"
#include "span.h"

static const acta_backoff restart_backoff = { .first_at_once = true };

static void
app_free(acta_app *app)
{
    if (app == NULL) return;
    acta_allocator allocator = app->environment.allocator;

    acti_readers_destroy(app);
    acti_row_shares_free(app);
    acti_inlines_destroy(app);
    acti_aggregates_destroy(app);
    acti_personal_stop(app);
    acti_olds_destroy(app);
    acti_modules_destroy(app);
    acti_stages_destroy(&allocator, app->stages);
    acti_counters_destroy(&allocator, app->counters);
    acta_spares_destroy(app->spares);
    if (app->name != NULL) allocator.free(allocator.user, app->name, strlen(app->name) + 1);
    allocator.free(allocator.user, app, sizeof *app);
}

static acta_status
app_create(const acta_app_config *config, acta_app **app_out, acta_error *error)
{
    acta_environment environment = acta_environment_or_default(config->environment);
    const char *name = config->name != NULL ? config->name : "acta";
    acta_app *app = environment.allocator.alloc(environment.allocator.user, sizeof *app);
    if (app == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to start '%s'", name);

    memset(app, 0, sizeof *app);
    app->self = app;
    app->history.app = app;
    app->environment = environment;
    app->manual = config->runtime.manual;
    atomic_init(&app->schedule_next_us, INT64_MIN);
    app->conflict_retry_max =
        config->conflict_retry_max != 0 ? config->conflict_retry_max : ACTI_CONFLICT_RETRY_DEFAULT;
    app->rehydration_max = config->rehydration_max != 0 ? config->rehydration_max : ACTI_REHYDRATION_DEFAULT;
    app->retention_ms =
        config->command_id_retention_ms != 0 ? config->command_id_retention_ms : ACTI_RETENTION_DEFAULT_MS;
    app->audit = config->audit;
    if (app->audit.retention_ms == 0) app->audit.retention_ms = ACTI_AUDIT_DEFAULT_MS;
    app->commands_max = config->commands_max != 0 ? config->commands_max : ACTI_COMMANDS_DEFAULT;
    app->middleware = config->middleware;
    while (app->middleware != NULL && app->middleware[app->middleware_count] != NULL)
        app->middleware_count++;
    if (config->dispatch_defaults != NULL) app->defaults = *config->dispatch_defaults;
    app->aggregate_memory_bytes =
        config->aggregate_memory_bytes != 0 ? config->aggregate_memory_bytes : ACTI_AGGREGATE_MEMORY_DEFAULT;
    environment.random.fill(environment.random.user, &app->id_base, sizeof app->id_base);
    environment.random.fill(environment.random.user, &app->hash_seed, sizeof app->hash_seed);
    app->name = acti_alloc(app, strlen(name) + 1);
    app->stages = acti_stages_create(&environment.allocator, config->stage_every);
    app->counters = acti_counters_create(&environment.allocator);
    acta_status status = ACTA_OK;
    app->spares = acta_spares_create(&environment.allocator, ACTI_SPARES_BYTES);
    app->warm = acta_spares_allocator(app->spares);
    if (app->name != NULL) strcpy(app->name, name);
    if (app->name == NULL || app->stages == NULL || app->counters == NULL || app->spares == NULL)
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to start '%s'", name);
    if (status == ACTA_OK) status = acti_modules_create(app, config, error);
    if (status == ACTA_OK) status = acti_aggregates_create(app, config, error);
    if (status == ACTA_OK) status = acti_inlines_create(app, config, error);
    if (status == ACTA_OK) status = acti_readers_create(app, config, error);
    if (status == ACTA_OK && app->defaults.wait_for != NULL)
        status = acti_wait_for_check(app, app->defaults.wait_for, error);
    if (status != ACTA_OK) {
        app_free(app);
        return status;
    }
    *app_out = app;
    return ACTA_OK;
}

/* -- store and runtime -- */

static void
say_degraded(const acta_app *app, const char *why)
{
    acta_log_event(&app->environment, ACTA_LOG_WARNING, "app.starts_degraded",
        ACTA_LOG_FIELDS(acta_log_text("app", acta_str_of(app->name)), acta_log_text("error", acta_str_of(why))),
        "application '%s' starts degraded: it answers what is asked, and takes no commands: %.300s", app->name, why);
}

/* One that can't be written is opened to read. `why` says what stands against more, and stays when that can't be, either. */
static acta_status
open_to_read(acta_app *app, acta_store_config *store, const acta_error *why)
{
    store->read_only = true;
    if (acta_store_open(store, &app->store, NULL) != ACTA_OK) return why->status;
    say_degraded(app, why->text);
    return ACTA_OK;
}

static acta_status
open_store(acta_app *app, const acta_app_config *config, acta_error *error)
{
    acta_store_config store = config->store;
    acta_error own;

    if (error == NULL) error = &own;
    if (config->data_path != NULL) store.path = config->data_path;
    store.environment = &app->environment;
    store.manual = app->manual;
    acta_status status = acta_store_open(&store, &app->store, error);
    /* An engine that was given is gone with the first attempt. */
    if (status == ACTA_READ_ONLY && !store.read_only && store.engine == NULL) status = open_to_read(app, &store, error);
    app->only_reads = store.read_only;
    if (status == ACTA_OK) status = acti_schemas_join(app, config, error);
    if (status == ACTA_OK) status = acti_readers_join(app, error);
    if (status == ACTA_OK) status = acti_rebuilds_join(app, error);
    if (status == ACTA_OK) status = acti_indexes_join(app, error);
    if (status == ACTA_OK) status = acti_personal_start(app, config, error);
    return status == ACTA_OK ? acti_inlines_join(app, error) : status;
}

static bool
step_store(void *user)
{
    const acta_app *app = user;
    return acta_store_step(app->store);
}

static bool
help_store(void *user)
{
    const acta_app *app = user;
    return acta_store_help(app->store);
}

static acta_status
create_runtime(acta_app *app, const acta_app_config *config, acta_error *error)
{
    acta_runtime_config runtime = config->runtime;

    if (runtime.name == NULL) runtime.name = app->name;
    runtime.environment = &app->environment;
    if (app->manual && runtime.driver.idle == NULL) {
        runtime.driver.idle = step_store;
        runtime.driver.user = app;
        runtime.driver.choose = NULL;
    }
    acta_status status = acta_runtime_create(&runtime, &app->runtime, error);
    if (status == ACTA_OK) acta_runtime_set_helper(app->runtime, help_store, app);
    return status;
}

static acta_status
start_tree(acta_app *app, const acta_app_config *config, acta_error *error)
{
    uint32_t count = app->reader_count + 3 + (config->tree != NULL);
    acta_child_spec *specs = acti_alloc(app, count * sizeof *specs);
    if (specs == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to start '%s'", app->name);

    specs[0] = acti_gate_spec(app);
    specs[1] = acti_clerk_spec(app);
    specs[2] = acti_schedule_spec(app);
    for (uint32_t i = 0; i < app->reader_count; i++)
        specs[i + 3] = acti_reader_spec(&app->readers[i]);
    if (config->tree != NULL)
        specs[count - 1] =
            (acta_child_spec){ .id = "tree", .type = ACTA_SUPERVISOR, .start = { .argument = config->tree } };
    /* Whatever a reader meets, it comes back, and the others never hear of it. */
    acta_supervisor_options options = {
        .intensity = UINT32_MAX, .backoff = restart_backoff, .children = specs, .child_count = count
    };
    acta_status status = acta_supervisor_start(app->runtime, &options, &app->tree, error);
    acti_free(app, specs, count * sizeof *specs);
    return status;
}

/* -- life -- */

/* The runtime has stopped: everything goes. The store first, for its completions still send messages. */
static void
tear_down(acta_app *app, uint64_t deadline_ns)
{
    acti_readers_release(app);
    acti_schedule_conclude_all(app);
    acta_store_close(app->store);
    acta_runtime_destroy(app->runtime);
    acti_tracer_close(app, acti_left_ms(app, deadline_ns));
    app_free(app);
}

acta_status
acta_app_start(const acta_app_config *config, acta_app **app_out, acta_error *error)
{
    acta_app *app = NULL;
    acta_status status = acti_config_check(config, error);
    if (status == ACTA_OK) status = app_create(config, &app, error);
    if (status != ACTA_OK) {
        acta_engine_close(config->store.engine); /* which is ours, and no store's yet */
        return status;
    }

    status = open_store(app, config, error);
    if (status == ACTA_OK && config->store.read_only) say_degraded(app, "it was started to read only");
    if (status == ACTA_OK) status = create_runtime(app, config, error);
    if (status == ACTA_OK) status = start_tree(app, config, error);
    if (status == ACTA_OK) status = acti_attachments_start(app, config->data_path, error);
    if (status != ACTA_OK) {
        acti_attachments_stop(app);
        if (app->runtime != NULL) acta_runtime_stop(app->runtime, ACTA_SHUTDOWN_DEFAULT, NULL);
        tear_down(app, 0);
        return status;
    }
    *app_out = app;
    return ACTA_OK;
}

/* -- only to look at -- */

acta_status
acti_app_look(const acta_app_config *given, acta_app **app_out, acta_error *error)
{
    acta_app_config config = *given;
    acta_app *app = NULL;

    config.store.read_only = true;
    config.process_managers = NULL;
    config.event_handlers = NULL;
    config.projections = NULL;
    config.inline_projections = NULL;
    acta_status status = acti_config_check(&config, error);
    if (status == ACTA_OK) status = app_create(&config, &app, error);
    if (status != ACTA_OK) {
        acta_engine_close(config.store.engine); /* which is ours, and no store's yet */
        return status;
    }
    status = open_store(app, &config, error);
    if (status == ACTA_OK)
        *app_out = app;
    else
        acti_app_look_end(app);
    return status;
}

void
acti_app_look_end(acta_app *app)
{
    acta_store_close(app->store);
    app_free(app);
}

/* -- the end -- */

acta_status
acta_app_stop(acta_app *app, uint32_t timeout_ms, acta_error *error)
{
    if (app == NULL) return ACTA_OK;
    if (acta_runtime_is_inside(app->runtime))
        return acta_error_set(
            error, ACTA_CALLING_SELF, "cannot stop application '%s' from inside one of its actors", app->name);
    uint64_t deadline_ns = timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(app) + timeout_ms * UINT64_C(1000000);
    acta_error drained, stopped;

    /* Relaxed: a wish, for those that attachments wait for. */
    atomic_store_explicit(&app->ends_rebuilds, true, memory_order_relaxed);
    acti_attachments_stop(app);
    /* seq_cst: a rebuild that begins sees it, or we see that; acquire: it touches nothing any more. */
    atomic_store_explicit(&app->stopping, true, memory_order_seq_cst);
    while (atomic_load_explicit(&app->rebuilds_open, memory_order_seq_cst) > 0)
        acti_clerk_ask(app, ACTI_TAG_NAP, 1, timeout_ms, NULL);
    acta_status drain = acti_clerk_ask(app, ACTI_TAG_DRAIN, 0, timeout_ms, &drained);
    acta_status status = acta_runtime_stop(app->runtime, acti_left_ms(app, deadline_ns), &stopped);
    if (status != ACTA_OK)
        acta_error_set(error, status, "application '%s': %s", app->name, stopped.text);
    else if (drain == ACTA_TIMEOUT)
        status = acta_error_set(error, ACTA_TIMEOUT, "application '%s': %" PRId64 " commands did not end in time",
            app->name, atomic_load_explicit(&app->commands_open, memory_order_relaxed));
    while (!acti_app_is_left(app)) /* the runtime lets nobody wait any more: they end */
        acta_thread_pause(1);
    acti_inlines_leave(app);
    tear_down(app, deadline_ns);
    return status;
}

void
acta_app_abandon(acta_app *app)
{
    if (app == NULL) return;
    ACTI_ASSERT(app->manual);

    atomic_store_explicit(&app->stopping, true, memory_order_relaxed); /* one thread */
    atomic_store_explicit(&app->abandoned, true, memory_order_relaxed);
    acta_runtime_abandon(app->runtime);
    acti_submits_drop(app);
    acti_readers_release(app);
    acti_schedule_conclude_all(app);
    acta_store_abandon(app->store);
    acta_runtime_destroy(app->runtime);
    acti_tracer_close(app, 0);
    app_free(app);
}

acta_status
acta_app_settle(acta_app *app, uint32_t timeout_ms, acta_error *error)
{
    ACTI_IN_CALL(app);
    acta_status status = acti_clerk_ask(app, ACTI_TAG_SETTLE, 0, timeout_ms, error);

    if (status != ACTA_TIMEOUT) return status;
    return acti_app_settled(app, error); /* who is behind; or it was the last moment */
}

const char *
acta_app_name(const acta_app *app)
{
    return app->name;
}

bool
acta_app_only_reads(const acta_app *app)
{
    return app->only_reads;
}

acta_store *
acta_app_store(acta_app *app)
{
    return app->store;
}

acta_runtime *
acta_app_runtime(acta_app *app)
{
    return app->runtime;
}

acta_pid
acta_app_tree(const acta_app *app)
{
    return app->tree;
}
