/*
 * What the files of the supervision-tree configuration share.
 *
 *     text -> tree_yaml.c -> nodes -> tree_load.c -> acta_supervisor_options -> tree_print.c -> text
 *                                        |  tree_value.c: a node as a number, a word, a text
 *                                        |  tree_argument.c: fields of init's argument, in both directions
 *
 * Nodes lie in a memory of the load, options in the tree's; nothing is freed one by one.
 */
#ifndef ACTI_RUNTIME_TREE_INTERNAL_H
#define ACTI_RUNTIME_TREE_INTERNAL_H

#include "acta/tree.h"

/* ---- nodes: what the YAML text says, each with its place ---- */

typedef enum acti_yaml_kind { ACTI_YAML_SCALAR, ACTI_YAML_LIST, ACTI_YAML_MAPPING, ACTI_YAML_ALIAS } acti_yaml_kind;

typedef struct acti_yaml {
    acti_yaml_kind kind;
    uint32_t line, column; /* from 1 */
    acta_str text;         /* SCALAR; a NUL follows it */
    bool is_quoted;
    bool is_open;                   /* while it is read: an alias to it would be a cycle */
    uint32_t count;                 /* LIST, MAPPING */
    struct acti_yaml *first, *last; /* LIST: items; MAPPING: keys */
    struct acti_yaml *next;
    struct acti_yaml *value;  /* of a key */
    struct acti_yaml *target; /* ALIAS: what it stands for, which never contains the alias */
} acti_yaml;

/* A text and where it stands. */
typedef struct acti_mark {
    acta_str text;
    const acti_yaml *at;
} acti_mark;

/* What all steps of one load pass on. */
typedef struct acti_loader {
    const acta_tree_registry *registry;
    acta_memory *memory;  /* the tree's */
    acta_memory *scratch; /* for what goes when the load is through */
    const char *file;
    acta_error *error;
    uint32_t child_count; /* read so far; aliases count as often as they are used */
    uint32_t depth;       /* supervisors around what is being read */
    acti_mark *names;     /* that the tree registers, in no order */
    size_t name_count, name_capacity;
} acti_loader;

/* The text's one document. Errors: ACTA_INVALID with the place, ACTA_NO_MEMORY. */
acta_status acti_yaml_parse(acti_loader *loader, acta_str text, acti_yaml **root_out);

/* The node, or what it stands for. */
static inline const acti_yaml *
acti_yaml_follow(const acti_yaml *node)
{
    return node->kind == ACTI_YAML_ALIAS ? node->target : node;
}

/* A scalar that doesn't begin as a number does. */
bool acti_yaml_is_word(const acti_yaml *node);

/* ACTA_INVALID with "file:line:column: " and the text; `where` is the place alone. (A macro, so that the compiler sees
 * that nothing is written to an out-parameter then.) */
#define acti_tree_refuse(...) (acti_tree_tell(__VA_ARGS__), ACTA_INVALID)
void acti_tree_tell(acti_loader *loader, const acti_yaml *at, const char *format, ...) ACTA_PRINTF(3, 4);

static inline acta_status
acti_tree_no_memory(acti_loader *loader)
{
    acta_error_set(loader->error, ACTA_NO_MEMORY, "no memory to load '%s'", loader->file);
    return ACTA_NO_MEMORY;
}

/* ---- values ---- */

/* A word and what it means; lists of them end with NULL. */
typedef struct acti_word {
    const char *word;
    int value;
} acti_word;

extern const acti_word acti_tree_strategies[], acti_tree_restarts[], acti_tree_auto_shutdowns[], acti_tree_overflows[];

/* "; did you mean 'near'?", or "; expected one of: a, b, c" when none is near. `words` are `count` elements of `stride`
 * bytes that each begin with a const char *. Returns `hint`. */
enum { ACTI_HINT_MAX = 240 };
const char *acti_tree_hint(char hint[ACTI_HINT_MAX], acta_str word, const void *words, size_t count, size_t stride);

/* Each takes `key` for its messages, and writes its out-parameter on success only. */
acta_status acti_tree_word(acti_loader *loader, const char *key, const acti_yaml *node, const char *what,
    const acti_word *words, int *value_out);
acta_status acti_tree_bool(acti_loader *loader, const char *key, const acti_yaml *node, bool *value_out);
acta_status acti_tree_int(
    acti_loader *loader, const char *key, const acti_yaml *node, int64_t min, int64_t max, int64_t *value_out);
/* `words`: what may stand there besides a number, as it ends the message; "" for nothing. */
acta_status acti_tree_uint(acti_loader *loader, const char *key, const acti_yaml *node, uint64_t min, uint64_t max,
    const char *words, uint64_t *value_out);
acta_status acti_tree_uint32(
    acti_loader *loader, const char *key, const acti_yaml *node, uint32_t min, uint32_t max, uint32_t *value_out);
/* Milliseconds, or a number with ms, s, min or h behind it. */
acta_status acti_tree_duration(acti_loader *loader, const char *key, const acti_yaml *node, uint64_t min, uint64_t max,
    const char *words, uint64_t *value_out);
