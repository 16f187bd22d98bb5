/*
 * Events that wait inside a state machine: kept out of a handler's hands, in lists, given back or freed.
 *
 * A kept event owns what it points to: the message, which leaves the mailbox's block as it is, and copies of an
 * information's reason and error, which lie behind the event in one block.
 */
#include "gen_statem_internal.h"

void
acti_events_append(acti_event_list *list, acti_event *item)
{
    item->next = NULL;
    if (list->last != NULL)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
    list->count++;
}

acti_event *
acti_events_take(acti_event_list *list)
{
    acti_event *item = list->first;

    if (item == NULL) return NULL;
    list->first = item->next;
    if (list->first == NULL) list->last = NULL;
    list->count--;
    return item;
}

void
acti_events_prepend(acti_event_list *list, acti_event_list *before)
{
    if (before->first == NULL) return;
    before->last->next = list->first;
    if (list->last == NULL) list->last = before->last;
    list->first = before->first;
    list->count += before->count;
    *before = (acti_event_list){ .first = NULL };
}

static uint64_t
weight_of(const acta_message *message)
{
    return message != NULL ? acti_message_weight(acti_message_of(message)) : 0;
}

static acta_message *
message_of(const acta_statem_event *event)
{
    return event->type == ACTA_STATEM_INFO ? event->info->message : event->message;
}

/* -- keeping -- */

static size_t
copied_size(const acta_info *info)
{
    if (info == NULL) return 0;
    return (info->reason != NULL ? sizeof *info->reason : 0) + (info->error != NULL ? sizeof *info->error : 0);
}

static void
copy_info(acti_event *item, const acta_info *info)
{
    unsigned char *room = (unsigned char *)(item + 1);

    item->info = *info;
    item->event.info = &item->info;
    if (info->error != NULL) {
        memcpy(room, info->error, sizeof *info->error);
        item->info.error = (const acta_error *)(const void *)room;
        room += sizeof *info->error;
    }
    if (info->reason != NULL) {
        memcpy(room, info->reason, sizeof *info->reason);
        item->info.reason = (const acta_exit_reason *)(const void *)room;
    }
}

static acti_event *
make_kept(acta_self *self, const acta_statem_event *event)
{
    size_t size = sizeof(acti_event) + copied_size(event->info);
    acti_event *item = acti_alloc(self->runtime, size);

    if (item == NULL) acta_fail(self, "no memory to postpone an event");
    item->event = *event;
    item->size = (uint32_t)size;
    if (event->info != NULL) copy_info(item, event->info);
    item->message = message_of(event);
    if (item->message != NULL) acta_message_keep(self, item->message);
    return item;
}

static bool
is_kept_by_handler(const acta_self *self, const acti_statem *m, const acta_message *message)
{
    if (message == NULL) return false;
    if (m->retried != NULL) return acti_relations_of(self)->in_hand != message;
    if (m->in_hand->type == ACTA_STATEM_INFO) return acti_relations_of(self)->reply_in_hand->reply != message;
    return self->handling == NULL;
}

static bool
is_within_bound(const acti_statem *m, uint64_t weight)
{
    uint32_t count_max = m->what->postponed_count_max != 0 ? m->what->postponed_count_max : ACTI_POSTPONED_COUNT_MAX;
    uint32_t bytes_max = m->what->postponed_bytes_max != 0 ? m->what->postponed_bytes_max : ACTI_POSTPONED_BYTES_MAX;

    return m->postponed.count + m->queue.count < count_max && m->waiting_bytes + weight <= bytes_max;
}

bool
acti_event_keep(acta_self *self, acti_statem *m)
{
    acta_message *message = message_of(m->in_hand);
    acti_event *item = m->retried;

    if (is_kept_by_handler(self, m, message))
        acta_fail(self, "cannot postpone an event whose message was kept by acta_message_keep");
    uint64_t weight = weight_of(message);
    if (!is_within_bound(m, weight)) return false;
    if (item == NULL) item = make_kept(self, m->in_hand);
    m->retried = NULL;
    m->waiting_bytes += weight;
    acti_events_append(&m->postponed, item);
    return true;
}

/* -- freeing -- */

/* The message first: should its destructor fail the actor, the event is still found by the actor's end. */
void
acti_event_free(acti_statem *m, acti_event *item)
{
    acta_message_destroy(item->message);
    item->message = NULL;
    acti_free(m->runtime, item, item->size);
}

void
acti_events_drop(acta_self *self, acti_statem *m, acti_event_list *list)
{
    for (acti_event *item; (item = acti_events_take(list)) != NULL;) {
        if (item->message != NULL) {
            acti_message *message = acti_message_of(item->message);
            acti_guard_destructor(self, message);
            acti_message_release(message);
        }
        acti_free(m->runtime, item, item->size);
    }
}
