/*
 * Trees: a whole supervision tree as a table, in C or in YAML, and a running one printed in the same form.
 *
 *     name: shop
 *     strategy: rest_for_one
 *     children:
 *       - id: clock
 *         behaviour: ticker
 *         arguments: { every_ms: 250ms }
 *       - id: workers
 *         supervisor:
 *           intensity: 10
 *           children:
 *             - { id: first, behaviour: worker, restart: transient }
 *
 *                      acta_tree_load                    acta_supervisor_start
 *     YAML text  ------------------------>  options  ----------------------------->  running tree
 *                <------------------------  (C table)                                     |
 *                ^     acta_tree_print                    acta_tree_dump                  |
 *                +------------------------------------------------------------------------+
 *
 * The form between is supervisor.h's own: acta_supervisor_options with acta_child_spec, where a child of type
 * ACTA_SUPERVISOR has the options of its supervisor as argument. A tree written in C is a static const table:
 *
 *     static const acta_child_spec workers[] = { { .id = "first", .start = { .behaviour = &worker } } };
 *     static const acta_supervisor_options workers_options = { .children = workers, .child_count = 1 };
 *     static const acta_child_spec top[] = {
 *         { .id = "workers", .type = ACTA_SUPERVISOR, .start = { .argument = &workers_options } } };
 *     static const acta_supervisor_options shop = { .name = { "shop", 4 }, .children = top, .child_count = 1 };
 *
 * YAML names behaviours by words, so a program registers those that it offers, with the fields of their init's
 * argument. docs/trees.md tells every key, its type and its default.
 */
#ifndef ACTA_TREE_H
#define ACTA_TREE_H

#include "acta/supervisor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ACTA_TREE_DEPTH_MAX = 32,       /* supervisors in one another */
    ACTA_TREE_CHILDREN_MAX = 10000, /* in all; what an alias stands for counts each time */
    ACTA_TREE_BYTES_MAX = 1 << 20,  /* of a text or file */
    ACTA_TREE_ID_MAX = 255          /* bytes of a child's id */
};

/* What a field of an argument is, and how it is written. */
typedef enum acta_tree_type {
    ACTA_TREE_BOOL = 1, /* bool: true, false */
    ACTA_TREE_INT,      /* int8_t to int64_t, by its size: -5 */
    ACTA_TREE_UINT,     /* uint8_t to uint64_t, by its size: 5 */
    ACTA_TREE_DURATION, /* uint32_t or uint64_t, in ms: 1500, or with a unit: 1500ms, 5s, 2min, 1h */
    ACTA_TREE_STRING    /* const char *, UTF-8 without NUL; lies in the tree's memory: plain, or in quotes */
} acta_tree_type;

/*
 * One field of the struct that a behaviour's init gets as its argument.
 *   name           its key, unique in its table
 *   type           and
 *   offset, size   where it lies: ACTA_TREE_MEMBER(struct, member)
 *   required       must be given; otherwise it stays zero (or NULL), which init takes for its default
 *   min, max       of a number: its value; of a duration: ms; of a string: bytes. max 0 with a min of 0 or more: as large
 *                  as it can be; both 0: anything that its type holds
 */
typedef struct acta_tree_field {
    const char *name;
    acta_tree_type type;
    size_t offset, size;
    bool required;
    int64_t min, max;
} acta_tree_field;

/* { "every_ms", ACTA_TREE_DURATION, ACTA_TREE_MEMBER(ticker_options, every_ms), .min = 1 } */
#define ACTA_TREE_MEMBER(type, member) offsetof(type, member), sizeof(((type *)0)->member)

/*
 * A behaviour that a text may name.
 *   name           the word for it; NULL: behaviour->name
 *   behaviour      one that no other entry has; not acta_supervisor_behaviour: supervisors have a form of their own
 *   argument_size  of the struct that init gets, zeroed and then filled by `fields`; 0: init gets NULL
 */
typedef struct acta_tree_behaviour {
    const char *name;
    const acta_behaviour *behaviour;
    size_t argument_size;
    const acta_tree_field *fields;
    uint32_t field_count;
} acta_tree_behaviour;

