/*
 * Arguments of init by tables of fields: the table checked, a mapping read into the struct, a field read back.
 *
 * A field is a number in 1, 2, 4 or 8 bytes, a bool or a pointer; it is written and read by memcpy of its own type, so
 * that neither the struct's alignment nor the machine's byte order matters.
 */
#include "tree_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* -- the registry -- */

static bool
size_fits(acta_tree_type type, size_t size)
{
    bool is_number = size == 1 || size == 2 || size == 4 || size == 8;

    switch (type) {
    case ACTA_TREE_BOOL:
        return size == sizeof(bool);
    case ACTA_TREE_INT:
    case ACTA_TREE_UINT:
        return is_number;
    case ACTA_TREE_DURATION:
        return size == 4 || size == 8;
    case ACTA_TREE_STRING:
        return size == sizeof(const char *);
    }
    return false;
}

static acta_status
check_field(const acta_tree_behaviour *entry, uint32_t index, acta_error *error)
{
    const acta_tree_field *field = &entry->fields[index];
    const char *name = acti_tree_behaviour_name(entry);

    if (field->name == NULL || field->name[0] == '\0')
        return acta_error_set(error, ACTA_INVALID, "behaviour '%s': field %u has no name", name, index);
    if (!size_fits(field->type, field->size))
        return acta_error_set(error, ACTA_INVALID, "behaviour '%s': field '%s' of %zu bytes can't be of type %d", name,
            field->name, field->size, (int)field->type);
    if (field->size > entry->argument_size || field->offset > entry->argument_size - field->size)
        return acta_error_set(error, ACTA_INVALID, "behaviour '%s': field '%s' lies outside of argument_size %zu", name,
            field->name, entry->argument_size);
    bool has_bounds = field->min != 0 || field->max != 0;
    if (has_bounds && field->min > field->max && field->max != 0)
        return acta_error_set(
            error, ACTA_INVALID, "behaviour '%s': field '%s' has a min above its max", name, field->name);
    if (has_bounds && field->type != ACTA_TREE_INT && (field->min < 0 || field->max < 0))
        return acta_error_set(error, ACTA_INVALID, "behaviour '%s': field '%s' has a bound below 0", name, field->name);
    for (uint32_t k = 0; k < index; k++) {
        if (strcmp(entry->fields[k].name, field->name) == 0)
            return acta_error_set(error, ACTA_INVALID, "behaviour '%s': two fields '%s'", name, field->name);
    }
    return ACTA_OK;
}

