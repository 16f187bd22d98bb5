/*
 * Forgetting a subject: first the log says so, then the key goes, then what its values have claimed.
 *
 *     "$forgotten" in "$audit" --durable--> key destroyed --> claims given free
 *              ^
 *              +-- acta_store_forget_unfinished goes through all of these, so that none of the later steps is ever left out
 *
 * The event is what counts: it is guarded as all of the log is, and a restored log has it as soon as it reaches that far.
 *
 *     payload      "subject: NAME\nwho: …\nwhy: …\n"
 *     row          table "personal.claims": subject | 0 | scope | 0 | value -> nothing   (actors/ writes it with a claim)
 */
#include "acta/personal.h"

#include <stdio.h>

#include "internal.h"
#include "key_index.h"
#include "transaction.h"

#define TYPE_OF_FORGETTING "$forgotten"
#define SUBJECT_IS         "subject: "

enum { WORDS_MAX = 200, PAYLOAD_MAX = ACTA_SUBJECT_MAX + 2 * WORDS_MAX + 64 };

/* -- the record -- */

static acta_status
record(acta_store *store, acta_str subject, const acta_forget_options *options, acta_error *error)
{
    const char *who = options != NULL && options->who != NULL ? options->who : "unknown";
    const char *why = options != NULL && options->why != NULL ? options->why : "";
    char text[PAYLOAD_MAX];
    acta_transaction *t = acta_transaction_create(store);

    if (t == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to forget '" ACTA_FMT "'", ACTA_ARG(subject));
    int size = snprintf(text, sizeof text, SUBJECT_IS ACTA_FMT "\nwho: %.*s\nwhy: %.*s\n", ACTA_ARG(subject), WORDS_MAX,
        who, WORDS_MAX, why);
    const acta_event event = { .type = acta_str_of(TYPE_OF_FORGETTING),
        .payload = acta_bytes_from(text, (size_t)size) };
    acti_transaction_append_own(t, acta_str_of(ACTI_STREAM_OF_AUDIT), ACTA_ANY_VERSION, &event, 1);
    return acta_store_commit(store, t, NULL, error);
}

/* Absent: it is none of ours. */
static acta_str
subject_of(const acta_recorded *event)
{
    size_t begin = sizeof SUBJECT_IS - 1;
    acta_bytes text = event->payload;

    if (!acta_str_equal(event->type, acta_str_of(TYPE_OF_FORGETTING)) || text.size <= begin) return acta_str_of(NULL);
    if (memcmp(text.data, SUBJECT_IS, begin) != 0) return acta_str_of(NULL);
    const uint8_t *end = memchr(text.data + begin, '\n', text.size - begin);
    return end != NULL ? acta_str_from(text.data + begin, (size_t)(end - text.data) - begin) : acta_str_of(NULL);
}

/* -- claims -- */

/* subject | 0 | scope | 0 | value */
static bool
release(acta_transaction *t, acta_bytes key)
{
    const uint8_t *scope = memchr(key.data, 0, key.size);
    if (scope == NULL) return false;
    size_t left = key.size - (size_t)(++scope - key.data);
    const uint8_t *value = memchr(scope, 0, left);
    if (value == NULL) return false;

    left -= (size_t)(++value - scope);
    acta_transaction_release(t, (const char *)scope, acta_bytes_from(value, left));
    acta_transaction_delete(t, ACTA_PERSONAL_CLAIMS, key);
    return true;
}

static acta_status
release_claims(acta_store *store, acta_str subject, acta_error *error)
{
    char prefix[ACTA_SUBJECT_MAX + 1];
    acta_row_cursor *cursor;
    acta_bytes key, value;
    acta_transaction *t = NULL;

    memcpy(prefix, subject.data, subject.size);
    prefix[subject.size] = '\0';
    acta_status status =
        acta_row_cursor_open(store, ACTA_PERSONAL_CLAIMS, acta_bytes_from(prefix, subject.size + 1), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        if (t == NULL) t = acta_transaction_create(store);
        if (t == NULL) status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to give claims free");
        if (t == NULL || !release(t, key)) break;
    }
    acta_row_cursor_close(cursor);
    if (status == ACTA_OK)
        status = acta_error_set(error, ACTA_CORRUPT, "a row of '%s' is damaged", ACTA_PERSONAL_CLAIMS);
    if (status != ACTA_NOT_FOUND) {
        acta_transaction_destroy(t);
        return status;
    }
    return t != NULL ? acta_store_commit(store, t, NULL, error) : ACTA_OK;
}

/* -- all of it -- */

static acta_status
finish(acta_store *store, const acta_key_service *keys, acta_str subject, acta_error *error)
{
    ACTA_CRASH_POINT("forget_recorded");
    acta_status status = keys->destroy(keys->user, subject, error);
    ACTA_CRASH_POINT("forget_destroyed");

    if (status == ACTA_OK) status = release_claims(store, subject, error);
    return status;
}

acta_status
acta_store_forget(acta_store *store, const acta_key_service *keys, acta_str subject, const acta_forget_options *options,
    bool *already_out, acta_error *error)
{
    acta_key key;
    acta_status status = acti_subject_check(subject, error);
    if (status != ACTA_OK) return status;

    status = keys->get(keys->user, subject, &key, error);
    acta_key_wipe(&key);
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, ACTA_NOT_FOUND,
            "there is no personal data of '" ACTA_FMT "': no key was ever made for it", ACTA_ARG(subject));
    if (already_out != NULL) *already_out = status == ACTA_DELETED;
    if (status == ACTA_OK) status = record(store, subject, options, error);
    if (status != ACTA_OK && status != ACTA_DELETED) return status;
    return finish(store, keys, subject, error);
}

static acta_status
finish_one(acta_store *store, const acta_key_service *keys, acta_str subject, uint64_t *count, acta_error *error)
{
    acta_key key;
    acta_status status = keys->get(keys->user, subject, &key, error);

    acta_key_wipe(&key);
    if (status == ACTA_OK) (*count)++;
    if (status != ACTA_OK && status != ACTA_NOT_FOUND && status != ACTA_DELETED) return status;
    return finish(store, keys, subject, error);
}

acta_status
acta_store_forget_unfinished(acta_store *store, const acta_key_service *keys, uint64_t *count_out, acta_error *error)
{
    const acta_read read = { .stream = acta_str_of(ACTI_STREAM_OF_AUDIT) };
    acta_cursor *cursor;
    acta_recorded event;
    uint64_t count = 0;

    if (count_out != NULL) *count_out = 0;
    acta_status status = acta_cursor_open(store, &read, &cursor, error);
    if (status != ACTA_OK) return status == ACTA_NOT_FOUND ? ACTA_OK : status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK) {
        acta_str subject = subject_of(&event);
        if (subject.size != 0) status = finish_one(store, keys, subject, &count, error);
        if (status != ACTA_OK) break;
    }
    acta_cursor_close(cursor);
    if (count_out != NULL) *count_out = count;
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
