/*
 * Routing: whom an event goes to, by its content alone.
 *
 *     event --> .start … .stop, .route --> targets: ids | all that run | those associated with a value
 *                                             |
 *                    router: all that it might be   (process_manager.c)
 *                                             |
 *                    instance: is it me, and how?   its own associations are the truth
 *
 * The router asks before the events before this one are worked on; so it may send to more than are meant, and an instance
 * says, when it is its turn, whether it is. Of several targets that name an instance the first counts.
 */
#include "manager.h"

/* -- targets -- */

static acti_routing *
routing_of(acta_routing *head)
{
    return (acti_routing *)(void *)head; /* its first member */
}

static void
add_target(acti_routing *routing, acti_target target)
{
    if (routing->failed || target.how == ACTA_ROUTE_NONE) return;
    if (routing->count == routing->capacity) {
        acti_target *grown = acta_memory_alloc(routing->memory, 2 * routing->capacity * sizeof *grown);
        if (grown == NULL) {
            routing->failed = true;
            return;
        }
        memcpy(grown, routing->targets, routing->count * sizeof *grown);
        routing->targets = grown;
        routing->capacity *= 2;
    }
    routing->targets[routing->count++] = target;
}

void
acta_route_to(acta_routing *head, acta_route how, acta_str id)
{
    acti_routing *routing = routing_of(head);
    if (id.size == 0) return;

    char *copy = acta_memory_alloc(routing->memory, id.size);
    if (copy == NULL) {
        routing->failed = true;
        return;
    }
    memcpy(copy, id.data, id.size);
    add_target(routing, (acti_target){ .kind = ACTI_TARGET_ID, .how = how, .id = acta_str_from(copy, id.size) });
}

/* What runs already is nothing to be started. */
static acta_route
of_running(acta_route how)
{
    return how == ACTA_ROUTE_STOP || how == ACTA_ROUTE_NONE ? how : ACTA_ROUTE_GO_ON;
}

void
acta_route_to_all(acta_routing *head, acta_route how)
{
    add_target(routing_of(head), (acti_target){ .kind = ACTI_TARGET_ALL, .how = of_running(how) });
}

void
acta_route_associated(acta_routing *head, acta_route how, const char *name, acta_str value)
{
    if (value.size == 0) return;
    add_target(routing_of(head),
        (acti_target){
            .kind = ACTI_TARGET_ASSOCIATED, .how = of_running(how), .associated = acti_association_of(name, value) });
}

acta_status
acti_route_event(const acta_process_manager *manager, uint32_t event, acta_bytes payload, acta_memory *memory,
    acti_routing *routing_out, acta_error *error)
{
    *routing_out = (acti_routing){ .head = { .to = acta_route_to }, .memory = memory, .capacity = ACTI_TARGETS_INLINE };
    routing_out->targets = routing_out->first;
    manager->code->route(manager, event, payload, &routing_out->head);
    if (!routing_out->failed) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to route an event");
}

acta_route
acti_routing_find(const acti_routing *routing, acta_str id, const acta_associations *associations)
{
    for (uint32_t k = 0; k < routing->count; k++) {
        const acti_target *target = &routing->targets[k];
        if (target->kind == ACTI_TARGET_ID && !acta_str_equal(target->id, id)) continue;
        if (target->kind == ACTI_TARGET_ASSOCIATED && associations != NULL &&
            !acti_associations_have(associations, target->associated))
            continue;
        return target->how;
    }
    return ACTA_ROUTE_NONE;
}

/* -- associations -- */

acta_id
acti_association_of(const char *name, acta_str value)
{
    /* The name's NUL keeps name and value apart. */
    acta_bytes parts[] = { acta_bytes_from((const uint8_t *)name, strlen(name) + 1), acta_str_bytes(value) };
    acta_digest digest = acta_digest_of(parts, 2);
    acta_id id;

    memcpy(id.bytes, digest.bytes, sizeof id.bytes);
    return id;
}

bool
acti_associations_have(const acta_associations *associations, acta_id association)
{
    for (uint32_t k = 0; k < associations->count; k++)
        if (acta_id_equal(associations->ids[k], association)) return true;
    return false;
}

bool
acti_associations_add(acta_associations *associations, acta_id association)
{
    if (associations->count == associations->capacity) {
        uint32_t capacity = associations->capacity == 0 ? 2 : associations->capacity * 2;
        acta_id *grown = acta_memory_alloc(associations->memory, capacity * sizeof *grown);
        if (grown == NULL) return false;
        if (associations->count > 0) memcpy(grown, associations->ids, associations->count * sizeof *grown);
        acta_memory_free(associations->memory, associations->ids);
        associations->ids = grown;
        associations->capacity = capacity;
    }
    associations->ids[associations->count++] = association;
    return true;
}

void
acta_associate(acta_associations *associations, const char *name, acta_str value)
{
    if (value.size == 0 || associations->status != ACTA_OK) return;
    acta_id association = acti_association_of(name, value);
    if (acti_associations_have(associations, association)) return;

    if (associations->count == ACTA_ASSOCIATIONS_MAX)
        associations->status = ACTA_INVALID;
    else if (!acti_associations_add(associations, association))
        associations->status = ACTA_NO_MEMORY;
}

acta_status
acti_associate_event(const acta_process_manager *manager, uint32_t event, acta_bytes payload,
    acta_associations *associations, acta_error *error)
{
    associations->status = ACTA_OK;
    manager->code->associate(manager, event, payload, associations);
    if (associations->status == ACTA_INVALID)
        return acta_error_set(
            error, ACTA_INVALID, "an instance is associated with more than %d values", ACTA_ASSOCIATIONS_MAX);
    if (associations->status != ACTA_OK)
        return acta_error_set(error, associations->status, "no memory for an association");
    return ACTA_OK;
}
