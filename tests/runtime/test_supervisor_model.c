/*
 * FZ-11: random trees of supervisors, with random exits, failing starts and requests, against a model of a few lines
 * that does everything in one go. After every step both must have done the same in the same order (the diary), and have
 * the same children in the same states. A failure names the seed: ACTA_FUZZ_SEED runs it alone, ACTA_FUZZ_RUNS sets how
 * many seeds are run (default 1,000).
 */
#include "nursery.h"

#define RUNTIME n->h.runtime

enum { POOL = 2, NODE_MAX = CHILD_MAX + 2, STEPS = 60, TIMES_MAX = 256 };

/* -- the model -- */

typedef struct node {
    const char *id;
    bool is_supervisor, is_static, is_there, runs;
    acta_restart restart;
    bool significant;
    worker *work; /* whose refusals the model counts for itself, in `refusals` */
    uint32_t refusals;
    struct node *parent;

    struct node *children[NODE_MAX]; /* static ones first, in order; then those that were added */
    uint32_t child_count;
    acta_supervisor_options options;
    acta_child_spec specs[NODE_MAX];
    uint64_t times_ms[TIMES_MAX]; /* of restarts */
    uint32_t time_count;
} node;

typedef struct model {
    node nodes[NODE_MAX + 1];
    node *top;
    uint32_t count;
    char diary[8000];
    uint64_t now_ms;
} model;

static model m;

static void
note(char what, const node *of)
{
    size_t used = strlen(m.diary);
    if (!of->is_supervisor) snprintf(m.diary + used, sizeof m.diary - used, "%c%s ", what, of->id);
}

static void
model_stop(node *it)
{
    if (!it->runs) return;
    for (uint32_t i = it->child_count; i-- > 0;)
        model_stop(it->children[i]);
    note('-', it);
    it->runs = false;
}

static void
model_forget(node *it)
{
    node *parent = it->parent;
    uint32_t at = 0;

    while (parent->children[at] != it)
        at++;
    memmove(&parent->children[at], &parent->children[at + 1], (--parent->child_count - at) * sizeof(node *));
    it->is_there = false;
    while (it->child_count > 0)
        model_forget(it->children[it->child_count - 1]);
}

/* A supervisor that starts has its static children, and no past. */
static void
model_reset(node *it)
{
    while (it->child_count > 0)
        model_forget(it->children[it->child_count - 1]);
    for (uint32_t i = 0; i < m.count; i++) {
        node *child = &m.nodes[i];
        if (child->parent != it || !child->is_static) continue;
        child->is_there = true;
        it->children[it->child_count++] = child;
    }
    it->time_count = 0;
}

static bool
model_start(node *it)
{
    if (it->refusals > 0) {
        it->refusals--;
        note('!', it);
        return false;
    }
    if (it->is_supervisor) model_reset(it);
    for (uint32_t i = 0; i < it->child_count; i++) {
        if (model_start(it->children[i])) continue;
        while (i-- > 0)
            model_stop(it->children[i]);
        return false;
    }
    note('+', it);
    it->runs = true;
    return true;
}

static bool
model_bear(node *it)
{
    uint32_t within = 0;

    if (it->options.intensity == ACTA_INTENSITY_NONE) return false;
    for (uint32_t i = 0; i < it->time_count; i++)
        within += m.now_ms - it->times_ms[i] <= it->options.period_ms;
    if (within >= it->options.intensity) return false;
    assert_true(it->time_count < TIMES_MAX);
    it->times_ms[it->time_count++] = m.now_ms;
    return true;
}

static void model_ended(node *it, bool well);

static void
model_end_supervisor(node *it)
{
    model_stop(it);
    if (it->parent != NULL) model_ended(it, true);
}

static void
model_restart_group(node *parent, uint32_t from)
{
    for (uint32_t i = parent->child_count; i-- > from;) {
        node *child = parent->children[i];
        bool ran = child->runs;
        model_stop(child);
        if (ran && child->restart == ACTA_TEMPORARY) model_forget(child);
    }
    for (uint32_t i = from; i < parent->child_count; i++) {
        if (model_start(parent->children[i])) continue;
        if (!model_bear(parent)) {
            model_end_supervisor(parent);
            return;
        }
        if (parent->options.strategy == ACTA_ONE_FOR_ALL) {
            model_restart_group(parent, 0);
            return;
        }
        i--; /* rest_for_one: the failed one again, and what is behind it */
    }
}

static bool
model_is_last_significant(const node *parent)
{
    if (parent->options.auto_shutdown != ACTA_AUTO_SHUTDOWN_ALL)
        return parent->options.auto_shutdown == ACTA_AUTO_SHUTDOWN_ANY;
    for (uint32_t i = 0; i < parent->child_count; i++) {
        if (parent->children[i]->significant && parent->children[i]->runs) return false;
    }
    return true;
}

