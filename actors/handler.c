/*
 * Event handlers: the user's function for each event, at least once, in the order of each stream.
 */
#include "reader.h"

static acta_status
handle_one(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    const acta_event_handler *handler = r->reader->given.handler;
    return handler->code->handle(handler, item->event, item->recorded.payload, &item->recorded, error);
}

static acti_work
handle(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error)
{
    const acta_event_handler *handler = r->reader->given.handler;
    (void)key;

    error->text[0] = '\0';
    acta_status status = acti_item_each(r, item, handle_one, error);
    if (status == ACTA_OK && ACTA_SIM_CHANCE(&r->app->environment, "handler.told.twice", 25)) {
        acti_item again = *item;
        again.recorded.replaying = true;
        status = acti_item_each(r, &again, handle_one, error);
    }
    if (status == ACTA_OK) return ACTI_WORK_DONE;
    if (error->text[0] == '\0')
        acta_error_set(error, status, "handler '%s' returned %s", handler->name, acta_status_name(status));
    return ACTI_WORK_FAILED;
}

const acti_reader_kind acti_handler_kind = { .name = "event handler", .work = handle };
