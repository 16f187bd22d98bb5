/*
 * What is asked of an event manager, as messages. One is known by its destructor, whose address nobody else has, so that
 * no event of a user's, whatever its tag and payload, is taken for one.
 */
#include "gen_event_internal.h"

static void
destroy_ask(acta_message *message)
{
    acti_event_ask *ask = message->payload;
    acta_message *inner = ask->inner;

    ask->inner = NULL;
    acta_message_destroy(inner);
}

acti_event_ask *
acti_event_ask_of(const acta_message *message)
{
    return message->destroy == destroy_ask ? message->payload : NULL;
}

static acta_message *
make_ask(acta_runtime *runtime, acti_event_ask_kind kind, size_t argument_size, acti_event_ask **ask_out)
{
    if (argument_size > SIZE_MAX - sizeof(acti_event_ask)) return NULL;
    acta_message *message = acta_message_create(runtime, (uint32_t)kind, sizeof(acti_event_ask) + argument_size);
    if (message == NULL) return NULL;

    *ask_out = message->payload;
    (*ask_out)->kind = kind;
    message->destroy = destroy_ask;
    return message;
}

static acta_message *
make_ask_with_spec(
    acta_runtime *runtime, acti_event_ask_kind kind, const acta_gen_event_spec *spec, acti_event_ask **ask_out)
{
    acta_message *message = make_ask(runtime, kind, spec->argument_size, ask_out);

    if (message == NULL) return NULL;
    (*ask_out)->spec = *spec;
    if (spec->argument_size == 0) return message;
    memcpy((*ask_out)->argument, spec->argument, spec->argument_size);
    (*ask_out)->spec.argument = (*ask_out)->argument;
    return message;
}

acta_message *
acta_gen_event_add(acta_runtime *runtime, const acta_gen_event_spec *spec)
{
    acti_event_ask *ask;

    return make_ask_with_spec(runtime, ACTI_EVENT_ADD, spec, &ask);
}

acta_message *
acta_gen_event_remove(acta_runtime *runtime, const acta_gen_event_handler *handler, uint64_t id)
{
    acti_event_ask *ask;
    acta_message *message = make_ask(runtime, ACTI_EVENT_REMOVE, 0, &ask);

    if (message == NULL) return NULL;
    ask->whom = handler;
    ask->whom_id = id;
    return message;
}

acta_message *
acta_gen_event_swap(
    acta_runtime *runtime, const acta_gen_event_handler *old, uint64_t old_id, const acta_gen_event_spec *spec)
{
    acti_event_ask *ask;
    acta_message *message = make_ask_with_spec(runtime, ACTI_EVENT_SWAP, spec, &ask);

    if (message == NULL) return NULL;
    ask->whom = old;
    ask->whom_id = old_id;
    return message;
}

acta_message *
acta_gen_event_to(acta_runtime *runtime, const acta_gen_event_handler *handler, uint64_t id, acta_message *inner)
{
    acti_event_ask *ask;
    acta_message *message = inner != NULL ? make_ask(runtime, ACTI_EVENT_TO, 0, &ask) : NULL;

    if (message == NULL) {
        acta_message_destroy(inner);
        return NULL;
    }
    ask->whom = handler;
    ask->whom_id = id;
    ask->inner = inner;
    return message;
}

acta_message *
acta_gen_event_which(acta_runtime *runtime)
{
    acti_event_ask *ask;

    return make_ask(runtime, ACTI_EVENT_WHICH, 0, &ask);
}
