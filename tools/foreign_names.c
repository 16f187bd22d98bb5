/*
 * See foreign.h: names.
 */
#include "foreign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct rule {
    bool is_stream;
    acta_str theirs, ours;
    struct rule *next;
} rule;

struct foreign_names {
    acta_memory *memory;
    foreign_type *types;
    rule *rules;
    bool has_no_memory;
};

static acta_str
copy(foreign_names *names, acta_str text)
{
    char *bytes = acta_memory_alloc(names->memory, text.size + 1);

    names->has_no_memory |= bytes == NULL;
    if (bytes == NULL) return acta_str_from("", 0);
    memcpy(bytes, text.data, text.size);
    return acta_str_from(bytes, text.size);
}

/* -- what the store knows -- */

static void
see_type(void *user, const acta_kept_type *kept)
{
    foreign_names *names = user;
    foreign_type *type = names->types;

    while (type != NULL && !acta_str_equal(type->name, kept->type))
        type = type->next;
    if (type != NULL && type->number >= kept->number) return;
    if (type == NULL) {
        type = acta_memory_alloc(names->memory, sizeof *type);
        names->has_no_memory |= type == NULL;
        if (type == NULL) return;
        *type = (foreign_type){ .name = copy(names, kept->type), .next = names->types };
        names->types = type;
    }
    type->hash = kept->hash;
    type->number = kept->number;
}

static acta_status
read_schemas(foreign_names *names, acta_store *store, acta_error *error)
{
    acta_kept_schema schema;
    acta_status status = acta_kept_types(store, see_type, names, error);

    for (foreign_type *type = names->types; type != NULL && status == ACTA_OK; type = type->next) {
        status = acta_kept_schema_find(store, type->name, type->hash, names->memory, &schema, error);
        if (status == ACTA_OK) type->binary = schema.binary;
    }
    return status;
}

/* -- rules -- */

