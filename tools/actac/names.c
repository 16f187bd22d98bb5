/*
 * Names: what the generated code will be called must be possible in C and C++, and no two things may be called the same.
 *
 * All names are put into one list together with the place of what they come from; a second entry is the error.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* Of C11 and C++20, and what the standard headers define as macros. */
static const char *const taken[] = { "EOF", "FALSE", "NULL", "TRUE", "alignas", "alignof", "and", "and_eq", "asm",
    "assert", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "char16_t", "char32_t", "char8_t",
    "class", "co_await", "co_return", "co_yield", "compl", "complex", "concept", "const", "const_cast", "consteval",
    "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double", "dynamic_cast", "else",
    "enum", "errno", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int",
    "linux", "long", "mutable", "namespace", "new", "noexcept", "noreturn", "not", "not_eq", "nullptr", "offsetof",
    "operator", "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "restrict",
    "return", "short", "signed", "sizeof", "static", "static_assert", "static_cast", "stderr", "stdin", "stdout",
    "struct", "switch", "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename",
    "union", "unix", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq" };

typedef struct name {
    const char *text;
    const char *what; /* it comes from: "table Deposit" */
    acti_place at;
} name;

typedef struct names {
    name *list;
    size_t count;
    size_t room;
    acti_errors *errors;
} names;

static int
compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
check_word(acti_errors *e, const char *what, const acti_common *of)
{
    if (of->at.line == 0) return; /* of an included file, and told there */
    if (bsearch(&of->name, taken, sizeof taken / sizeof taken[0], sizeof taken[0], compare_words) != NULL)
        error_at(e, of->at, "%s '%s' is a word of C or C++; choose another name", what, of->name);
}

static void
declare(names *n, const acti_common *of, const char *what, const char *text)
{
    if (n->count == n->room) {
        size_t room = n->room == 0 ? 256 : n->room * 2;
        name *list = arena_alloc(n->errors->arena, room * sizeof *list);
        if (n->count != 0) memcpy(list, n->list, n->count * sizeof *list);
        n->list = list;
        n->room = room;
    }
    n->list[n->count++] = (name){ text, arena_format(n->errors->arena, "%s %s", what, of->name), of->at };
}

/* c_name + each of the endings, which stand behind one another as "_read\0_write\0". */
static void
declare_all(names *n, const acti_common *of, const char *what, const char *endings)
{
    for (const char *ending = endings; *ending != '\0'; ending += strlen(ending) + 1)
        declare(n, of, what, arena_format(n->errors->arena, "%s%s", of->c_name, ending));
}

static void
declare_fields(names *n, const acti_table *of)
{
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        check_word(n->errors, "field", &f->is);
        if (of->role == ROLE_EVENT && f->base == BASE_STRING) declare(n, &f->is, "field", f->is.c_name);
        if (f->nested != NULL) declare_all(n, &f->is, "field", "_decode\0");
        if (is_mutable(of) && is_collection(f)) declare_all(n, &f->is, "field", "_put\0_remove\0_find\0_count\0_at\0");
        if (is_mutable(of) && is_assigned(f)) declare_all(n, &f->is, "field", "_assign\0");
    }
}

static void
declare_union(names *n, const acti_enumeration *of)
{
    declare_all(n, &of->is, "union", "_type\0_type_name\0_vector\0_vector_at\0_union\0_members\0");
    for (uint32_t i = 0; i < of->value_count; i++) {
        const acti_common *member = &of->values[i].is;
        check_word(n->errors, "member", member);
        if (strcmp(member->name, "type") == 0 && member->at.line != 0)
            error_at(n->errors, member->at,
                "member 'type' of union %s would stand beside the union's own 'type'; give it another name, such as "
                "'kind: type'",
                of->is.name);
    }
}

