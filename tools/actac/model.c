/*
 * Model: the binary schema as structs, in the order of the text, with the places of the names and the roles that our
 * attributes give.
 *
 * The hash of a table is of all that decides how its bytes are read: names, types, ids, defaults, required and key of
 * its fields, and the same of all that they refer to. Comments, order and roles are no part of it.
 */
#include "internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Slots of reflection.fbs. */
enum { SCHEMA_OBJECTS = 0, SCHEMA_ENUMS = 1, SCHEMA_IDENTIFIER = 2, SCHEMA_ROOT = 4 };
enum {
    OBJECT_NAME = 0,
    OBJECT_FIELDS = 1,
    OBJECT_IS_STRUCT = 2,
    OBJECT_ALIGNMENT = 3,
    OBJECT_SIZE = 4,
    OBJECT_ATTRIBUTES = 5,
    OBJECT_DOC = 6
};
enum { ENUM_NAME = 0, ENUM_VALUES = 1, ENUM_IS_UNION = 2, ENUM_TYPE = 3, ENUM_ATTRIBUTES = 4, ENUM_DOC = 5 };
enum { VALUE_NAME = 0, VALUE_NUMBER = 1, VALUE_TYPE = 3, VALUE_DOC = 4 };
enum { TYPE_BASE = 0, TYPE_ELEMENT = 1, TYPE_INDEX = 2, TYPE_LENGTH = 3 };
enum { ATTRIBUTE_KEY = 0, ATTRIBUTE_VALUE = 1 };
enum {
    FIELD_NAME = 0,
    FIELD_TYPE = 1,
    FIELD_ID = 2,
    FIELD_OFFSET = 3,
    FIELD_DEFAULT_INTEGER = 4,
    FIELD_DEFAULT_REAL = 5,
    FIELD_DEPRECATED = 6,
    FIELD_REQUIRED = 7,
    FIELD_KEY = 8,
    FIELD_ATTRIBUTES = 9,
    FIELD_DOC = 10,
    FIELD_OPTIONAL = 11
};

typedef struct reader {
    acti_model *model;
    acti_bfbs *b;
    acti_arena *arena;
    uint32_t *table_index; /* from the binary schema's order to the text's */
    uint32_t *enum_index;
} reader;

static const char *
short_name(const char *full)
{
    const char *dot = strrchr(full, '.');
    return dot != NULL ? dot + 1 : full;
}

