/*
 * A YAML text as nodes that know their place: what libyaml's events say, and nothing more.
 *
 * An alias is a node of its own that points at what it stands for. One that stands within what it stands for is refused
 * where it is written, so that nodes never form a cycle and whoever walks them comes to an end; how often a node is
 * walked by aliases is for the walker to bound. Tags have no meaning here and are refused; so is a second document.
 *
 * Bounded: depth of nodes (this file recurses as deep), anchors (looked up one by one). The size of the text bounds the
 * rest, as each node takes a byte of it at least.
 */
#include "tree_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum {
    LEVELS_A_SUPERVISOR = 3, /* its mapping, the list of its children, a child's mapping */
    DEPTH_MAX = LEVELS_A_SUPERVISOR * ACTA_TREE_DEPTH_MAX + 5,
    ANCHOR_MAX = 1000
};

typedef struct anchor {
    struct anchor *older;
    const char *name;
    acti_yaml *node;
} anchor;

typedef struct reader {
    acti_loader *loader;
    acta_str text;
    yaml_parser_t parser;
    anchor *anchors;
    uint32_t anchor_count;
    uint32_t depth;
} reader;

/* What is quoted of the text must not break the line. */
static void
blank_controls(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = ' ';
    }
}

void
acti_tree_tell(acti_loader *loader, const acti_yaml *at, const char *format, ...)
{
    char place[ACTA_ERROR_TEXT_MAX / 2], what[ACTA_ERROR_TEXT_MAX];
    acta_error *error = loader->error;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    blank_controls(what);
    snprintf(place, sizeof place, "%.200s:%u:%u", loader->file, at->line, at->column);
    acta_error_set(error, ACTA_INVALID, "%s: %s", place, what);
    if (error != NULL) snprintf(error->where, sizeof error->where, "%.*s", (int)sizeof error->where - 1, place);
}

static acti_yaml
place_of(yaml_mark_t mark)
{
    return (acti_yaml){ .line = (uint32_t)mark.line + 1, .column = (uint32_t)mark.column + 1 };
}

