/*
 * Scanner: where the names stand in a .fbs. flatc has parsed the file already and refused what is wrong in it, so this
 * one only has to find its way: declarations, their members, and the attributes behind both.
 *
 *     table NAME (attributes) { NAME : type = default (attributes); … }
 *     enum NAME : type (attributes) { NAME = number (attributes), … }
 */
#include "internal.h"

#include <ctype.h>
#include <string.h>

typedef enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_OTHER } token_kind;

typedef struct scanner {
    const char *namespace; /* the one in force; "" for none */
    const char *next;
    uint32_t line;
    const char *line_begin;
    acti_arena *arena;

    /* The token in hand. */
    token_kind kind;
    const char *text;
    size_t size;
    acti_place at;
} scanner;

static void
skip_line(scanner *s)
{
    while (*s->next != '\0' && *s->next != '\n')
        s->next++;
}

static void
skip_comment(scanner *s)
{
    for (s->next += 2; *s->next != '\0' && strncmp(s->next, "*/", 2) != 0; s->next++) {
        if (*s->next != '\n') continue;
        s->line++;
        s->line_begin = s->next + 1;
    }
    if (*s->next != '\0') s->next += 2;
}

static void
skip_space(scanner *s)
{
    for (;;) {
        if (*s->next == '\n') {
            s->line++;
            s->line_begin = ++s->next;
        } else if (*s->next != '\0' && isspace((unsigned char)*s->next)) {
            s->next++;
        } else if (strncmp(s->next, "//", 2) == 0) {
            skip_line(s);
        } else if (strncmp(s->next, "/*", 2) == 0) {
            skip_comment(s);
        } else {
            return;
        }
    }
}

static void
advance(scanner *s)
{
    skip_space(s);
    s->text = s->next;
    s->at = (acti_place){ s->line, (uint32_t)(s->next - s->line_begin) + 1 };
    if (*s->next == '\0') {
        s->kind = TOKEN_END;
    } else if (isalnum((unsigned char)*s->next) || *s->next == '_') {
        s->kind = TOKEN_NAME;
        while (isalnum((unsigned char)*s->next) || *s->next == '_' || *s->next == '.')
            s->next++;
    } else if (*s->next == '"' || *s->next == '\'') {
        char quote = *s->next++;
        s->kind = TOKEN_STRING;
        while (*s->next != '\0' && *s->next != '\n' && *s->next != quote)
            s->next += s->next[0] == '\\' && s->next[1] ? 2 : 1;
        if (*s->next == quote) s->next++;
    } else {
        s->kind = TOKEN_OTHER;
        s->next++;
    }
    s->size = (size_t)(s->next - s->text);
}

static bool
is(const scanner *s, const char *text)
{
    return s->kind != TOKEN_END && strlen(text) == s->size && memcmp(s->text, text, s->size) == 0;
}

/* The name in hand, without quotes. */
static const char *
take_name(scanner *s)
{
    bool quoted = s->kind == TOKEN_STRING && s->size >= 2;
    const char *name = arena_copy(s->arena, s->text + quoted, s->size - 2 * (size_t)quoted);
    advance(s);
    return name;
}

/* `list` with one more, zeroed element; doubles its room at each power of two. */
static void *
grown(scanner *s, void *list, uint32_t count, size_t size)
{
    if ((count & (count - 1)) != 0) return list; /* there is room until the next power */
    char *bigger = arena_alloc(s->arena, (count == 0 ? 1 : 2 * (size_t)count) * size);
    if (count != 0) memcpy(bigger, list, count * size);
    return bigger;
}

/* ( name, name: value, … ) */
static void
scan_attributes(scanner *s, acti_scanned *of)
{
    if (!is(s, "(")) return;
    advance(s);
    while (s->kind != TOKEN_END && !is(s, ")")) {
        if (s->kind == TOKEN_NAME || s->kind == TOKEN_STRING) {
            of->attributes = grown(s, of->attributes, of->attribute_count, sizeof *of->attributes);
            acti_scanned_attribute *attribute = &of->attributes[of->attribute_count++];
            attribute->at = s->at;
            attribute->name = take_name(s);
        }
        while (s->kind != TOKEN_END && !is(s, ",") && !is(s, ")"))
            advance(s); /* its value */
        if (is(s, ",")) advance(s);
    }
    advance(s);
}

