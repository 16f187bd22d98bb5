/*
 * Marks: the attributes of single fields that aren't about how they lie in a buffer. What is wrong with them, and the list
 * of them that each table gets (acta/marks.h).
 *
 *     personal: "field"   the string or bytes are sealed with the key of the subject that the field names
 *     redacted, unique, tag, tag: "name", index
 *     identity: "prefix"  what the names of the aggregate's streams begin with
 */
#include "internal.h"

#include <string.h>

/* -- asking -- */

static const char *const mark_names[] = { "personal", "redacted", "unique", "tag", "index" };
static const char *const mark_constants[] = { "PERSONAL", "REDACTED", "UNIQUE", "TAG", "INDEX" };
enum { MARK_COUNT = sizeof mark_names / sizeof mark_names[0] };

bool
is_personal(const acti_field *f)
{
    return attribute_of(&f->is, "personal") != NULL;
}

static bool
has_own_mark(const acti_field *f)
{
    for (size_t i = 0; i < MARK_COUNT; i++)
        if (attribute_of(&f->is, mark_names[i]) != NULL) return true;
    return false;
}

static bool
leads_to_marks(const acti_model *m, const acti_table *of, bool *seen)
{
    uint32_t index = (uint32_t)(of - m->tables);

    if (seen[index]) return false;
    seen[index] = true;
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        if (has_own_mark(f)) return true;
        if (f->table != NULL && leads_to_marks(m, f->table, seen)) return true;
    }
    return false;
}

static bool
table_leads_to_marks(const acti_model *m, const acti_table *of, acti_arena *arena)
{
    bool *seen = arena_alloc(arena, m->table_total * sizeof *seen);
    return leads_to_marks(m, of, seen);
}

static bool
holds_marks(const acti_model *m, const acti_field *f, acti_arena *arena)
{
    return f->table != NULL && !f->table->is_struct && table_leads_to_marks(m, f->table, arena);
}

static const acti_field *
field_named(const acti_table *of, const char *name)
{
    for (uint32_t i = 0; i < of->field_count; i++)
        if (strcmp(of->fields[i].is.name, name) == 0) return &of->fields[i];
    return NULL;
}

/* -- checks -- */

static acti_place
place_of(const acti_common *of, const char *attribute)
{
    acti_place at = scan_attribute(of->text, attribute);
    return at.line != 0 ? at : of->at;
}

static void
check_subject(const acti_table *of, const acti_field *f, acti_errors *e)
{
    const char *name = attribute_of(&f->is, "personal");
    const acti_field *subject = field_named(of, name);
    acti_place at = place_of(&f->is, "personal");

    if (name[0] == '\0')
        error_at(e, at,
            "personal %s.%s names no subject; write (personal: \"field\"), the field of %s that says whom it is about",
            of->is.name, f->is.name, of->is.name);
    else if (subject == NULL)
        error_at(e, at, "the subject '%s' of personal %s.%s is no field of %s; add it, or correct the name", name,
            of->is.name, f->is.name, of->is.name);
    else if (subject->base != BASE_STRING || is_personal(subject))
        error_at(e, at, "the subject %s.%s of personal %s.%s is %s; name a string that isn't personal", of->is.name,
            name, of->is.name, f->is.name, subject->base != BASE_STRING ? "no string" : "personal itself");
    else if ((of->role == ROLE_EVENT || of->role == ROLE_COMMAND) && !subject->required)
        error_at(e, subject->is.at,
            "%s.%s is the subject of %s, which can't be sealed when it is absent; write (required)", of->is.name, name,
            f->is.name);
}

static void
check_personal(const acti_table *of, const acti_field *f, acti_errors *e)
{
    static const char *const never[] = { "identity", "tag", "index" };
    acti_place at = place_of(&f->is, "personal");

    if (!is_personal(f)) return;
    bool is_bytes = f->base == BASE_VECTOR && f->element == BASE_UBYTE;
    if (f->base != BASE_STRING && !is_bytes)
        error_at(e, at, "personal %s.%s is neither a string nor bytes; make it 'string' or '[ubyte]'", of->is.name,
            f->is.name);
    check_subject(of, f, e);
    if (f->required || f->key)
        error_at(e, at, "personal %s.%s is %s too, but once forgotten it says nothing any more; remove one of the two",
            of->is.name, f->is.name, f->required ? "required" : "a key");
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        if (attribute_of(&f->is, never[i]) == NULL) continue;
        error_at(e, at, "personal %s.%s is %s too, which would be kept readable; remove one of the two", of->is.name,
            f->is.name, never[i]);
    }
}

/* Is the one, by name and place, a copy of the other's personal field? */
static bool
inherits(const acti_table *of, const acti_table *from)
{
    if (from->role != ROLE_EVENT && from->role != ROLE_COMMAND) return false;
    switch (of->role) {
    case ROLE_STATE:
        return strcmp(from->owner, of->is.name) == 0;
    case ROLE_EVENT:
    case ROLE_COMMAND:
        return strcmp(from->owner, of->owner) == 0;
    case ROLE_READ_MODEL:
    case ROLE_PROCESS_MANAGER:
        return true;
    default:
        return false;
    }
}