/* What a program lets a text name. All of it is borrowed, and must outlive the trees that were loaded by it. */
typedef struct acta_tree_registry {
    const acta_tree_behaviour *behaviours;
    uint32_t behaviour_count;
    const acta_allocator *allocator; /* for trees; NULL: malloc. The YAML parser's own memory is malloc's */
} acta_tree_registry;

/* A tree that was loaded: options, specs, names and arguments in one memory. */
typedef struct acta_tree acta_tree;

/*
 * Make a tree of a YAML text. Nothing is started: acta_supervisor_start(runtime, acta_tree_options(tree), …) does that.
 *   registry  the behaviours that may be named; kept as a reference
 *   text      UTF-8, at most ACTA_TREE_BYTES_MAX; copied
 *   file      its name in messages; NULL: "tree"
 *   tree_out  written on success; for acta_tree_destroy
 * Threads: any. Blocks: never.
 * Errors:  ACTA_INVALID    the registry or the text is not what it must be. The message of a mistake in the text says
 *                          where it is, what is wrong, what was expected and the nearest known word:
 *                          tree.yaml:7:15: 'one_for_al' is not a strategy; did you mean 'one_for_all'?
 *                          error->where is then the place alone (tree.yaml:7:15)
 *          ACTA_NO_MEMORY
 */
ACTA_API acta_status acta_tree_load(
    const acta_tree_registry *registry, acta_str text, const char *file, acta_tree **tree_out, acta_error *error);

/* The same from a file, whose path is what messages say. Blocks as long as reading takes. Errors: those of
 * acta_tree_load, and ACTA_IO: it can't be read. */
ACTA_API acta_status acta_tree_load_file(
    const acta_tree_registry *registry, const char *path, acta_tree **tree_out, acta_error *error);

/* The tree as the options of its top supervisor; valid as long as the tree, which must outlive what is started by it. */
ACTA_API const acta_supervisor_options *acta_tree_options(const acta_tree *tree);

/* Free a tree. Takes NULL. Nothing that was started by it may be alive: destroy the runtime first. */
ACTA_API void acta_tree_destroy(acta_tree *tree);

/*
 * Print options, whether loaded or written in C, as a text that acta_tree_load makes the same options of. Settings are
 * printed as they are in force: zero as the default that it stands for. Arguments are printed by their fields; those
 * that are zero and not required are left out.
 *   memory    the caller's, which the text lies in
 *   text_out  written on success; a NUL follows it
 * Threads: any, but nobody may change the options.
 * Errors: ACTA_INVALID  it can't be told in YAML, or not be loaded again: a behaviour that isn't registered, an id or
 *                       name that is no UTF-8, specs that a supervisor would refuse; ACTA_NO_MEMORY.
 */
ACTA_API acta_status acta_tree_print(const acta_tree_registry *registry, const acta_supervisor_options *options,
    acta_memory *memory, acta_str *text_out, acta_error *error);

/*
 * Print a running tree: what its supervisors would start now. Children that were added are there, those that were
 * deleted are not; one that was terminated and can be restarted is there, and one that waits for its restart too. How each
 * was when its supervisor was asked stands behind its id, as a comment that a load passes over: running, restarting,
 * stopped. What is below a supervisor that doesn't run has no comment. Left out is what the form can't tell: the children
 * of a simple_one_for_one, which is printed with its spec and their number, and temporary children whose argument was
 * copied and, as they have started, is gone.
 *   supervisor  any supervisor of the runtime: its tree is printed from there on
 *   memory, text_out  as for acta_tree_print
 * Threads: outside threads. Every supervisor of the tree is asked once; children that come and go meanwhile may be
 * there or not. What the arguments of children point to must not be freed meanwhile.
 * Errors: those of acta_tree_print; ACTA_NOPROC and ACTA_STOPPED: `supervisor` is not alive or ends; ACTA_INVALID: it is
 *         no supervisor; ACTA_CALLING_SELF: called from inside an actor.
 */
ACTA_API acta_status acta_tree_dump(const acta_tree_registry *registry, acta_runtime *runtime, acta_pid supervisor,
    acta_memory *memory, acta_str *text_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
