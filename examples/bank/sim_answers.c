/*
 * What must hold of a simulated bank: what it answers. See sim_checks.h.
 *
 *     head when asked          head when answered
 *          |--- versions of the stream ---|            the model must give the answer at one of these
 *
 * What was accepted has its version; what was refused, or changed nothing, must fit somewhere in between. A command that is
 * asked again has the answer of the first time: its span is from the first question to the first answer.
 */
#include "sim_checks.h"
#include "sim_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static acta_status
broken(acta_error *error, const char *invariant, const bank_clients *clients, const bank_ask *ask)
{
    return acta_error_set(error, ACTA_CORRUPT,
        "%s: ask %td (%s of '%s'), answered %s %" PRIu32 ", version %" PRIu64 ", position %" PRIu64
        ", asked at head %" PRIu64 ", answered at %" PRIu64,
        invariant, ask - clients->asks, ask->command->name,
        ask->ids[ask->command == &bank_RequestTransfer_table ? 2 : 0], acta_status_name(ask->answer), ask->code,
        ask->version, ask->position, ask->head_asked, ask->head_answered);
}

/* -- once -- */

typedef struct effect_place {
    acta_id command_id;
    uint64_t position;
} effect_place;

static int
compare_effects(const void *a, const void *b)
{
    const effect_place *x = a, *y = b;
    int order = memcmp(x->command_id.bytes, y->command_id.bytes, sizeof x->command_id.bytes);
    return order != 0 ? order : (x->position > y->position) - (x->position < y->position);
}

static int
compare_ids(const void *a, const void *b)
{
    const effect_place *x = a, *y = b;
    return memcmp(x->command_id.bytes, y->command_id.bytes, sizeof x->command_id.bytes);
}

static effect_place *
list_effects(const bank_fold *fold)
{
    uint64_t count = bank_fold_position(fold);
    effect_place *effects = calloc(count + 1, sizeof *effects);
    if (effects == NULL) return NULL;

    for (uint64_t position = 1; position <= count; position++) {
        uint64_t version;
        const bank_stream *stream = bank_fold_at(fold, position, &version);
        effects[position - 1] = (effect_place){ stream->moments[version].command_id, position };
    }
    qsort(effects, count, sizeof *effects, compare_effects);
    return effects;
}

acta_status
bank_check_once(const bank_clients *clients, const bank_fold *fold, acta_error *error)
{
    uint64_t count = bank_fold_position(fold);
    effect_place *effects = list_effects(fold);
    acta_status status = ACTA_OK;
    if (effects == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);

    /* A command of the bank is one event, so two with one id are two effects. What was appended by hand has none. */
    for (uint64_t i = 1; status == ACTA_OK && i < count; i++)
        if (!acta_id_is_none(effects[i].command_id) && compare_ids(&effects[i - 1], &effects[i]) == 0)
            status = acta_error_set(error, ACTA_CORRUPT,
                "a command took effect twice: at position %" PRIu64 " and at %" PRIu64, effects[i - 1].position,
                effects[i].position);
    for (uint32_t i = 0; status == ACTA_OK && i < clients->ask_count; i++) {
        const bank_ask *ask = &clients->asks[i];
        const effect_place key = { ask->command_id, 0 };
        if (ask->answered_once && ask->answer == ACTA_REJECTED &&
            bsearch(&key, effects, count, sizeof *effects, compare_ids) != NULL)
            status = broken(error, "a rejected command took effect", clients, ask);
    }
    free(effects);
    return status;
}

/* -- answers -- */

/* The span of a command: of all that asked the same under its id. */
typedef struct span {
    uint64_t from, to;     /* heads */
    const bank_ask *other; /* that asked something else under the id; NULL: none */
} span;

static bool
is_same_command(const bank_ask *a, const bank_ask *b)
{
    return a->leader == b->leader && a->is_thief == b->is_thief;
}

/* Those of a group stand side by side, the leader first. */
static span
span_of(const bank_clients *clients, const bank_ask *ask)
{
    span s = { ask->head_asked, ask->head_answered, NULL };

    for (uint32_t i = ask->leader; i < clients->ask_count && clients->asks[i].leader == ask->leader; i++) {
        const bank_ask *a = &clients->asks[i];
        if (!is_same_command(a, ask)) {
            s.other = a;
            continue;
        }
        if (a->asked_once && a->head_asked < s.from) s.from = a->head_asked;
        if (a->answered_once && a->head_answered < s.to) s.to = a->head_answered;
    }
    return s;
}