/* One field or enum value, to behind its end. */
static void
scan_member(scanner *s, acti_scanned *of)
{
    of->members = grown(s, of->members, of->member_count, sizeof *of->members);
    acti_scanned *member = &of->members[of->member_count++];

    member->at = s->at;
    member->name = take_name(s);
    while (s->kind != TOKEN_END && !is(s, ";") && !is(s, ",") && !is(s, "}")) {
        if (is(s, "(")) {
            scan_attributes(s, member);
        } else if (is(s, "=")) {
            advance(s);
            member->value = arena_copy(s->arena, s->text, s->size);
        } else {
            advance(s);
        }
    }
    if (!is(s, "}")) advance(s);
}

static void
scan_type(scanner *s, acti_scan *out)
{
    advance(s);
    if (s->kind != TOKEN_NAME) return;
    out->types = grown(s, out->types, out->type_count, sizeof *out->types);
    acti_scanned *type = &out->types[out->type_count++];

    type->at = s->at;
    type->name = take_name(s);
    type->full_name = arena_format(s->arena, "%s%s%s", s->namespace, s->namespace[0] != '\0' ? "." : "", type->name);
    while (s->kind != TOKEN_END && !is(s, "{")) {
        if (is(s, "("))
            scan_attributes(s, type);
        else
            advance(s);
    }
    advance(s);
    while (s->kind != TOKEN_END && !is(s, "}")) {
        if (s->kind == TOKEN_NAME)
            scan_member(s, type);
        else
            advance(s);
    }
    advance(s);
}

static void
scan_namespace(scanner *s, acti_scan *out)
{
    out->namespaces = grown(s, out->namespaces, out->namespace_count, sizeof *out->namespaces);
    out->namespaces[out->namespace_count++] = s->at;
    advance(s);
    s->namespace = s->kind == TOKEN_NAME ? arena_copy(s->arena, s->text, s->size) : "";
}

static void
scan_include(scanner *s, acti_scan *out)
{
    acti_place at = s->at;

    advance(s);
    if (s->kind != TOKEN_STRING) return;
    out->includes = grown(s, out->includes, out->include_count, sizeof *out->includes);
    out->includes[out->include_count++] = (struct acti_include){ take_name(s), at };
}

static void
skip_braces(scanner *s)
{
    uint32_t depth = 0;

    while (s->kind != TOKEN_END) {
        if (is(s, "{")) depth++;
        if (is(s, "}") && --depth == 0) break;
        advance(s);
    }
    advance(s);
}

void
scan_text(const char *text, acti_arena *arena, acti_scan *out)
{
    scanner s = { .namespace = "", .next = text, .line = 1, .line_begin = text, .arena = arena };

    *out = (acti_scan){ 0 };
    advance(&s);
    while (s.kind != TOKEN_END) {
        if (is(&s, "table") || is(&s, "struct") || is(&s, "enum") || is(&s, "union")) {
            scan_type(&s, out);
        } else if (is(&s, "namespace")) {
            scan_namespace(&s, out);
        } else if (is(&s, "rpc_service")) {
            skip_braces(&s);
        } else if (is(&s, "include")) {
            scan_include(&s, out);
        } else {
            advance(&s);
        }
    }
}

const acti_scanned *
scan_find(const acti_scanned *list, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0) return &list[i];
    }
    return NULL;
}

const acti_scanned *
scan_find_type(const acti_scan *scan, const char *full_name)
{
    for (uint32_t i = 0; i < scan->type_count; i++) {
        if (strcmp(scan->types[i].full_name, full_name) == 0) return &scan->types[i];
    }
    return NULL;
}

acti_place
scan_attribute(const acti_scanned *of, const char *name)
{
    if (of == NULL) return (acti_place){ 0, 0 };
    for (uint32_t i = 0; i < of->attribute_count; i++) {
        if (strcmp(of->attributes[i].name, name) == 0) return of->attributes[i].at;
    }
    return of->at;
}
