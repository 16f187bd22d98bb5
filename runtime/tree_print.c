/*
 * Options as text: the other direction of tree_load.c, one line a key.
 *
 * Settings are printed as they are in force, zero as the default that it stands for, so that a text that was printed,
 * loaded and printed again is the same text. What is printed is loaded before it is given out: whatever a text can't
 * tell, or a supervisor would refuse, is found there, and not when somebody needs the text.
 */
#include "tree_internal.h"

#include <inttypes.h>

typedef struct printer {
    acti_page text;
    const acta_tree_registry *registry;
    const acti_tree_remarks *remarks;
    acta_error *error;
    uint32_t depth, child_count; /* a table in C can stand within itself */
} printer;

static void
indent(printer *p, int columns)
{
    acti_page_addf(&p->text, "%*s", columns, "");
}

/* `remark`: a comment behind it, or NULL. */
static acta_status
print_remarked(printer *p, int columns, const char *key, acta_str value, const char *remark)
{
    indent(p, columns);
    acti_page_addf(&p->text, "%s: ", key);
    if (!acti_page_add_scalar(&p->text, value))
        return acta_error_set(
            p->error, ACTA_INVALID, "the %s '%.60s' is no UTF-8, which YAML must be", key, value.data);
    if (remark != NULL) acti_page_addf(&p->text, " # %s", remark);
    acti_page_add(&p->text, acta_str_of("\n"));
    return ACTA_OK;
}

static acta_status
print_text(printer *p, int columns, const char *key, acta_str value)
{
    return print_remarked(p, columns, key, value, NULL);
}

static void
print_number(printer *p, int columns, const char *key, uint64_t value)
{
    indent(p, columns);
    acti_page_addf(&p->text, "%s: %" PRIu64 "\n", key, value);
}

/* A value that is no word is printed as a number, which loading then refuses. */
static void
print_word(printer *p, int columns, const char *key, const acti_word *words, int value)
{
    indent(p, columns);
    while (words->word != NULL && words->value != value)
        words++;
    if (words->word != NULL)
        acti_page_addf(&p->text, "%s: %s\n", key, words->word);
    else
        acti_page_addf(&p->text, "%s: %d\n", key, value);
}

static uint32_t
or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

/* Nothing for the default, or what stands for it. */
static void
print_unless(printer *p, int columns, const char *key, uint32_t value, uint32_t fallback)
{
    if (value != 0 && value != fallback) print_number(p, columns, key, value);
}

/* -- arguments -- */

static uint64_t
get_uint(const void *at, size_t size)
{
    uint8_t as_8;
    uint16_t as_16;
    uint32_t as_32;
    uint64_t as_64;

    switch (size) {
    case 1:
        return memcpy(&as_8, at, size), as_8;
    case 2:
        return memcpy(&as_16, at, size), as_16;
    case 4:
        return memcpy(&as_32, at, size), as_32;
    default:
        return memcpy(&as_64, at, size), as_64;
    }
}

static int64_t
get_int(const void *at, size_t size)
{
    uint64_t sign = UINT64_C(1) << (8 * size - 1);
    return (int64_t)((get_uint(at, size) ^ sign) - sign);
}

static bool
is_zero(const acta_tree_field *field, const char *at)
{
    static const char zero[8];
    const char *string;

    if (field->type == ACTA_TREE_STRING) return memcpy(&string, at, sizeof string), string == NULL;
    return memcmp(at, zero, field->size) == 0;
}

static acta_status
print_field(printer *p, int columns, const acta_tree_field *field, const char *at)
{
    const char *string;

    switch (field->type) {
    case ACTA_TREE_STRING:
        memcpy(&string, at, sizeof string);
        return print_text(p, columns, field->name, acta_str_of(string));
    case ACTA_TREE_BOOL:
        indent(p, columns);
        acti_page_addf(&p->text, "%.150s: %s\n", field->name, is_zero(field, at) ? "false" : "true");
        return ACTA_OK;
    case ACTA_TREE_INT:
        indent(p, columns);
        acti_page_addf(&p->text, "%.150s: %" PRId64 "\n", field->name, get_int(at, field->size));
        return ACTA_OK;
    default:
        print_number(p, columns, field->name, get_uint(at, field->size));
        return ACTA_OK;
    }
}