static void
declare_table(names *n, const acti_model *m, const acti_table *of)
{
    acti_arena *a = n->errors->arena;
    const char *macro = arena_format(a, "%s%s", m->macro, upper_snake(of->is.name, a));

    const char *kind = of->is_struct ? "struct" : "table";

    check_word(n->errors, kind, &of->is);
    declare(n, &of->is, kind, of->is.c_name);
    declare_all(n, &of->is, kind, "_table\0_fields\0_vector\0_ref\0_vector_at\0_ref_get\0");
    declare_all(n, &of->is, kind, of->is_struct ? "_optional\0" : "_verify\0_decode\0_write\0_read\0");
    if (of->key != NULL) declare_all(n, &of->is, kind, "_vector_find\0_sort\0");
    if (of->role == ROLE_COMMAND)
        declare_all(n, &of->is, "command", "_dispatch\0_dispatch_async\0_schedule\0_send\0_send_at\0_send_after\0");
    if (of->role == ROLE_EVENT) declare_all(n, &of->is, "event", "_emit\0_upcast\0");
    if (of->role == ROLE_READ_MODEL)
        declare_all(n, &of->is, "read model", "_get\0_put\0_remove\0_find\0_each\0_visit\0_visit_row\0");
    for (uint32_t i = 0; i < of->field_count; i++)
        if (is_indexed(&of->fields[i]))
            declare(n, &of->fields[i].is, "index", arena_format(a, "%s_by_%s", of->is.c_name, of->fields[i].is.name));
    if (of->role == ROLE_PROCESS_MANAGER) {
        declare_all(n, &of->is, "process manager", "_process_manager\0_on\0_code\0_settings\0");
        declare(n, &of->is, "process manager", macro);
    }
    if (of->role == ROLE_STATE) {
        declare_all(n, &of->is, "state", "_aggregate\0_execute\0_apply\0_code\0_settings\0");
        declare(n, &of->is, "state", macro);
        for (const acti_table *t = model_next(m, NULL, ROLE_EVENT, of->is.name); t != NULL;
             t = model_next(m, t, ROLE_EVENT, of->is.name))
            declare(n, &t->is, "event", arena_format(a, "%s_ignore_%s", of->is.c_name, t->is.name));
    }
    declare_fields(n, of);
}

static void
declare_schema(names *n, const acti_model *m)
{
    static const char *const own[] = { "schema", "event_handler", "projection", "on_event", "on_projected",
        "event_handler_settings", "projection_settings", "event_handler_code", "projection_code", "reject", "upcasters",
        "upcasters_given", "upcasters_code" };
    acti_arena *a = n->errors->arena;
    acti_common *schema = arena_alloc(a, sizeof *schema);

    schema->name = m->namespace;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        declare(n, schema, "namespace", arena_format(a, "%s%s", m->prefix, own[i]));
    declare(n, schema, "namespace", arena_format(a, "%sEVENT_HANDLER", m->macro));
    declare(n, schema, "namespace", arena_format(a, "%sPROJECTION", m->macro));
    declare(n, schema, "namespace", arena_format(a, "%sUPCASTERS", m->macro));
}

static int
compare_names(const void *a, const void *b)
{
    const name *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    if (order != 0) return order;
    if (x->at.line != y->at.line) return x->at.line < y->at.line ? -1 : 1;
    return (x->at.column > y->at.column) - (x->at.column < y->at.column);
}

static void
collect(names *n, const acti_model *m, acti_errors *e)
{
    declare_schema(n, m);
    for (uint32_t i = 0; i < m->enum_total; i++) {
        const acti_enumeration *of = &m->enums[i];
        check_word(e, "enum", &of->is);
        declare(n, &of->is, "enum", of->is.c_name);
        if (of->is_union)
            declare_union(n, of);
        else
            declare_all(n, &of->is, "enum", "_name\0_optional\0");
        for (uint32_t v = 0; v < of->value_count; v++)
            declare(n, &of->values[v].is, "value", of->values[v].is.c_name);
    }
    for (uint32_t i = 0; i < m->table_total; i++)
        declare_table(n, m, &m->tables[i]);
}

void
names_check(const acti_model *m, acti_errors *e)
{
    names n = { .errors = e };

    collect(&n, m, e);
    qsort(n.list, n.count, sizeof *n.list, compare_names);
    for (size_t i = 1; i < n.count; i++) {
        bool is_here = n.list[i].at.line != 0; /* else both are of included files */
        if (is_here && strcmp(n.list[i - 1].text, n.list[i].text) == 0)
            error_at(e, n.list[i].at, "%s makes the C name '%s', which %s makes already; rename one of them",
                n.list[i].what, n.list[i].text, n.list[i - 1].what);
    }
}

/* Names of old versions begin with "bank_v1_", which no others do. */
void
names_check_old(const acti_model *m, const acti_model *old, acti_errors *e)
{
    names n = { .errors = &(acti_errors){ .file = e->file, .arena = e->arena } }; /* told before */
    acti_place last = { 0, 0 };

    collect(&n, m, n.errors);
    for (size_t i = 0; i < n.count; i++) {
        acti_place at = n.list[i].at.line != 0 ? n.list[i].at : (acti_place){ 1, 1 };
        bool is_taken = strncmp(n.list[i].text, old->prefix, strlen(old->prefix)) == 0 ||
                        strncmp(n.list[i].text, old->macro, strlen(old->macro)) == 0;
        if (!is_taken || (at.line == last.line && at.column == last.column)) continue;
        error_at(e, at, "%s makes the C name '%s'; those that begin with '%s' are of %s: rename it", n.list[i].what,
            n.list[i].text, old->prefix, old->file);
        last = at;
    }
}
