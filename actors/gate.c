/*
 * Gate: at most `rehydration_max` aggregates read many events at once.
 *
 *     ask --(request)--> [waiting: oldest first] --reply = permit--> holder --release, or its end--> the next one
 *
 * A restart after ten thousand instances were asked for at once then costs memory for fifty.
 */
#include "internal.h"

typedef struct permit {
    acti_map_node node; /* by pid */
    acta_pid pid;
    acta_from from; /* waiting: whom to answer */
    acta_ref monitor;
    struct permit *next; /* waiting */
    bool is_waiting;
} permit;

typedef struct gate {
    acta_app *app;
    acti_map permits; /* those who wait too */
    permit *first, *last;
    uint32_t given_count;
} gate;

static acta_status
gate_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    gate *g = state;
    (void)error;

    g->app = *(acta_app *const *)argument;
    acti_map_init(&g->permits, &g->app->environment.allocator, g->app->hash_seed);
    /* Relaxed: a pid is a name; what it names is reached through the runtime's own order. */
    atomic_store_explicit(&g->app->gate, acta_self_pid(self).value, memory_order_relaxed);
    return ACTA_OK;
}

static acta_str
key_of(const acta_pid *pid)
{
    return acta_str_from(pid, sizeof *pid);
}

static void
give(gate *g)
{
    uint32_t given_max = ACTA_SIM_CHANCE(&g->app->environment, "gate.narrow", 25) ? 1 : g->app->rehydration_max;

    while (g->first != NULL && g->given_count < given_max) {
        permit *next = g->first;
        g->first = next->next;
        if (g->first == NULL) g->last = NULL;
        next->is_waiting = false;
        g->given_count++;
        acta_reply(g->app->runtime, next->from, ACTA_OK, NULL, NULL);
        ACTA_SOMETIMES(&g->app->environment, "gate.let.through");
    }
}

static void
leave_queue(gate *g, const permit *leaving)
{
    permit *before = NULL;

    for (permit *h = g->first; h != leaving; h = h->next)
        before = h;
    if (before != NULL)
        before->next = leaving->next;
    else
        g->first = leaving->next;
    if (g->last == leaving) g->last = before;
}

static void
take_back(gate *g, acta_self *self, acta_pid pid)
{
    acti_map_node *node = acti_map_find(&g->permits, key_of(&pid));
    if (node == NULL) return;

    permit *leaving = ACTI_CONTAINER(node, permit, node);
    acti_map_remove(&g->permits, node);
    if (leaving->is_waiting)
        leave_queue(g, leaving);
    else
        g->given_count--;
    acta_free(self, leaving);
    give(g);
}

static acta_next
gate_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    gate *g = state;
    permit *asking = acta_alloc(self, sizeof *asking);
    if (asking == NULL) {
        acta_reply(g->app->runtime, from, ACTA_NO_MEMORY, NULL, NULL);
        return ACTA_NEXT;
    }

    *asking = (permit){ .from = from, .is_waiting = true };
    memcpy(&asking->pid, message->payload, sizeof asking->pid);
    if (acta_monitor(self, asking->pid, &asking->monitor) != ACTA_OK) {
        acta_reply(g->app->runtime, from, ACTA_NO_MEMORY, NULL, NULL);
        acta_free(self, asking);
        return ACTA_NEXT;
    }
    acti_map_add(&g->permits, &asking->node, key_of(&asking->pid));
    if (g->last != NULL)
        g->last->next = asking;
    else
        g->first = asking;
    g->last = asking;
    give(g);
    return ACTA_NEXT;
}

static acta_next
gate_cast(acta_self *self, void *state, acta_message *message)
{
    gate *g = state;
    acta_pid pid;

    memcpy(&pid, message->payload, sizeof pid);
    acti_map_node *node = acti_map_find(&g->permits, key_of(&pid));
    if (node != NULL) acta_demonitor(self, ACTI_CONTAINER(node, permit, node)->monitor);
    take_back(g, self, pid);
    return ACTA_NEXT;
}

static acta_next
gate_info(acta_self *self, void *state, const acta_info *info)
{
    if (info->kind == ACTA_INFO_DOWN) take_back(state, self, info->pid);
    return ACTA_NEXT;
}

static void
gate_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    gate *g = state;
    (void)self;
    (void)reason;

    atomic_store_explicit(&g->app->gate, 0, memory_order_relaxed);
}

static void
gate_release(void *state)
{
    gate *g = state;

    if (g->app != NULL) acti_map_deinit(&g->permits);
}

static const acta_behaviour gate_behaviour = {
    .name = "rehydration gate",
    .state_size = sizeof(gate),
    .init = gate_init,
    .handle_call = gate_call,
    .handle_cast = gate_cast,
    .handle_info = gate_info,
    .terminate = gate_terminate,
    .release = gate_release,
};

acta_child_spec
acti_gate_spec(acta_app *app)
{
    /* As many may wait as there are aggregates. */
    return (acta_child_spec){ .id = "gate",
        .start = { .behaviour = &gate_behaviour,
            .argument = &app->self,
            .mailbox_count_max = UINT32_MAX,
            .mailbox_bytes_max = UINT32_MAX } };
}

static acta_pid
gate_pid(acta_app *app)
{
    return (acta_pid){ atomic_load_explicit(&app->gate, memory_order_relaxed) };
}

static acta_message *
message_with(acta_app *app, uint32_t tag, acta_pid pid)
{
    acta_message *message = acta_message_create(app->runtime, tag, sizeof pid);

    if (message != NULL) memcpy(message->payload, &pid, sizeof pid);
    return message;
}

acta_status
acti_gate_ask(acta_app *app, acta_self *self, acta_ref *ref_out)
{
    return acta_request(
        self, gate_pid(app), message_with(app, ACTI_TAG_PERMIT, acta_self_pid(self)), ACTA_INFINITE, ref_out);
}

void
acti_gate_release(acta_app *app, acta_pid holder)
{
    acta_send(app->runtime, gate_pid(app), message_with(app, ACTI_TAG_RELEASE, holder));
}