static acta_status
print_argument(printer *p, int columns, const acta_tree_behaviour *entry, const char *argument)
{
    bool has_line = false;

    for (uint32_t i = 0; i < entry->field_count && argument != NULL; i++) {
        const acta_tree_field *field = &entry->fields[i];
        const char *at = argument + field->offset;
        bool is_absent = field->type == ACTA_TREE_STRING || !field->required;
        if (is_absent && is_zero(field, at)) continue;
        if (!has_line) {
            indent(p, columns);
            acti_page_add(&p->text, acta_str_of("arguments:\n"));
            has_line = true;
        }
        acta_status status = print_field(p, columns + 2, field, at);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

/* -- children -- */

static acta_status print_supervisor(printer *p, int columns, const acta_supervisor_options *options);

static void
print_shutdown(printer *p, int columns, const acta_child_spec *spec)
{
    uint32_t fallback = acti_tree_is_supervisor(spec) ? ACTA_INFINITE : (uint32_t)ACTA_SHUTDOWN_DEFAULT;
    uint32_t ms = or_default(spec->shutdown_ms, fallback);

    if (!spec->brutal_kill && ms != ACTA_INFINITE) {
        print_number(p, columns, "shutdown", ms);
        return;
    }
    indent(p, columns);
    acti_page_addf(&p->text, "shutdown: %s\n", spec->brutal_kill ? "brutal_kill" : "infinity");
}

static acta_status
print_behaviour(printer *p, int columns, const acta_child_spec *spec)
{
    const acta_tree_behaviour *entry = acti_tree_find(p->registry, spec->start.behaviour);
    const acta_behaviour *behaviour = spec->start.behaviour;

    if (entry == NULL)
        return acta_error_set(p->error, ACTA_INVALID, "child '%.60s': its behaviour '%.60s' is not in the registry",
            spec->id, behaviour != NULL && behaviour->name != NULL ? behaviour->name : "");
    acta_status status = print_text(p, columns, "behaviour", acta_str_of(acti_tree_behaviour_name(entry)));
    return status == ACTA_OK ? print_argument(p, columns, entry, spec->start.argument) : status;
}

static acta_status
print_child(printer *p, int columns, const acta_child_spec *spec, const char *remark)
{
    bool is_supervisor = acti_tree_is_supervisor(spec);
    acta_status status = ACTA_OK;

    indent(p, columns);
    acti_page_add(&p->text, acta_str_of("- "));
    if (spec->id == NULL) return acta_error_set(p->error, ACTA_INVALID, "a child has no id");
    status = print_remarked(p, 0, "id", acta_str_of(spec->id), remark);
    columns += 2;
    if (status == ACTA_OK && spec->start.name.data != NULL) status = print_text(p, columns, "name", spec->start.name);
    if (status == ACTA_OK && !is_supervisor) status = print_behaviour(p, columns, spec);
    if (status != ACTA_OK) return status;
    print_word(p, columns, "restart", acti_tree_restarts, (int)spec->restart);
    print_shutdown(p, columns, spec);
    if (spec->significant) print_word(p, columns, "significant", (acti_word[]){ { "true", 1 }, { NULL, 0 } }, 1);
    print_unless(p, columns, "mailbox_count_max", spec->start.mailbox_count_max, ACTA_MAILBOX_COUNT_DEFAULT);
    print_unless(p, columns, "mailbox_bytes_max", spec->start.mailbox_bytes_max, ACTA_MAILBOX_BYTES_DEFAULT);
    if (spec->start.overflow != ACTA_OVERFLOW_REFUSE)
        print_word(p, columns, "overflow", acti_tree_overflows, (int)spec->start.overflow);
    print_unless(p, columns, "init_timeout_ms", spec->start.init_timeout_ms, 0);
    if (!is_supervisor) return ACTA_OK;
    indent(p, columns);
    acti_page_add(&p->text, acta_str_of("supervisor:\n"));
    return print_supervisor(p, columns + 2, spec->start.argument);
}

/* -- supervisors -- */

static void
print_intensity(printer *p, int columns, const acta_supervisor_options *options)
{
    if (options->intensity == ACTA_INTENSITY_UNLIMITED) {
        indent(p, columns);
        acti_page_add(&p->text, acta_str_of("intensity: unlimited\n"));
        return;
    }
    bool is_none = options->intensity == ACTA_INTENSITY_NONE;
    print_number(p, columns, "intensity", is_none ? 0 : or_default(options->intensity, ACTA_INTENSITY_DEFAULT));
}

static void
print_backoff(printer *p, int columns, const acta_backoff *backoff)
{
    if (backoff->min_ms == 0 && backoff->max_ms == 0 && backoff->jitter_percent == 0 && !backoff->first_at_once) return;
    indent(p, columns);
    acti_page_add(&p->text, acta_str_of("backoff:\n"));
    columns += 2;
    print_number(p, columns, "min_ms", or_default(backoff->min_ms, ACTA_BACKOFF_MIN_DEFAULT));
    print_number(p, columns, "max_ms", or_default(backoff->max_ms, ACTA_BACKOFF_MAX_DEFAULT));
    print_number(p, columns, "jitter_percent", or_default(backoff->jitter_percent, ACTA_BACKOFF_JITTER_DEFAULT));
    print_word(p, columns, "first_at_once", (acti_word[]){ { "true", true }, { "false", false }, { NULL, 0 } },
        backoff->first_at_once);
}

static const char **
find_remarks(const printer *p, const acta_child_spec *children)
{
    const acti_tree_remarks *r = p->remarks;

    while (r != NULL && r->children != children)
        r = r->next;
    return r != NULL ? r->words : NULL;
}

static acta_status
print_children(printer *p, int columns, const acta_supervisor_options *options)
{
    const char **remarks = find_remarks(p, options->children);
    acta_status status = ACTA_OK;

    if (options->child_count == 0) return ACTA_OK;
    indent(p, columns);
    acti_page_add(&p->text, acta_str_of("children:\n"));
    for (uint32_t i = 0; i < options->child_count && status == ACTA_OK; i++)
        status = print_child(p, columns + 2, &options->children[i], remarks != NULL ? remarks[i] : NULL);
    return status;
}

static acta_status
print_supervisor(printer *p, int columns, const acta_supervisor_options *options)
{
    acta_status status = ACTA_OK;

    if (options == NULL) return acta_error_set(p->error, ACTA_INVALID, "a supervisor has no options");
    if (p->depth == ACTA_TREE_DEPTH_MAX || options->child_count > ACTA_TREE_CHILDREN_MAX - p->child_count)
        return acta_error_set(p->error, ACTA_INVALID, "the tree has more than %d levels or %d children",
            ACTA_TREE_DEPTH_MAX, ACTA_TREE_CHILDREN_MAX);
    p->depth++;
    p->child_count += options->child_count;
    bool is_top = p->depth == 1; /* a supervisor that is a child is named by its spec */
    if (is_top && options->name.data != NULL) status = print_text(p, columns, "name", options->name);
    print_word(p, columns, "strategy", acti_tree_strategies, (int)options->strategy);
    print_intensity(p, columns, options);
    print_number(p, columns, "period_ms", or_default(options->period_ms, ACTA_PERIOD_DEFAULT));
    if (options->auto_shutdown != ACTA_AUTO_SHUTDOWN_NEVER)
        print_word(p, columns, "auto_shutdown", acti_tree_auto_shutdowns, (int)options->auto_shutdown);
    print_backoff(p, columns, &options->backoff);
    if (status == ACTA_OK) status = print_children(p, columns, options);
    p->depth--;
    return status;
}

static acta_status
must_load(const acta_tree_registry *registry, acta_str text, acta_error *error)
{
    acta_tree *tree;

    acta_status status = acta_tree_load(registry, text, "printed", &tree, error);
    if (status != ACTA_OK) return acta_error_prefix(error, status, "the tree can't be told as text: ");
    acta_tree_destroy(tree);
    return ACTA_OK;
}

acta_status
acti_tree_print(const acta_tree_registry *registry, const acta_supervisor_options *options,
    const acti_tree_remarks *remarks, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    printer p = { .text = { .memory = memory }, .registry = registry, .remarks = remarks, .error = error };

    acta_status status = acti_tree_check_registry(registry, error);
    if (status == ACTA_OK) status = print_supervisor(&p, 0, options);
    if (status == ACTA_OK && p.text.failed) status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to print a tree");
    if (status == ACTA_OK) status = must_load(registry, acta_str_from(p.text.data, p.text.size), error);
    if (status == ACTA_OK)
        *text_out = acta_str_from(p.text.data, p.text.size);
    else
        acta_memory_free(memory, p.text.data);
    return status;
}

acta_status
acta_tree_print(const acta_tree_registry *registry, const acta_supervisor_options *options, acta_memory *memory,
    acta_str *text_out, acta_error *error)
{
    return acti_tree_print(registry, options, NULL, memory, text_out, error);
}