/* By itself; it is stopped already. */
static void
model_ended(node *it, bool well)
{
    node *parent = it->parent;
    uint32_t at = 0;

    if (it->restart == ACTA_TEMPORARY || (it->restart == ACTA_TRANSIENT && well)) {
        if (it->restart == ACTA_TEMPORARY) model_forget(it);
        if (it->significant && model_is_last_significant(parent)) model_end_supervisor(parent);
        return;
    }
    if (!model_bear(parent)) {
        model_end_supervisor(parent);
        return;
    }
    while (parent->children[at] != it)
        at++;
    if (parent->options.strategy != ACTA_ONE_FOR_ONE) {
        model_restart_group(parent, parent->options.strategy == ACTA_ONE_FOR_ALL ? 0 : at);
        return;
    }
    while (!model_start(it)) {
        if (model_bear(parent)) continue;
        model_end_supervisor(parent);
        return;
    }
}

/* -- a random tree -- */

static const char *const supervisor_names[] = { "top", "middle", "low" };

static void
draw_flags(acta_supervisor_options *o, uint64_t *seed, const char *name)
{
    *o = (acta_supervisor_options){ .name = acta_str_of(name),
        .strategy = (acta_strategy)draw(seed, 3),
        .intensity = draw(seed, 8) == 0 ? ACTA_INTENSITY_NONE : 1 + draw(seed, 6),
        .period_ms = 100 + draw(seed, 900),
        .auto_shutdown = (acta_auto_shutdown)draw(seed, 3) };
}

static node *
add_node(nursery *n, uint64_t *seed, node *parent, const char *id, worker *work)
{
    node *it = &m.nodes[m.count++];

    it->id = id;
    it->parent = parent;
    it->work = work;
    it->is_supervisor = work == NULL;
    it->is_static = true;
    it->restart = (acta_restart)draw(seed, 3);
    if (it->is_supervisor) draw_flags(&it->options, seed, id);
    if (parent == NULL) return it;
    it->significant = parent->options.auto_shutdown != ACTA_AUTO_SHUTDOWN_NEVER && it->restart != ACTA_PERMANENT &&
                      draw(seed, 3) == 0;
    acta_child_spec *spec = &parent->specs[parent->options.child_count++];
    if (it->is_supervisor)
        *spec = (acta_child_spec){ .id = id,
            .start = { .behaviour = acta_supervisor_behaviour(), .argument = &it->options, .name = acta_str_of(id) } };
    else
        *spec = n->specs[work - n->workers];
    spec->restart = it->restart;
    spec->significant = it->significant;
    parent->options.children = parent->specs;
    return it;
}

static nursery *
draw_tree(uint64_t *seed)
{
    nursery *n = plant(0);
    uint32_t depth = 1 + draw(seed, 3), at = 0;

    memset(&m, 0, sizeof m);
    node *supervisor = m.top = add_node(n, seed, NULL, supervisor_names[0], NULL);
    for (uint32_t level = 1; level <= depth; level++) {
        uint32_t count = draw(seed, 3), place = draw(seed, count + 1);
        node *next = NULL;
        for (uint32_t i = 0; i <= count && at < CHILD_MAX - POOL; i++) {
            if (i == place && level < depth) next = add_node(n, seed, supervisor, supervisor_names[level], NULL);
            add_node(n, seed, supervisor, names[at], &n->workers[at]);
            at++;
        }
        if (next == NULL) break;
        supervisor = next;
    }
    for (uint32_t i = 0; i < POOL; i++) { /* workers to be added at run time */
        node *it = &m.nodes[m.count++];
        *it = (node){ .id = names[CHILD_MAX - 1 - i], .work = &n->workers[CHILD_MAX - 1 - i] };
    }
    n->options = m.top->options;
    return n;
}

/* -- comparing -- */

static void
compare_children(nursery *n, const node *it, uint64_t seed, int step)
{
    const acta_child_list *list;
    acta_pid pid = pid_of(n, it->id);

    if (pid.value == 0) fail_msg("seed %llu, step %d: supervisor %s is gone", (unsigned long long)seed, step, it->id);
    assert_int_equal(acta_supervisor_list(RUNTIME, pid, &list, NULL), ACTA_OK);
    if (list->count != it->child_count)
        fail_msg("seed %llu, step %d: %s has %u children, not %u", (unsigned long long)seed, step, it->id, list->count,
            it->child_count);
    for (uint32_t i = 0; i < list->count; i++) {
        const node *child = it->children[i];
        acta_child_state wanted = child->runs ? ACTA_CHILD_RUNNING : ACTA_CHILD_STOPPED;
        if (strcmp(list->children[i].spec.id, child->id) != 0 || list->children[i].state != wanted)
            fail_msg("seed %llu, step %d: child %u of %s is %s in state %d, not %s in %d", (unsigned long long)seed,
                step, i, it->id, list->children[i].spec.id, (int)list->children[i].state, child->id, (int)wanted);
    }
    acta_child_list_destroy(list);
}