/* What is personal in an event is so wherever it is copied to: there it has the same name, as a rule. */
static void
check_inherited(const acti_model *m, const acti_table *of, const acti_field *f, acti_errors *e)
{
    if (is_personal(f) || (f->base != BASE_STRING && f->base != BASE_VECTOR)) return;
    for (uint32_t i = 0; i < m->table_count; i++) {
        const acti_table *from = &m->tables[i];
        const acti_field *source = inherits(of, from) ? field_named(from, f->is.name) : NULL;
        if (source == NULL || !is_personal(source) || source->base != f->base) continue;
        error_at(e, f->is.at,
            "%s.%s has the name of %s.%s, which is personal, and would keep what is to be forgotten; write (personal: "
            "\"…\") here too, or give it another name",
            of->is.name, f->is.name, from->is.name, f->is.name);
        return;
    }
}

static void
check_place(const acti_table *of, const acti_field *f, const char *name, acti_role role, const char *roles, bool fits,
    const char *types, acti_errors *e)
{
    if (attribute_of(&f->is, name) == NULL) return;
    if (of->role != role)
        error_at(e, place_of(&f->is, name), "%s.%s has the attribute %s, which only fields of %s have; remove it",
            of->is.name, f->is.name, name, roles);
    else if (!fits)
        error_at(e, place_of(&f->is, name), "%s.%s has the attribute %s, but is no %s", of->is.name, f->is.name, name,
            types);
}

/* It becomes a string of C, and a part of names in the store. */
static bool
is_plain_text(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == '"' || *c == '\\' || *c == 0x7f) return false;
    return true;
}

/* What is in a union lies in the buffer as it was given: nothing in it could be sealed, or redacted. */
static void
check_union(const acti_model *m, const acti_table *of, const acti_field *f, acti_errors *e)
{
    if (!is_union(f) || f->enumeration == NULL) return;
    for (uint32_t i = 0; i < f->enumeration->value_count; i++) {
        const acti_table *variant = f->enumeration->values[i].table;
        if (variant == NULL || variant->is_struct || !table_leads_to_marks(m, variant, e->arena)) continue;
        error_at(e, f->is.at,
            "%s.%s may be a %s, in which a field has attributes such as personal; those aren't seen inside of a union: "
            "give %s a field of its own",
            of->is.name, f->is.name, variant->is.name, variant->is.name);
    }
}

bool
is_indexed(const acti_field *f)
{
    return attribute_of(&f->is, "index") != NULL;
}

/* Values that sort by their bytes, in eight of them. */
static void
check_index(const acti_table *of, const acti_field *f, acti_errors *e)
{
    bool is_whole = f->base >= BASE_BOOL && f->base <= BASE_LONG;

    if (!is_indexed(f)) return;
    check_place(of, f, "index", ROLE_READ_MODEL, "read models", f->base == BASE_STRING || (is_whole && !f->optional),
        "string, nor a whole number of at most 64 bits with a sign that is always there", e);
    if (attribute_of(&f->is, "identity") != NULL)
        error_at(e, place_of(&f->is, "index"), "%s.%s is the identity, by which rows are found anyway; remove index",
            of->is.name, f->is.name);
}

static void
check_marks_of(const acti_model *m, const acti_table *of, const acti_field *f, acti_errors *e)
{
    bool is_string = f->base == BASE_STRING;
    bool is_strings = f->base == BASE_VECTOR && f->element == BASE_STRING;

    check_personal(of, f, e);
    check_inherited(m, of, f, e);
    check_union(m, of, f, e);
    check_place(of, f, "unique", ROLE_STATE, "states", is_string, "string", e);
    check_index(of, f, e);
    check_place(of, f, "tag", ROLE_EVENT, "events", is_string || is_strings, "string, nor a vector of strings", e);
    if (attribute_of(&f->is, "tag") != NULL && !is_plain_text(attribute_of(&f->is, "tag")))
        error_at(e, place_of(&f->is, "tag"), "the tag of %s.%s has quotes, a backslash or a control character",
            of->is.name, f->is.name);
    if (attribute_of(&f->is, "redacted") != NULL && !is_string && !is_strings)
        error_at(e, place_of(&f->is, "redacted"),
            "%s.%s has the attribute redacted, but is no string, nor a vector of strings", of->is.name, f->is.name);
}

/* All commands of an aggregate say the same, if they say anything. */
static void
check_prefix(const acti_model *m, const acti_table *state, acti_errors *e)
{
    const acti_table *first = NULL, *t = NULL;

    while ((t = model_next(m, t, ROLE_COMMAND, state->is.name)) != NULL) {
        const char *prefix = t->identity != NULL ? attribute_of(&t->identity->is, "identity") : "";
        if (prefix[0] == '\0') continue;
        acti_place at = place_of(&t->identity->is, "identity");
        const char *known = first != NULL ? attribute_of(&first->identity->is, "identity") : prefix;
        if (strcmp(prefix, known) != 0)
            error_at(e, at, "the identity of %s has the prefix '%s', that of %s has '%s'; the streams of %s have one",
                t->is.name, prefix, first->is.name, known, state->is.name);
        if (prefix[0] == '$' || strlen(prefix) > PREFIX_MAX)
            error_at(e, at, "the prefix '%.40s' %s; choose another", prefix,
                prefix[0] == '$' ? "begins as the store's own streams do" : "is longer than 256 bytes");
        else if (!is_plain_text(prefix))
            error_at(e, at, "the prefix of %s has quotes, a backslash or a control character; choose another",
                state->is.name);
        if (first == NULL) first = t;
    }
}