/* A duration of a supervisor: 1 to 2,147,483,647 ms. */
acta_status acti_tree_ms(
    acti_loader *loader, const char *key, const acti_yaml *node, const char *words, uint32_t *value_out);
/* A copy in the tree's memory. Without NUL in it, and one behind it. */
acta_status acti_tree_text(
    acti_loader *loader, const char *key, const acti_yaml *node, size_t min, size_t max, acta_str *value_out);

/* ---- mappings ---- */

/* A key of a mapping, and what reads its value into the struct that the mapping stands for; NULL: the caller does.
 * Tables of them end with a name of NULL. */
typedef struct acti_key {
    const char *name;
    acta_status (*read)(acti_loader *loader, const char *key, const acti_yaml *node, void *into);
} acti_key;

enum { ACTI_TREE_KEYS_MAX = 16 };
extern const acti_key acti_tree_supervisor_keys[], acti_tree_backoff_keys[], acti_tree_child_keys[];

/* Read a mapping by its keys. `seen_out[i]`: the node of keys[i], NULL when it isn't there. Refuses what is no mapping,
 * a key that isn't among them, and one that is there twice. */
acta_status acti_tree_mapping(acti_loader *loader, const char *what, const acti_yaml *node, const acti_key *keys,
    void *into, const acti_yaml *seen_out[ACTI_TREE_KEYS_MAX]);
/* The two steps of it. `lacks`: how a message about an unknown key begins, "a child has no". */
acta_status acti_tree_must_be_mapping(acti_loader *loader, const char *what, const acti_yaml *node);
acta_status acti_tree_find_key(acti_loader *loader, const char *lacks, const acti_yaml *key, const void *words,
    size_t count, size_t stride, const acti_yaml **seen, size_t *index_out);

/* ---- options ---- */

enum { ACTI_TREE_NAME_MAX = 512 }; /* bytes of a registered name */

/* The whole: a supervisor that is no child. */
acta_status acti_tree_top(acti_loader *loader, const acti_yaml *node, acta_supervisor_options *options);
acta_status acti_tree_supervisor(acti_loader *loader, const acti_yaml *node, acta_supervisor_options *options);
/* `id_out`: for finding those that are there twice. */
acta_status acti_tree_child(acti_loader *loader, const acti_yaml *node, acta_child_spec *spec, acti_mark *id_out);
/* By its behaviour, or by its type alone: supervisor.h. */
bool acti_tree_is_supervisor(const acta_child_spec *spec);
/* A name to be registered, which may be there once in the whole. */
acta_status acti_tree_name(acti_loader *loader, const char *key, const acti_yaml *node, acta_str *name_out);

/* What is to be said of children, in remarks behind their ids: of those of one supervisor. */
typedef struct acti_tree_remarks {
    const struct acti_tree_remarks *next;
    const acta_child_spec *children; /* whose these are, by their address */
    const char **words;              /* one a child; NULL: nothing */
} acti_tree_remarks;

/* acta_tree_print with remarks. */
acta_status acti_tree_print(const acta_tree_registry *registry, const acta_supervisor_options *options,
    const acti_tree_remarks *remarks, acta_memory *memory, acta_str *text_out, acta_error *error);

/* ---- init's arguments ---- */

/* Are the registry's entries and their fields such as tree.h wants them? */
acta_status acti_tree_check_registry(const acta_tree_registry *registry, acta_error *error);
/* By its name; refuses one that isn't there. */
acta_status acti_tree_entry(
    acti_loader *loader, const acti_yaml *node, acta_str name, const acta_tree_behaviour **entry_out);
/* By its behaviour; NULL: it isn't registered. */
const acta_tree_behaviour *acti_tree_find(const acta_tree_registry *registry, const acta_behaviour *behaviour);
const char *acti_tree_behaviour_name(const acta_tree_behaviour *entry);
/* `node` NULL: there are no arguments. `at`: where a field that is missing is reported. */
acta_status acti_tree_argument(acti_loader *loader, const acta_tree_behaviour *entry, const acti_yaml *at,
    const acti_yaml *node, const void **argument_out);

/* ---- text that is read and printed ---- */

/* At most size_max + 1 bytes of a file. ACTA_IO, ACTA_NO_MEMORY. */
acta_status acti_tree_read_file(
    const char *path, acta_memory *memory, size_t size_max, acta_str *text_out, acta_error *error);

typedef struct acti_page {
    acta_memory *memory;
    char *data; /* with a NUL behind it */
    size_t size, capacity;
    bool failed; /* there was no memory; what came after it was dropped */
} acti_page;

void acti_page_add(acti_page *text, acta_str more);
/* At most 199 bytes. */
void acti_page_addf(acti_page *text, const char *format, ...) ACTA_PRINTF(2, 3);
/* Plain or in quotes, such that it is read as the same. False: it is no UTF-8, and nothing was added. */
bool acti_page_add_scalar(acti_page *text, acta_str s);

#endif