static bool
is_before(acti_place a, acti_place b)
{
    if (a.line == 0 || b.line == 0) return a.line != 0; /* what isn't in this file comes last */
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

static void
read_common(reader *r, acti_common *of, uint32_t table, uint32_t attributes_slot, uint32_t doc_slot)
{
    uint32_t attributes = bfbs_follow(r->b, table, attributes_slot);
    uint32_t doc = bfbs_follow(r->b, table, doc_slot);

    of->attribute_count = bfbs_count(r->b, attributes);
    of->attributes = arena_alloc(r->arena, of->attribute_count * sizeof *of->attributes);
    for (uint32_t i = 0; i < of->attribute_count; i++) {
        uint32_t pair = bfbs_item(r->b, attributes, i);
        of->attributes[i].name = bfbs_string(r->b, bfbs_follow(r->b, pair, ATTRIBUTE_KEY), r->arena);
        of->attributes[i].value = bfbs_string(r->b, bfbs_follow(r->b, pair, ATTRIBUTE_VALUE), r->arena);
    }

    of->doc_count = bfbs_count(r->b, doc);
    const char **lines = arena_alloc(r->arena, of->doc_count * sizeof *lines);
    for (uint32_t i = 0; i < of->doc_count; i++)
        lines[i] = bfbs_string(r->b, bfbs_item(r->b, doc, i), r->arena);
    of->doc = lines;
}

static void
place_in(acti_common *of, const acti_scanned *list, uint32_t count)
{
    of->text = scan_find(list, count, of->name);
    if (of->text != NULL) of->at = of->text->at;
}

/* -- enums -- */

static void
read_variant(reader *r, struct enum_value *out, uint32_t type)
{
    int32_t index = (int32_t)bfbs_number(r->b, type, TYPE_INDEX, 4, UINT32_MAX);

    out->base = (uint8_t)bfbs_number(r->b, type, TYPE_BASE, 1, 0);
    bool is_known = out->base == BASE_NONE || out->base == BASE_STRING || out->base == BASE_OBJECT;
    if (!is_known || (out->base == BASE_OBJECT && (index < 0 || (uint32_t)index >= r->model->table_total)))
        r->b->damaged = true;
    else if (out->base == BASE_OBJECT)
        out->table = &r->model->tables[r->table_index[index]];
}

static void
read_enum(reader *r, acti_enumeration *out, uint32_t at)
{
    uint32_t type = bfbs_follow(r->b, at, ENUM_TYPE), values = bfbs_follow(r->b, at, ENUM_VALUES);

    read_common(r, &out->is, at, ENUM_ATTRIBUTES, ENUM_DOC);
    out->is_union = bfbs_number(r->b, at, ENUM_IS_UNION, 1, 0) != 0;
    out->base = (uint8_t)bfbs_number(r->b, type, TYPE_BASE, 1, 0);
    out->is_wide = out->base == BASE_LONG || out->base == BASE_ULONG;
    out->value_count = bfbs_count(r->b, values);
    out->values = arena_alloc(r->arena, out->value_count * sizeof *out->values);
    for (uint32_t i = 0; i < out->value_count; i++) {
        uint32_t value = bfbs_item(r->b, values, i);
        out->values[i].is.name = bfbs_name(r->b, bfbs_follow(r->b, value, VALUE_NAME), r->arena);
        out->values[i].is.c_name = arena_format(r->arena, "%s_%s", out->is.c_name, out->values[i].is.name);
        out->values[i].number = (int64_t)bfbs_number(r->b, value, VALUE_NUMBER, 8, 0);
        out->values[i].is.at = out->is.at;
        if (out->is.text != NULL) place_in(&out->values[i].is, out->is.text->members, out->is.text->member_count);
        if (out->is_union) read_variant(r, &out->values[i], bfbs_follow(r->b, value, VALUE_TYPE));
        if (out->values[i].number < INT32_MIN || out->values[i].number > INT32_MAX) out->is_wide = true;
        read_common(r, &out->values[i].is, value, 6, VALUE_DOC); /* slot 6: none, values have no attributes */
    }
    if (out->is.text != NULL && attribute_of(&out->is, "rejection") != NULL) r->model->rejection = out;
}

/* -- tables -- */

static void
read_field(reader *r, acti_field *out, uint32_t at, const acti_table *owner)
{
    uint32_t type = bfbs_follow(r->b, at, FIELD_TYPE);
    uint64_t real = bfbs_number(r->b, at, FIELD_DEFAULT_REAL, 8, 0);

    out->is.name = bfbs_name(r->b, bfbs_follow(r->b, at, FIELD_NAME), r->arena);
    out->is.c_name = arena_format(r->arena, "%s_%s", owner->is.c_name, out->is.name);
    out->is.at = owner->is.at;
    if (owner->is.text != NULL) place_in(&out->is, owner->is.text->members, owner->is.text->member_count);
    read_common(r, &out->is, at, FIELD_ATTRIBUTES, FIELD_DOC);
    out->base = (uint8_t)bfbs_number(r->b, type, TYPE_BASE, 1, 0);
    out->element = (uint8_t)bfbs_number(r->b, type, TYPE_ELEMENT, 1, 0);
    out->length = (uint16_t)bfbs_number(r->b, type, TYPE_LENGTH, 2, 0);
    out->id = (uint16_t)bfbs_number(r->b, at, FIELD_ID, 2, 0);
    out->place = (uint16_t)bfbs_number(r->b, at, FIELD_OFFSET, 2, 0);
    out->default_integer = (int64_t)bfbs_number(r->b, at, FIELD_DEFAULT_INTEGER, 8, 0);
    memcpy(&out->default_real, &real, sizeof real);
    out->deprecated = bfbs_number(r->b, at, FIELD_DEPRECATED, 1, 0) != 0;
    out->required = bfbs_number(r->b, at, FIELD_REQUIRED, 1, 0) != 0;
    out->key = bfbs_number(r->b, at, FIELD_KEY, 1, 0) != 0;
    out->optional = bfbs_number(r->b, at, FIELD_OPTIONAL, 1, 0) != 0;

    int32_t index = (int32_t)bfbs_number(r->b, type, TYPE_INDEX, 4, UINT32_MAX);
    bool is_object = out->base == BASE_OBJECT || out->element == BASE_OBJECT;
    bool is_known =
        out->base > BASE_NONE && out->base <= BASE_ARRAY && out->element <= BASE_ARRAY &&
        (out->base < BASE_VECTOR || out->base == BASE_OBJECT || out->base == BASE_UNION || out->element != BASE_NONE) &&
        (!is_object || index >= 0) && (out->base == BASE_ARRAY) == (out->length != 0);
    if (!is_known) r->b->damaged = true;
    if (!is_known || index < 0) return;
    if ((uint32_t)index >= (is_object ? r->model->table_total : r->model->enum_total)) {
        r->b->damaged = true;
        return;
    }
    if (is_object)
        out->table = &r->model->tables[r->table_index[index]];
    else
        out->enumeration = &r->model->enums[r->enum_index[index]];
}

/* In the text's order; of another file's table in that of the ids, which is the same where the text gives none. */
static bool
is_field_before(const acti_table *of, const acti_field *a, const acti_field *b)
{
    return of->is.text != NULL ? is_before(a->is.at, b->is.at) : a->id < b->id;
}

static void
sort_fields(acti_table *of)
{
    for (uint32_t i = 1; i < of->field_count; i++) {
        acti_field moved = of->fields[i];
        uint32_t place = i;
        for (; place > 0 && is_field_before(of, &moved, &of->fields[place - 1]); place--)
            of->fields[place] = of->fields[place - 1];
        of->fields[place] = moved;
    }
}

static void
read_role(acti_table *of)
{
    static const struct {
        const char *attribute;
        acti_role role;
    } roles[] = { { "command", ROLE_COMMAND }, { "event", ROLE_EVENT }, { "state", ROLE_STATE },
        { "process_manager", ROLE_PROCESS_MANAGER }, { "read_model", ROLE_READ_MODEL } };

    of->owner = "";
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const char *value = attribute_of(&of->is, roles[i].attribute);
        if (value == NULL) continue;
        of->role = roles[i].role;
        if (of->role == ROLE_COMMAND || of->role == ROLE_EVENT) of->owner = value;
    }
    const char *version = attribute_of(&of->is, "version");
    of->version = version != NULL ? (uint32_t)strtoul(version, NULL, 10) : 1; /* upcast.c checks it */
}

