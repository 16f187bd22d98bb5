/*
 * An actor's collections of requests: labels beside its references, and one timer.
 *
 * A reference has a place in its actor's table (the lower half of its value, from 1); a collection has a row of the same
 * places, so that an answer finds its label at once. The whole value stands in the place, so that what was there before
 * is known from what is.
 */
#include "internal.h"

#include "acta/request.h"

typedef struct labelled {
    acta_ref ref; /* value 0: none */
    uint64_t label;
} labelled;

struct acta_requests {
    labelled *places;
    uint32_t capacity, count;
    acta_ref timer;
    acta_requests_deadline then;
};

bool
acta_request_abandon(acta_self *self, acta_ref ref)
{
    acti_ref_entry *entry = acti_ref_find(self, ref, ACTI_REF_REQUEST);

    if (entry == NULL) return false;
    acti_call *call = entry->object;
    uint64_t generation = entry->stamp;
    acti_ref_remove(self, ref); /* an answer that is under way finds nothing and is dropped */
    if (!acti_call_abandon(call, generation)) return false;
    acti_call_release(call);
    return true;
}

acta_requests *
acta_requests_create(acta_self *self)
{
    return acta_alloc(self, sizeof(acta_requests));
}

static uint32_t
place_of(acta_ref ref)
{
    return (uint32_t)ref.value - 1;
}

static labelled *
find(acta_requests *requests, acta_ref ref)
{
    uint32_t at = place_of(ref);

    if ((uint32_t)ref.value == 0 || at >= requests->capacity) return NULL;
    return acta_ref_equal(requests->places[at].ref, ref) ? &requests->places[at] : NULL;
}

static bool
make_room(acta_self *self, acta_requests *requests, uint32_t at)
{
    uint32_t wider = requests->capacity == 0 ? 16 : requests->capacity;

    if (at < requests->capacity) return true;
    while (wider <= at)
        wider *= 2;
    labelled *grown = acta_alloc(self, wider * sizeof *grown);
    if (grown == NULL) return false;
    if (requests->capacity > 0) memcpy(grown, requests->places, requests->capacity * sizeof *grown);
    acta_free(self, requests->places);
    requests->places = grown;
    requests->capacity = wider;
    return true;
}

acta_status
acta_requests_add(acta_self *self, acta_requests *requests, acta_ref ref, uint64_t label)
{
    if (acti_ref_find(self, ref, ACTI_REF_REQUEST) == NULL) return ACTA_NOT_FOUND;
    if (find(requests, ref) != NULL) return ACTA_ALREADY_EXISTS;
    if (!make_room(self, requests, place_of(ref))) return ACTA_NO_MEMORY;
    labelled *place = &requests->places[place_of(ref)];
    if (place->ref.value == 0) requests->count++; /* else that of one that was given up behind our back */
    *place = (labelled){ ref, label };
    return ACTA_OK;
}

acta_status
acta_requests_send(acta_self *self, acta_requests *requests, acta_pid to, acta_message *request, uint64_t label)
{
    acta_ref ref;
    acta_status status = acta_request(self, to, request, ACTA_INFINITE, &ref);

    if (status != ACTA_OK) return status;
    status = acta_requests_add(self, requests, ref, label);
    if (status != ACTA_OK) acta_request_abandon(self, ref);
    return status;
}

static void
forget_deadline(acta_self *self, acta_requests *requests)
{
    if (requests->timer.value != 0) acta_cancel_timer(self, requests->timer);
    requests->timer.value = 0;
}

acta_status
acta_requests_set_deadline(acta_self *self, acta_requests *requests, uint32_t timeout_ms, acta_requests_deadline then)
{
    acta_ref timer = { 0 };

    if (timeout_ms != ACTA_INFINITE && acta_send_after(self, timeout_ms, 0, 0, &timer) != ACTA_OK)
        return ACTA_NO_MEMORY;
    forget_deadline(self, requests);
    requests->timer = timer;
    requests->then = then;
    return ACTA_OK;
}

acta_requests_event
acta_requests_take(acta_self *self, acta_requests *requests, const acta_info *info, uint64_t *label_out)
{
    if (info->kind == ACTA_INFO_TIMER && requests->timer.value != 0 && acta_ref_equal(info->ref, requests->timer)) {
        requests->timer.value = 0;
        if (requests->then == ACTA_REQUESTS_ABANDON) acta_requests_abandon(self, requests);
        return ACTA_REQUESTS_TIMEOUT;
    }
    labelled *place = info->kind == ACTA_INFO_REPLY ? find(requests, info->ref) : NULL;
    if (place == NULL) return ACTA_REQUESTS_OTHER;
    *label_out = place->label;
    place->ref.value = 0;
    requests->count--;
    return ACTA_REQUESTS_ANSWER;
}

uint32_t
acta_requests_count(const acta_requests *requests)
{
    return requests->count;
}

void
acta_requests_abandon(acta_self *self, acta_requests *requests)
{
    forget_deadline(self, requests);
    for (uint32_t i = 0; i < requests->capacity && requests->count > 0; i++) {
        if (requests->places[i].ref.value == 0) continue;
        acta_request_abandon(self, requests->places[i].ref);
        requests->places[i].ref.value = 0;
        requests->count--;
    }
}

void
acta_requests_destroy(acta_self *self, acta_requests *requests)
{
    if (requests == NULL) return;
    acta_requests_abandon(self, requests);
    acta_free(self, requests->places);
    acta_free(self, requests);
}