static acta_status
add_rule(foreign_names *names, const char *word, const char *theirs, const char *ours, acta_error *error)
{
    bool is_stream = strcmp(word, "stream") == 0;
    rule *added = acta_memory_alloc(names->memory, sizeof *added);
    const foreign_type *type = names->types;

    while (!is_stream && type != NULL && !acta_str_equal(type->name, acta_str_of(ours)))
        type = type->next;
    if (!is_stream && type == NULL) return acta_error_set(error, ACTA_INVALID, "the store knows no event '%s'", ours);
    if (added == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for rules");
    *added = (rule){ is_stream, copy(names, acta_str_of(theirs)), copy(names, acta_str_of(ours)), names->rules };
    names->rules = added;
    return ACTA_OK;
}

static acta_status
read_rule(foreign_names *names, char *line, acta_error *error)
{
    char *rest, *words[4];
    int count = 0;

    line[strcspn(line, "#\n")] = '\0';
    for (char *word = strtok_r(line, " \t\r", &rest); word != NULL && count < 4; word = strtok_r(NULL, " \t\r", &rest))
        words[count++] = word;
    if (count == 0) return ACTA_OK;
    if (count != 3 || (strcmp(words[0], "type") != 0 && strcmp(words[0], "stream") != 0))
        return acta_error_set(error, ACTA_INVALID, "'type THEIRS OURS' or 'stream THEIRS OURS' was expected");
    return add_rule(names, words[0], words[1], words[2], error);
}

static acta_status
read_rules(foreign_names *names, const char *path, acta_error *error)
{
    FILE *file = fopen(path, "r");
    acta_status status = ACTA_OK;
    acta_error said;
    char *line = NULL;
    size_t room = 0, number = 0;

    if (file == NULL) return acta_error_set(error, ACTA_IO, "cannot open '%s': %s", path, strerror(errno));
    while (status == ACTA_OK && getline(&line, &room, file) > 0) {
        number++;
        status = read_rule(names, line, &said);
    }
    if (status != ACTA_OK) acta_error_set(error, status, "%s, line %zu: %s", path, number, said.text);
    if (status == ACTA_OK && ferror(file)) status = acta_error_set(error, ACTA_IO, "cannot read '%s'", path);
    free(line);
    fclose(file);
    return status;
}

acta_status
foreign_names_of(
    acta_store *store, const char *rules, acta_memory *memory, foreign_names **names_out, acta_error *error)
{
    foreign_names *names = acta_memory_alloc(memory, sizeof *names);

    if (names == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for names");
    *names = (foreign_names){ .memory = memory };
    acta_status status = read_schemas(names, store, error);
    if (status == ACTA_OK && rules != NULL) status = read_rules(names, rules, error);
    if (status == ACTA_OK && names->has_no_memory)
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for names");
    *names_out = names;
    return status;
}

acta_status
foreign_names_read(
    const char *path, const char *rules, acta_memory *memory, foreign_names **names_out, acta_error *error)
{
    const acta_store_config config = { .path = path, .must_exist = true, .read_only = true };
    acta_store *store;
    acta_status status = acta_store_open(&config, &store, error);

    if (status != ACTA_OK) return status;
    if (acta_store_head(store) > 0)
        status = acta_error_set(error, ACTA_INVALID,
            "the store in '%s' has %" PRIu64 " events: one without was expected", path, acta_store_head(store));
    if (status == ACTA_OK) status = foreign_names_of(store, rules, memory, names_out, error);
    if (status == ACTA_OK && (*names_out)->types == NULL)
        status = acta_error_set(error, ACTA_INVALID,
            "the store in '%s' knows no events: open it once with the program that is to go on with it", path);
    acta_store_close(store);
    return status;
}

/* -- theirs and ours -- */

static bool
is_same(acta_str a, acta_str b)
{
    return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

static acta_str
last_part(acta_str name)
{
    size_t at = name.size;

    while (at > 0 && name.data[at - 1] != '.')
        at--;
    return acta_str_from(name.data + at, name.size - at);
}

static const rule *
find_rule(const foreign_names *names, acta_str theirs)
{
    for (const rule *r = names->rules; r != NULL; r = r->next)
        if (!r->is_stream && acta_str_equal(r->theirs, theirs)) return r;
    return NULL;
}

acta_status
foreign_names_type(const foreign_names *names, acta_str theirs, const foreign_type **type_out, acta_error *error)
{
    static const acta_str elixir = { "Elixir.", 7 };
    bool is_elixir = theirs.size > elixir.size && memcmp(theirs.data, elixir.data, elixir.size) == 0;
    acta_str name = is_elixir ? acta_str_from(theirs.data + elixir.size, theirs.size - elixir.size) : theirs;
    const rule *r = find_rule(names, theirs);
    const foreign_type *of_part = NULL;
    uint32_t count = 0;

    if (r != NULL) name = r->ours;
    for (const foreign_type *type = names->types; type != NULL; type = type->next) {
        *type_out = type;
        if (r != NULL ? acta_str_equal(type->name, name) : is_same(type->name, name)) return ACTA_OK;
        if (!acta_str_equal(last_part(type->name), last_part(name))) continue;
        of_part = type;
        count++;
    }
    *type_out = of_part;
    if (count == 1) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "the store knows %s event '" ACTA_FMT "': a rule 'type " ACTA_FMT " NAME' was expected",
        count == 0 ? "no" : "more than one", ACTA_ARG(theirs), ACTA_ARG(theirs));
}

acta_str
foreign_names_their_type(const foreign_names *names, acta_str ours)
{
    acta_str theirs = ours;

    for (const rule *r = names->rules; r != NULL; r = r->next) /* the first one in the file is the last one here */
        if (!r->is_stream && acta_str_equal(r->ours, ours)) theirs = r->theirs;
    return theirs;
}

/* By the rule with the longest beginning. */
static acta_status
begin_otherwise(const foreign_names *names, acta_str name, bool is_ours, acta_memory *memory, acta_str *other_out,
    acta_error *error)
{
    acta_str begins = { NULL, 0 }, other = { NULL, 0 };

    for (const rule *r = names->rules; r != NULL; r = r->next) {
        acta_str beginning = is_ours ? r->ours : r->theirs;
        if (!r->is_stream || beginning.size <= begins.size || beginning.size > name.size) continue;
        if (memcmp(beginning.data, name.data, beginning.size) != 0) continue;
        begins = beginning;
        other = is_ours ? r->theirs : r->ours;
    }
    *other_out = name;
    if (begins.size == 0) return ACTA_OK;
    const size_t rest = name.size - begins.size;
    char *bytes = acta_memory_alloc(memory, other.size + rest + 1);
    if (bytes == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a name");
    memcpy(mempcpy(bytes, other.data, other.size), name.data + begins.size, rest);
    *other_out = acta_str_from(bytes, other.size + rest);
    return ACTA_OK;
}

acta_status
foreign_names_stream(
    const foreign_names *names, acta_str theirs, acta_memory *memory, acta_str *ours_out, acta_error *error)
{
    return begin_otherwise(names, theirs, false, memory, ours_out, error);
}

acta_status
foreign_names_their_stream(
    const foreign_names *names, acta_str ours, acta_memory *memory, acta_str *theirs_out, acta_error *error)
{
    return begin_otherwise(names, ours, true, memory, theirs_out, error);
}