static bool
is_answer(const bank_ask *ask, bank_effect effect)
{
    if (ask->answer == ACTA_REJECTED) return effect.rejection == ask->code && ask->code != 0;
    return effect.rejection == 0 && effect.is_nothing;
}

/* Refused, or accepted and nothing changed: at some time in between it was right. */
static bool
is_right_somewhere(const bank_ask *ask, const bank_stream *stream, const span *s)
{
    static const bank_moment before_all;
    uint64_t from = stream != NULL ? bank_stream_version_at(stream, s->from) : 0;
    uint64_t to = stream != NULL ? bank_stream_version_at(stream, s->to) : 0;

    for (uint64_t version = from; version <= to; version++)
        if (is_answer(ask, bank_model(ask, stream, stream != NULL ? &stream->moments[version] : &before_all)))
            return true;
    return false;
}

static acta_status
check_effect(const bank_clients *clients, const bank_ask *ask, const bank_stream *stream, const span *s,
    const bank_fold *fold, acta_error *error)
{
    uint64_t version;
    const bank_stream *there = bank_fold_at(fold, ask->position, &version);

    if (there == NULL || there != stream || version != ask->version ||
        !acta_id_equal(there->moments[version].command_id, ask->command_id))
        return broken(error, "an acknowledged command is not in the log", clients, ask);
    if (ask->position > ask->head_answered)
        return broken(error, "a command was acknowledged before it was durable", clients, ask);
    if (ask->position <= s->from) return broken(error, "a command took effect before it was asked", clients, ask);

    bank_effect effect = bank_model(ask, stream, &stream->moments[version - 1]);
    if (effect.rejection == 0 && !effect.is_nothing) return ACTA_OK;
    return broken(error, "a command was accepted that had to be refused", clients, ask);
}

static acta_status
check_twins(const bank_clients *clients, const bank_ask *ask, const span *s, acta_error *error)
{
    const bank_ask *leader = &clients->asks[ask->leader];
    bool has_other = s->other != NULL && s->other->answered_once && s->other->answer != ACTA_COMMAND_ID_REUSED;

    if (ask->answer == ACTA_COMMAND_ID_REUSED)
        return has_other ? ACTA_OK : broken(error, "an id is called used that was not", clients, ask);
    if (has_other) return broken(error, "two commands were answered under one id", clients, ask);
    bool is_same = !is_same_command(leader, ask) || !leader->answered_once ||
                   (leader->answer == ask->answer && leader->code == ask->code && leader->version == ask->version &&
                       leader->position == ask->position);
    return is_same ? ACTA_OK : broken(error, "a command id got two answers", clients, ask);
}

static acta_status
check_answer(const bank_clients *clients, const bank_fold *fold, const bank_ask *ask, acta_error *error)
{
    char name[40];
    const bank_stream *stream = bank_fold_find(fold, bank_ask_stream(ask, name, sizeof name));
    span s = span_of(clients, ask);

    acta_status status = check_twins(clients, ask, &s, error);
    if (status != ACTA_OK || ask->answer == ACTA_COMMAND_ID_REUSED) return status;
    if (ask->answer == ACTA_OK && ask->position != 0) return check_effect(clients, ask, stream, &s, fold, error);
    if (is_right_somewhere(ask, stream, &s)) return ACTA_OK;
    return broken(error,
        ask->answer == ACTA_OK ? "an answer is of no moment: nothing changed" : "an answer is of no moment: refused",
        clients, ask);
}

acta_status
bank_check_answers(const bank_clients *clients, const bank_fold *fold, acta_error *error)
{
    for (uint32_t i = 0; i < clients->ask_count; i++) {
        if (!clients->asks[i].answered_once)
            return broken(error, "a command got no answer", clients, &clients->asks[i]);
        acta_status status = check_answer(clients, fold, &clients->asks[i], error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

acta_status
bank_check_ended(const bank_log_check *log, const bank_fold *fold, acta_error *error)
{
    for (uint32_t i = 0; i < bank_fold_stream_count(fold); i++) {
        const bank_stream *stream = bank_fold_stream_at(fold, i);
        if (stream->is_account || stream->version == 0) continue;
        if (bank_log_check_phase(log, stream->id) < BANK_LOG_COMPLETED)
            return acta_error_set(error, ACTA_CORRUPT, "a requested transfer has not ended: '%s'", stream->name);
    }
    return ACTA_OK;
}