/* The table that a name in an attribute of `of` means: in its namespace, or in one around it. NULL: none. */
static const acti_table *
find_named(reader *r, const acti_table *of, const char *name)
{
    const char *space = of->full_name;

    for (size_t size = strlen(space);;) {
        while (size > 0 && space[size - 1] != '.')
            size--;
        const char *full = arena_format(r->arena, "%.*s%s", (int)size, space, name);
        for (uint32_t i = 0; i < r->model->table_total; i++) {
            if (strcmp(r->model->tables[i].full_name, full) == 0) return &r->model->tables[i];
        }
        if (size == 0) return NULL;
        size--; /* the dot */
    }
}

static void
read_vector_attributes(reader *r, acti_table *of)
{
    for (uint32_t i = 0; i < of->field_count; i++) {
        const char *nested = attribute_of(&of->fields[i].is, "nested_flatbuffer");
        const char *alignment = attribute_of(&of->fields[i].is, "force_align");
        if (nested != NULL) of->fields[i].nested = find_named(r, of, nested);
        if (alignment != NULL) of->fields[i].alignment = (uint16_t)strtoul(alignment, NULL, 10);
    }
}

static void
read_table(reader *r, acti_table *out, uint32_t at)
{
    uint32_t fields = bfbs_follow(r->b, at, OBJECT_FIELDS), count = bfbs_count(r->b, fields);

    read_common(r, &out->is, at, OBJECT_ATTRIBUTES, OBJECT_DOC);
    out->is_struct = bfbs_number(r->b, at, OBJECT_IS_STRUCT, 1, 0) != 0;
    out->alignment = (uint32_t)bfbs_number(r->b, at, OBJECT_ALIGNMENT, 4, 1);
    out->inline_size = (uint32_t)bfbs_number(r->b, at, OBJECT_SIZE, 4, 0);
    out->fields = arena_alloc(r->arena, count * sizeof *out->fields);
    for (uint32_t i = 0; i < count; i++) {
        acti_field *next = &out->fields[out->field_count];
        read_field(r, next, bfbs_item(r->b, fields, i), out);
        next->is_member = out->is_struct;
        if (next->id >= count) r->b->damaged = true; /* one after the other, and from 0 */
        bool is_type_of_union = next->base == BASE_UTYPE || next->element == BASE_UTYPE;
        if (next->deprecated || is_type_of_union)
            memset(next, 0, sizeof *next); /* no code is made for it */
        else
            out->field_count++;
    }
    sort_fields(out);
    for (uint32_t i = 0; i < out->field_count; i++) {
        if (attribute_of(&out->fields[i].is, "identity") != NULL) out->identity = &out->fields[i];
        if (out->fields[i].key) out->key = &out->fields[i];
    }
    read_role(out);
    read_vector_attributes(r, out);
}