static void
check_same_prefix(const acti_model *m, const acti_table *state, acti_errors *e)
{
    for (const acti_table *t = NULL; (t = model_next(m, t, ROLE_STATE, NULL)) != NULL && t != state;) {
        if (strcmp(stream_prefix(m, t, e->arena), stream_prefix(m, state, e->arena)) != 0) continue;
        error_at(e, state->is.at, "the streams of %s and %s have the same prefix '%s'; give one another", t->is.name,
            state->is.name, stream_prefix(m, state, e->arena));
    }
}

/* Marks aren't followed into the bytes of a nested buffer. */
static void
check_nested(const acti_model *m, const acti_table *of, const acti_field *f, acti_errors *e)
{
    if (f->nested == NULL || !table_leads_to_marks(m, f->nested, e->arena)) return;
    error_at(e, f->is.at,
        "%s.%s is a buffer of %s, in which a field has attributes such as personal; those aren't seen inside of it: "
        "make it a field of the type %s",
        of->is.name, f->is.name, f->nested->is.name, f->nested->is.name);
}

void
marks_check(const acti_model *m, acti_errors *e)
{
    for (uint32_t i = 0; i < m->table_count; i++) {
        const acti_table *of = &m->tables[i];
        for (uint32_t k = 0; k < of->field_count && of->is.text != NULL; k++)
            check_marks_of(m, of, &of->fields[k], e);
        for (uint32_t k = 0; k < of->field_count; k++)
            check_nested(m, of, &of->fields[k], e);
        for (size_t k = 0; k < MARK_COUNT && of->is.text != NULL; k++) {
            if (attribute_of(&of->is, mark_names[k]) == NULL) continue;
            error_at(e, place_of(&of->is, mark_names[k]),
                "%s has the attribute %s, which single fields have; write it behind the field", of->is.name,
                mark_names[k]);
        }
        if (of->role == ROLE_STATE) check_prefix(m, of, e);
        if (of->role == ROLE_STATE) check_same_prefix(m, of, e);
    }
}

/* -- what is made of them -- */

const char *
stream_prefix(const acti_model *m, const acti_table *state, acti_arena *arena)
{
    const acti_table *t = NULL;

    while ((t = model_next(m, t, ROLE_COMMAND, state->is.name)) != NULL) {
        const char *prefix = t->identity != NULL ? attribute_of(&t->identity->is, "identity") : "";
        if (prefix[0] != '\0') return prefix;
    }
    return arena_format(arena, "%s-", state->is.name);
}

static void
put_mark(const acti_model *m, const acti_table *of, const acti_field *f, FILE *out, acti_arena *arena)
{
    const char *tag = attribute_of(&f->is, "tag");
    const char *what = "";

    for (size_t i = 0; i < MARK_COUNT; i++)
        if (attribute_of(&f->is, mark_names[i]) != NULL)
            what = arena_format(arena, "%s | ACTA_MARK_%s", what, mark_constants[i]);
    bool holds = holds_marks(m, f, arena);
    if (holds) what = arena_format(arena, "%s | ACTA_MARK_HOLDS", what);
    if (what[0] == '\0') return;

    const char *items[6] = { of->is.c_name, f->is.name, arena_format(arena, "%u", f->id), kind_name(f), what + 3 };
    const char *macro = "ACTA_MARK(";
    uint32_t count = 5;
    if (holds) {
        macro = "ACTA_HOLDS_MARK(";
        items[count++] = f->table->is.c_name;
    } else if (is_personal(f)) {
        macro = "ACTA_PERSONAL_MARK(";
        items[count++] = attribute_of(&f->is, "personal");
    } else if (tag != NULL) {
        macro = "ACTA_TAG_MARK(";
        items[count++] = arena_format(arena, "\"%s\"", tag[0] != '\0' ? tag : f->is.name);
    }
    put_list(out, 4, macro, items, count, "),\n");
}

bool
has_marks(const acti_model *m, const acti_table *of, acti_arena *arena)
{
    for (uint32_t i = 0; i < of->field_count; i++)
        if (has_own_mark(&of->fields[i]) || holds_marks(m, &of->fields[i], arena)) return true;
    return false;
}

void
put_marks(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    if (!has_marks(m, of, arena)) return;
    fprintf(out, "static const acta_mark %s_marks[] = {\n", of->is.c_name);
    for (uint32_t i = 0; i < of->field_count; i++)
        put_mark(m, of, &of->fields[i], out, arena);
    fputs("};\n", out);
}