static acta_status
check_entry(const acta_tree_registry *registry, uint32_t index, acta_error *error)
{
    const acta_tree_behaviour *entry = &registry->behaviours[index];

    if (entry->behaviour == NULL || acti_tree_behaviour_name(entry) == NULL)
        return acta_error_set(error, ACTA_INVALID, "entry %u of the registry has no behaviour, or no name", index);
    const char *name = acti_tree_behaviour_name(entry);
    if (entry->behaviour == acta_supervisor_behaviour())
        return acta_error_set(error, ACTA_INVALID, "'%s' is the supervisor's behaviour, which needs no entry", name);
    for (uint32_t k = 0; k < index; k++) {
        const acta_tree_behaviour *other = &registry->behaviours[k];
        if (other->behaviour == entry->behaviour || strcmp(acti_tree_behaviour_name(other), name) == 0)
            return acta_error_set(error, ACTA_INVALID, "the registry has '%s' twice", name);
    }
    for (uint32_t i = 0; i < entry->field_count; i++) {
        acta_status status = check_field(entry, i, error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

acta_status
acti_tree_check_registry(const acta_tree_registry *registry, acta_error *error)
{
    if (registry == NULL) return acta_error_set(error, ACTA_INVALID, "a tree needs the registry of its behaviours");
    for (uint32_t i = 0; i < registry->behaviour_count; i++) {
        acta_status status = check_entry(registry, i, error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

const char *
acti_tree_behaviour_name(const acta_tree_behaviour *entry)
{
    return entry->name != NULL ? entry->name : entry->behaviour->name;
}

const acta_tree_behaviour *
acti_tree_find(const acta_tree_registry *registry, const acta_behaviour *behaviour)
{
    for (uint32_t i = 0; i < registry->behaviour_count; i++) {
        if (registry->behaviours[i].behaviour == behaviour) return &registry->behaviours[i];
    }
    return NULL;
}

acta_status
acti_tree_entry(acti_loader *loader, const acti_yaml *node, acta_str name, const acta_tree_behaviour **entry_out)
{
    const acta_tree_registry *registry = loader->registry;
    char hint[ACTI_HINT_MAX];

    for (uint32_t i = 0; i < registry->behaviour_count; i++) {
        if (!acta_str_equal(name, acta_str_of(acti_tree_behaviour_name(&registry->behaviours[i])))) continue;
        *entry_out = &registry->behaviours[i];
        return ACTA_OK;
    }
    const char **names = acta_memory_alloc(loader->scratch, registry->behaviour_count * sizeof *names);
    if (names == NULL) return acti_tree_no_memory(loader);
    for (uint32_t i = 0; i < registry->behaviour_count; i++)
        names[i] = acti_tree_behaviour_name(&registry->behaviours[i]);
    return acti_tree_refuse(loader, node, "no behaviour '%.60s' is registered%s", name.data,
        acti_tree_hint(hint, name, names, registry->behaviour_count, sizeof *names));
}

/* -- the bounds that count -- */

static uint64_t
uint_max_of(const acta_tree_field *field)
{
    uint64_t natural = UINT64_MAX >> (64 - 8 * field->size);
    return field->max != 0 && (uint64_t)field->max < natural ? (uint64_t)field->max : natural;
}

static void
int_bounds_of(const acta_tree_field *field, int64_t *min_out, int64_t *max_out)
{
    int64_t largest = (int64_t)(UINT64_MAX >> (65 - 8 * field->size));
    bool is_bounded = field->min != 0 || field->max != 0;
    bool is_open = field->max == 0 && field->min >= 0;

    *min_out = is_bounded && field->min > -largest - 1 ? field->min : -largest - 1;
    *max_out = is_open || field->max > largest ? largest : field->max;
}

/* -- from text -- */

static void
put_uint(void *at, size_t size, uint64_t value)
{
    uint8_t as_8 = (uint8_t)value;
    uint16_t as_16 = (uint16_t)value;
    uint32_t as_32 = (uint32_t)value;

    switch (size) {
    case 1:
        memcpy(at, &as_8, sizeof as_8);
        return;
    case 2:
        memcpy(at, &as_16, sizeof as_16);
        return;
    case 4:
        memcpy(at, &as_32, sizeof as_32);
        return;
    default:
        memcpy(at, &value, sizeof value);
    }
}

static acta_status
read_string(acti_loader *loader, const acta_tree_field *field, const acti_yaml *node, void *at)
{
    size_t max = field->max != 0 ? (size_t)field->max : ACTA_TREE_BYTES_MAX;
    acta_str text;

    acta_status status = acti_tree_text(loader, field->name, node, (size_t)field->min, max, &text);
    if (status == ACTA_OK) memcpy(at, &text.data, sizeof text.data);
    return status;
}

static acta_status
read_field(acti_loader *loader, const acta_tree_field *field, const acti_yaml *node, void *at)
{
    acta_status status;
    int64_t min, max, number;
    uint64_t count;
    bool flag;

    switch (field->type) {
    case ACTA_TREE_BOOL:
        status = acti_tree_bool(loader, field->name, node, &flag);
        if (status == ACTA_OK) memcpy(at, &flag, sizeof flag);
        return status;
    case ACTA_TREE_INT:
        int_bounds_of(field, &min, &max);
        status = acti_tree_int(loader, field->name, node, min, max, &number);
        if (status == ACTA_OK) put_uint(at, field->size, (uint64_t)number);
        return status;
    case ACTA_TREE_UINT:
        status = acti_tree_uint(loader, field->name, node, (uint64_t)field->min, uint_max_of(field), "", &count);
        if (status == ACTA_OK) put_uint(at, field->size, count);
        return status;
    case ACTA_TREE_DURATION:
        status = acti_tree_duration(loader, field->name, node, (uint64_t)field->min, uint_max_of(field), "", &count);
        if (status == ACTA_OK) put_uint(at, field->size, count);
        return status;
    default:
        return read_string(loader, field, node, at);
    }
}

static acta_status
read_fields(acti_loader *loader, const acta_tree_behaviour *entry, const acti_yaml *node, const acti_yaml **seen,
    char *argument)
{
    char lacks[120];
    size_t i;

    snprintf(lacks, sizeof lacks, "behaviour '%.60s' has no argument", acti_tree_behaviour_name(entry));
    acta_status status = acti_tree_must_be_mapping(loader, "'arguments'", node);
    if (status != ACTA_OK) return status;
    for (const acti_yaml *key = acti_yaml_follow(node)->first; key != NULL; key = key->next) {
        status =
            acti_tree_find_key(loader, lacks, key, entry->fields, entry->field_count, sizeof *entry->fields, seen, &i);
        if (status == ACTA_OK)
            status = read_field(loader, &entry->fields[i], key->value, argument + entry->fields[i].offset);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

acta_status
acti_tree_argument(acti_loader *loader, const acta_tree_behaviour *entry, const acti_yaml *at, const acti_yaml *node,
    const void **argument_out)
{
    size_t size = entry->argument_size;
    char *argument = acta_memory_alloc(loader->memory, size);
    const acti_yaml **seen = acta_memory_alloc(loader->scratch, entry->field_count * sizeof *seen);

    if (argument == NULL || seen == NULL) return acti_tree_no_memory(loader);
    if (node != NULL) {
        acta_status status = read_fields(loader, entry, node, seen, argument);
        if (status != ACTA_OK) return status;
    }
    for (uint32_t i = 0; i < entry->field_count; i++) {
        if (!entry->fields[i].required || seen[i] != NULL) continue;
        return acti_tree_refuse(loader, node != NULL ? node : at, "behaviour '%.60s' needs the argument '%s'",
            acti_tree_behaviour_name(entry), entry->fields[i].name);
    }
    *argument_out = size > 0 ? argument : NULL;
    return ACTA_OK;
}