/* -- order -- */

/* For each item of the binary schema its index in the text's order. */
static uint32_t *
text_order(reader *r, uint32_t vector, uint32_t count, uint32_t *own_out)
{
    uint32_t *index = arena_alloc(r->arena, count * sizeof *index);
    acti_place *places = arena_alloc(r->arena, count * sizeof *places);
    const acti_scan *text = &r->model->text;

    for (uint32_t i = 0; i < count; i++) {
        const char *name = bfbs_name(r->b, bfbs_follow(r->b, bfbs_item(r->b, vector, i), 0), r->arena);
        const acti_scanned *found = scan_find_type(text, name);
        if (found != NULL) places[i] = found->at;
        if (found != NULL) (*own_out)++;
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t other = 0; other < count; other++) {
            if (is_before(places[other], places[i]) || (other < i && !is_before(places[i], places[other]))) index[i]++;
        }
    }
    return index;
}

/* a_b_Name of a.b.Name; what is no part of a C name becomes a _. */
static char *
c_name_of(const char *full, acti_arena *arena)
{
    char *name = arena_copy(arena, full, strlen(full));

    for (char *c = name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c)) *c = '_';
    }
    return name;
}

static void
name_type(reader *r, acti_common *of, const char *full)
{
    const char *infix = r->model->infix;

    of->name = short_name(full);
    of->c_name = c_name_of(full, r->arena);
    of->text = scan_find_type(&r->model->text, full);
    if (of->text == NULL) return;
    of->at = of->text->at;
    if (infix != NULL)
        of->c_name =
            arena_format(r->arena, "%.*s%s%s", (int)(strlen(full) - strlen(of->name)), of->c_name, infix, of->name);
}

/* A schema with roles is called as its namespace; one that only has types may share that with others, so it is called
 * as its file. */
static void
name_schema(reader *r)
{
    acti_model *m = r->model;
    bool has_roles = m->rejection != NULL;

    const char *first = m->text.type_count != 0 ? m->text.types[0].full_name : "";
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (m->tables[i].role == ROLE_PLAIN) continue;
        first = m->tables[i].full_name;
        has_roles = true;
        break;
    }
    const char *dot = strrchr(first, '.');
    m->namespace = dot != NULL ? arena_copy(r->arena, first, (size_t)(dot - first)) : "";
    m->prefix = arena_format(
        r->arena, "%s_%s", c_name_of(has_roles ? m->namespace : m->stem, r->arena), m->infix != NULL ? m->infix : "");
    char *macro = arena_copy(r->arena, m->prefix, strlen(m->prefix));
    for (char *c = macro; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    m->macro = macro;
}

/* -- hash: FNV-1a over the definition as text -- */