static void
compare(nursery *n, uint64_t seed, int step)
{
    uint64_t alive = 0;

    if (strcmp(n->d.text, m.diary) != 0)
        fail_msg("seed %llu, step %d: \"%s\", not \"%s\"", (unsigned long long)seed, step, n->d.text, m.diary);
    n->d.text[0] = m.diary[0] = '\0';
    for (uint32_t i = 0; i < m.count; i++) {
        if (!m.nodes[i].is_there || !m.nodes[i].runs) continue;
        alive++;
        if (m.nodes[i].is_supervisor) compare_children(n, &m.nodes[i], seed, step);
    }
    assert_int_equal(alive_count(n), alive);
}

/* -- steps -- */

static node *
draw_node(uint64_t *seed, bool is_supervisor)
{
    for (int try = 0; try < 8; try++) {
        node *it = &m.nodes[draw(seed, m.count)];
        if (it->is_there && it->runs && it->is_supervisor == is_supervisor) return it;
    }
    return NULL;
}

static void
step_exit(nursery *n, uint64_t *seed)
{
    node *it = draw_node(seed, false);
    uint32_t how = draw(seed, 4);

    if (it == NULL) return;
    it->runs = false;
    if (how < 3) note('-', it);
    model_ended(it, how == 0 || how == 1);
    if (how < 3)
        order(n, it->id, how == 0 ? GO : how == 1 ? LEAVE : DIE);
    else
        finish(n, it->id, ACTA_EXIT_KILLED);
}

static void
step_request(nursery *n, uint64_t *seed)
{
    node *parent = draw_node(seed, true);
    uint32_t what = draw(seed, 3);
    acta_status status;

    if (parent == NULL || parent->child_count == 0) return;
    node *it = parent->children[draw(seed, parent->child_count)];
    acta_pid supervisor = pid_of(n, parent->id);
    if (what == 0) {
        bool ran = it->runs;
        model_stop(it);
        if (ran && it->restart == ACTA_TEMPORARY) model_forget(it);
        assert_int_equal(acta_supervisor_terminate_child(RUNTIME, supervisor, it->id, NULL), ACTA_OK);
    } else if (what == 1) {
        bool ran = it->runs;
        bool can = ran || model_start(it);
        status = acta_supervisor_restart_child(RUNTIME, supervisor, it->id, NULL, NULL);
        assert_int_equal(status, ran ? ACTA_CONFLICT : can ? ACTA_OK : ACTA_IN_USE);
    } else {
        bool runs = it->runs;
        if (!runs) model_forget(it);
        status = acta_supervisor_delete_child(RUNTIME, supervisor, it->id, NULL);
        assert_int_equal(status, runs ? ACTA_CONFLICT : ACTA_OK);
    }
    harness_run(&n->h);
}

/* A worker of the pool goes to a supervisor, for as long as that one lives. */
static void
step_add(nursery *n, uint64_t *seed)
{
    node *parent = draw_node(seed, true), *it = &m.nodes[draw(seed, m.count)];

    if (parent == NULL || it->is_supervisor || it->is_there || it->is_static) return;
    acta_child_spec spec = n->specs[it->work - n->workers];
    it->parent = parent;
    it->restart = spec.restart = (acta_restart)draw(seed, 3);
    it->significant = false;
    it->is_there = true;
    parent->children[parent->child_count++] = it;
    bool can = model_start(it);
    if (!can) model_forget(it);
    acta_status status = acta_supervisor_start_child(RUNTIME, pid_of(n, parent->id), &spec, NULL, NULL);
    assert_int_equal(status, can ? ACTA_OK : ACTA_IN_USE);
}

static void
step_refusal(uint64_t *seed)
{
    node *it = &m.nodes[draw(seed, m.count)];

    if (it->is_supervisor) return;
    it->refusals = 1 + draw(seed, 2);
    it->work->refusals = it->refusals;
}

static void
run_seed(uint64_t seed)
{
    uint64_t state = seed;
    nursery *n = draw_tree(&state);

    bool can = model_start(m.top);
    m.top->is_there = true;
    assert_int_equal(grow(n, NULL) == ACTA_OK, can);
    for (int step = 0; step < STEPS; step++) {
        compare(n, seed, step);
        if (!m.top->runs) break;
        switch (draw(&state, 8)) {
        case 0: {
            uint32_t ms = draw(&state, 400);
            m.now_ms += ms;
            harness_advance(&n->h, ms);
            break;
        }
        case 1:
            step_refusal(&state);
            break;
        case 2:
        case 3:
            step_request(n, &state);
            break;
        case 4:
            step_add(n, &state);
            break;
        default:
            step_exit(n, &state);
        }
    }
    model_stop(m.top);
    tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
    compare(n, seed, STEPS);
    uproot(n);
}

/* FZ-11: see above. */
static void
random_trees_do_what_the_model_does(void **state)
{
    (void)state;
    const char *one = getenv("ACTA_FUZZ_SEED"), *many = getenv("ACTA_FUZZ_RUNS");
    uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    uint64_t count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : 1000;

    for (uint64_t seed = first; seed < first + count; seed++)
        run_seed(seed);
    print_message("seeds %llu to %llu\n", (unsigned long long)first, (unsigned long long)(first + count - 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_trees_do_what_the_model_does),
    };
    return cmocka_run_group_tests_name("supervisor_model", tests, NULL, NULL);
}