/* Where the byte at `offset` stands: libyaml's reader tells no more. */
static acti_yaml
place_of_offset(acta_str text, size_t offset)
{
    acti_yaml place = { .line = 1, .column = 1 };

    for (size_t i = 0; i < offset && i < text.size; i++) {
        bool continues = ((unsigned char)text.data[i] & 0xc0) == 0x80;
        if (text.data[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if (!continues)
            place.column++;
    }
    return place;
}

static acta_status
refuse_text(reader *r)
{
    const yaml_parser_t *parser = &r->parser;

    if (parser->error == YAML_MEMORY_ERROR) return acti_tree_no_memory(r->loader);
    if (parser->error == YAML_READER_ERROR) {
        acti_yaml at = place_of_offset(r->text, parser->problem_offset);
        return acti_tree_refuse(
            r->loader, &at, "no UTF-8 text: %s", parser->problem != NULL ? parser->problem : "unreadable");
    }
    acti_yaml at = place_of(parser->problem_mark);
    const char *problem = parser->problem != NULL ? parser->problem : "a mistake";
    if (parser->context == NULL) return acti_tree_refuse(r->loader, &at, "no YAML: %s", problem);
    return acti_tree_refuse(r->loader, &at, "no YAML: %s, %s from line %u, column %u", problem, parser->context,
        (uint32_t)parser->context_mark.line + 1, (uint32_t)parser->context_mark.column + 1);
}

static acta_status
next_event(reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? ACTA_OK : refuse_text(r);
}

/* -- anchors -- */

static acta_status
keep_anchor(reader *r, const yaml_char_t *name, acti_yaml *node)
{
    if (name == NULL) return ACTA_OK;
    if (r->anchor_count == ANCHOR_MAX)
        return acti_tree_refuse(r->loader, node, "more than %u anchors", (unsigned)ANCHOR_MAX);
    size_t size = strlen((const char *)name) + 1;
    anchor *a = acta_memory_alloc(r->loader->scratch, sizeof *a + size);
    if (a == NULL) return acti_tree_no_memory(r->loader);
    *a = (anchor){ .older = r->anchors, .name = memcpy(a + 1, name, size), .node = node };
    r->anchors = a;
    r->anchor_count++;
    return ACTA_OK;
}

static acta_status
find_anchor(reader *r, const char *name, acti_yaml *alias)
{
    const anchor *a = r->anchors; /* the last of a name counts */

    while (a != NULL && strcmp(a->name, name) != 0)
        a = a->older;
    if (a == NULL) return acti_tree_refuse(r->loader, alias, "nothing before is called '&%.60s'", name);
    if (a->node->is_open)
        return acti_tree_refuse(r->loader, alias,
            "'*%.60s' is a cycle: it stands within what it stands for, which begins in line %u", name, a->node->line);
    alias->target = a->node;
    return ACTA_OK;
}

/* -- nodes -- */

static acti_yaml *
new_node(reader *r, acti_yaml_kind kind, yaml_mark_t mark)
{
    acti_yaml *node = acta_memory_alloc(r->loader->scratch, sizeof *node);

    if (node == NULL) return NULL;
    *node = place_of(mark);
    node->kind = kind;
    return node;
}

static acta_status
take_scalar(reader *r, const yaml_event_t *event, acti_yaml *node)
{
    size_t size = event->data.scalar.length;
    char *copy = acta_memory_alloc(r->loader->scratch, size + 1);

    if (copy == NULL) return acti_tree_no_memory(r->loader);
    memcpy(copy, event->data.scalar.value, size);
    node->text = acta_str_from(copy, size);
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return keep_anchor(r, event->data.scalar.anchor, node);
}

static void
append(acti_yaml *parent, acti_yaml *child)
{
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
}

static acta_status read_node(reader *r, const yaml_event_t *event, acti_yaml **node_out);

/* The next node; *node_out NULL: the collection that it would be part of ends. */
static acta_status
read_next(reader *r, yaml_event_type_t end, acti_yaml **node_out)
{
    yaml_event_t event;

    *node_out = NULL;
    acta_status status = next_event(r, &event);
    if (status != ACTA_OK) return status;
    if (event.type != end) status = read_node(r, &event, node_out);
    yaml_event_delete(&event);
    return status;
}

static acta_status
read_collection(reader *r, const yaml_char_t *anchor_name, acti_yaml *node)
{
    bool is_mapping = node->kind == ACTI_YAML_MAPPING;
    acti_yaml *child;

    acta_status status = keep_anchor(r, anchor_name, node);
    if (status != ACTA_OK) return status;
    if (r->depth == DEPTH_MAX)
        return acti_tree_refuse(r->loader, node, "nested too deeply: supervisors may stand %u deep in one another",
            (unsigned)ACTA_TREE_DEPTH_MAX);
    r->depth++;
    node->is_open = true;
    for (;;) {
        status = read_next(r, is_mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, &child);
        if (status != ACTA_OK || child == NULL) break;
        append(node, child);
        if (!is_mapping) continue;
        if (acti_yaml_follow(child)->kind != ACTI_YAML_SCALAR) {
            status = acti_tree_refuse(r->loader, child, "a key must be a word");
            break;
        }
        status = read_next(r, YAML_NO_EVENT, &child->value); /* a key always has one */
        if (status != ACTA_OK) break;
    }
    node->is_open = false;
    r->depth--;
    return status;
}

static const yaml_char_t *
tag_of(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) return event->data.scalar.tag;
    if (event->type == YAML_SEQUENCE_START_EVENT) return event->data.sequence_start.tag;
    if (event->type == YAML_MAPPING_START_EVENT) return event->data.mapping_start.tag;
    return NULL;
}

static acti_yaml_kind
kind_of(yaml_event_type_t type)
{
    if (type == YAML_SCALAR_EVENT) return ACTI_YAML_SCALAR;
    if (type == YAML_ALIAS_EVENT) return ACTI_YAML_ALIAS;
    return type == YAML_MAPPING_START_EVENT ? ACTI_YAML_MAPPING : ACTI_YAML_LIST;
}

static acta_status
read_node(reader *r, const yaml_event_t *event, acti_yaml **node_out)
{
    acti_yaml *node = new_node(r, kind_of(event->type), event->start_mark);

    if (node == NULL) return acti_tree_no_memory(r->loader);
    *node_out = node;
    if (tag_of(event) != NULL)
        return acti_tree_refuse(r->loader, node, "the tag '%.60s' means nothing here", (const char *)tag_of(event));
    switch (node->kind) {
    case ACTI_YAML_SCALAR:
        return take_scalar(r, event, node);
    case ACTI_YAML_ALIAS:
        return find_anchor(r, (const char *)event->data.alias.anchor, node);
    case ACTI_YAML_MAPPING:
        return read_collection(r, event->data.mapping_start.anchor, node);
    default:
        return read_collection(r, event->data.sequence_start.anchor, node);
    }
}

/* -- the document -- */

/* Pass over an event; false: it is of another type, and none was passed. */
static acta_status
pass(reader *r, yaml_event_type_t expected, bool *was_there_out, acti_yaml *place_out)
{
    yaml_event_t event;

    acta_status status = next_event(r, &event);
    if (status != ACTA_OK) return status;
    *was_there_out = event.type == expected;
    *place_out = place_of(event.start_mark);
    yaml_event_delete(&event);
    return ACTA_OK;
}

static acta_status
read_document(reader *r, acti_yaml **root_out)
{
    acti_yaml place;
    bool was_there;

    acta_status status = pass(r, YAML_STREAM_START_EVENT, &was_there, &place);
    if (status == ACTA_OK) status = pass(r, YAML_DOCUMENT_START_EVENT, &was_there, &place);
    if (status != ACTA_OK) return status;
    if (!was_there) return acti_tree_refuse(r->loader, &place, "the text is empty; expected a supervisor");
    status = read_next(r, YAML_NO_EVENT, root_out);
    if (status == ACTA_OK) status = pass(r, YAML_DOCUMENT_END_EVENT, &was_there, &place);
    if (status == ACTA_OK) status = pass(r, YAML_STREAM_END_EVENT, &was_there, &place);
    if (status != ACTA_OK || was_there) return status;
    return acti_tree_refuse(r->loader, &place, "a second document; a text tells one tree");
}

acta_status
acti_yaml_parse(acti_loader *loader, acta_str text, acti_yaml **root_out)
{
    reader r = { .loader = loader, .text = text };

    if (!yaml_parser_initialize(&r.parser)) return acti_tree_no_memory(loader);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.data != NULL ? text.data : ""), text.size);
    acta_status status = read_document(&r, root_out);
    yaml_parser_delete(&r.parser);
    return status;
}