static void
hash_text(uint64_t *hash, const char *text)
{
    for (; *text != '\0'; text++)
        *hash = (*hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
    *hash = (*hash ^ 0xff) * UINT64_C(1099511628211); /* an end that no text has */
}

static void hash_table(reader *r, uint64_t *hash, const acti_table *of, bool *done);

static void
hash_enum(reader *r, uint64_t *hash, const acti_enumeration *of, bool *done)
{
    hash_text(hash, arena_format(r->arena, "enum %s:%u", of->is.name, of->base));
    for (uint32_t i = 0; i < of->value_count; i++) {
        hash_text(hash, arena_format(r->arena, "%s=%" PRId64, of->values[i].is.name, of->values[i].number));
        if (of->is_union) hash_text(hash, of->values[i].table != NULL ? of->values[i].table->full_name : "");
        if (of->values[i].table != NULL) hash_table(r, hash, of->values[i].table, done);
    }
}

static uint64_t
bits_of(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

/* Attributes that say what the bytes of a field are. */
static void
hash_stored(reader *r, uint64_t *hash, const acti_field *f)
{
    const char *subject = attribute_of(&f->is, "personal");

    if (attribute_of(&f->is, "flexbuffer") != NULL) hash_text(hash, "flexbuffer");
    if (subject != NULL) hash_text(hash, arena_format(r->arena, "personal %s", subject));
}

/* `done`: a flag a table, against walking in circles. Fields by id. */
static void
hash_table(reader *r, uint64_t *hash, const acti_table *of, bool *done)
{
    uint32_t index = (uint32_t)(of - r->model->tables), hashed = 0;

    if (done[index]) return;
    done[index] = true;
    hash_text(hash, arena_format(r->arena, "table %s", of->full_name));
    if (of->is_struct) hash_text(hash, arena_format(r->arena, "struct %u:%u", of->inline_size, of->alignment));
    if (of->version > 1) hash_text(hash, arena_format(r->arena, "version %u", of->version));
    for (uint32_t id = 0; hashed < of->field_count && id <= UINT16_MAX; id++) {
        for (uint32_t i = 0; i < of->field_count; i++) {
            const acti_field *f = &of->fields[i];
            if (f->id != id) continue;
            hashed++;
            hash_text(
                hash, arena_format(r->arena, "%s:%u:%u:%u:%" PRId64 ":%" PRIx64 ":%d:%d", f->is.name, f->id, f->base,
                          f->element, f->default_integer, bits_of(f->default_real), f->required, f->key));
            if (f->optional && f->base <= BASE_DOUBLE) hash_text(hash, "optional");
            hash_stored(r, hash, f);
            if (f->nested != NULL) hash_text(hash, f->nested->full_name);
            if (f->nested != NULL) hash_table(r, hash, f->nested, done);
            if (f->base == BASE_ARRAY) hash_text(hash, arena_format(r->arena, "[%u]", f->length));
            if (f->enumeration != NULL) hash_enum(r, hash, f->enumeration, done);
            if (f->table != NULL) hash_table(r, hash, f->table, done);
        }
    }
}

static void
hash_attributes(reader *r, uint64_t *hash, const acti_common *of)
{
    hash_text(hash, of->name);
    for (uint32_t i = 0; i < of->attribute_count; i++)
        hash_text(hash, arena_format(r->arena, "(%s: %s)", of->attributes[i].name, of->attributes[i].value));
}

/* What roles and attributes say: it isn't in the tables' hashes, for the same bytes are read the same way, but two schemas
 * that differ in it are two. */
static uint64_t
hash_of_roles(reader *r, const acti_table *of)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    hash_attributes(r, &hash, &of->is);
    for (uint32_t i = 0; i < of->field_count; i++)
        hash_attributes(r, &hash, &of->fields[i].is);
    return hash;
}

static uint64_t
hash_of_rejection(reader *r, const acti_enumeration *of)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    bool *done = arena_alloc(r->arena, r->model->table_total * sizeof *done);

    if (attribute_of(&of->is, "rejection") == NULL) return 0;
    hash_enum(r, &hash, of, done);
    return hash;
}

static void
hash_all(reader *r)
{
    r->model->hash = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < r->model->table_count; i++) {
        acti_table *of = &r->model->tables[i];
        bool *done = arena_alloc(r->arena, r->model->table_total * sizeof *done);
        of->hash = UINT64_C(14695981039346656037);
        hash_table(r, &of->hash, of, done);
    }
    for (uint32_t i = 0; i < r->model->table_count; i++)
        r->model->hash += r->model->tables[i].hash + hash_of_roles(r, &r->model->tables[i]); /* in any order */
    for (uint32_t i = 0; i < r->model->enum_total; i++)
        r->model->hash += hash_of_rejection(r, &r->model->enums[i]);
}

bool
model_make(acti_model *m, acti_arena *arena)
{
    reader r = { .model = m, .b = &m->binary, .arena = arena };
    uint32_t root = bfbs_root(r.b);
    uint32_t objects = bfbs_follow(r.b, root, SCHEMA_OBJECTS), enums = bfbs_follow(r.b, root, SCHEMA_ENUMS);

    m->identifier = bfbs_string(r.b, bfbs_follow(r.b, root, SCHEMA_IDENTIFIER), arena);
    m->table_total = bfbs_count(r.b, objects);
    m->enum_total = bfbs_count(r.b, enums);
    if (m->table_total + m->enum_total > TYPES_MAX) r.b->damaged = true;
    if (r.b->damaged) return false;
    m->tables = arena_alloc(arena, m->table_total * sizeof *m->tables);
    m->enums = arena_alloc(arena, m->enum_total * sizeof *m->enums);
    r.table_index = text_order(&r, objects, m->table_total, &m->table_count);
    r.enum_index = text_order(&r, enums, m->enum_total, &m->enum_count);

    for (uint32_t i = 0; i < m->enum_total; i++) {
        acti_enumeration *of = &m->enums[r.enum_index[i]];
        name_type(&r, &of->is, bfbs_name(r.b, bfbs_follow(r.b, bfbs_item(r.b, enums, i), ENUM_NAME), arena));
        read_enum(&r, of, bfbs_item(r.b, enums, i));
    }
    const char *root_name = bfbs_string(r.b, bfbs_follow(r.b, bfbs_follow(r.b, root, SCHEMA_ROOT), OBJECT_NAME), arena);
    for (uint32_t i = 0; i < m->table_total; i++) {
        acti_table *of = &m->tables[r.table_index[i]];
        of->full_name = bfbs_name(r.b, bfbs_follow(r.b, bfbs_item(r.b, objects, i), OBJECT_NAME), arena);
        of->is_root = strcmp(of->full_name, root_name) == 0;
        name_type(&r, &of->is, of->full_name);
    }
    for (uint32_t i = 0; i < m->table_total && !r.b->damaged; i++)
        read_table(&r, &m->tables[r.table_index[i]], bfbs_item(r.b, objects, i));
    if (r.b->damaged || !is_sound(m)) return false;
    name_schema(&r);
    hash_all(&r);
    return !r.b->damaged;
}

/* -- asking -- */

const char *
attribute_of(const acti_common *of, const char *name)
{
    for (uint32_t i = 0; i < of->attribute_count; i++) {
        if (strcmp(of->attributes[i].name, name) == 0) {
            /* flatc writes "0" for an attribute without a value */
            return strcmp(of->attributes[i].value, "0") == 0 ? "" : of->attributes[i].value;
        }
    }
    return NULL;
}

const acti_table *
model_next(const acti_model *m, const acti_table *after, acti_role wanted, const char *owner)
{
    const acti_table *end = m->tables + m->table_count;

    for (const acti_table *t = after != NULL ? after + 1 : m->tables; t < end; t++) {
        if (t->role == wanted && (owner == NULL || strcmp(t->owner, owner) == 0)) return t;
    }
    return NULL;
}

const acti_table *
model_next_event(const acti_model *m, const acti_table *after)
{
    const acti_table *end = m->tables + m->table_total;

    for (const acti_table *t = after != NULL ? after + 1 : m->tables; t < end; t++)
        if (t->role == ROLE_EVENT) return t;
    return NULL;
}

bool
is_collection(const acti_field *f)
{
    return f->base == BASE_VECTOR && f->element == BASE_OBJECT && f->table->key != NULL;
}

bool
is_assigned(const acti_field *f)
{
    if (is_collection(f)) return false;
    return f->base == BASE_VECTOR || f->base == BASE_UNION || (f->base == BASE_OBJECT && !f->table->is_struct);
}

const char *
file_macro(const acti_model *m, acti_arena *arena)
{
    char *macro = c_name_of(m->stem, arena);
    for (char *c = macro; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return macro;
}

bool
is_mutable(const acti_table *t)
{
    return t->role == ROLE_STATE || t->role == ROLE_PROCESS_MANAGER || t->role == ROLE_READ_MODEL;
}
