/*
 * Many threads at once on the real committer: those that wait for their commits, those that submit and sleep, those that
 * help, and readers. What is proven: nobody hangs, everything is answered once and in order, and the log is whole. Under
 * ThreadSanitizer (memory engine) also that no two threads touch the same without order.
 */
#include <pthread.h>

#include "fixture.h"

enum { THREADS_OF_A_KIND = 3, EACH = 1500 };

typedef struct client {
    fixture *f;
    uint32_t number;
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    uint64_t answer_count; /* under the mutex */
    uint64_t last_position;
    bool out_of_order;
    uint64_t failed;
} client;

static void
take_client_answer(void *user, const acta_commit_result *result)
{
    client *c = user;

    pthread_mutex_lock(&c->mutex);
    c->answer_count++;
    c->failed += result->status != ACTA_OK;
    c->out_of_order = c->out_of_order || result->first_position <= c->last_position;
    c->last_position = result->last_position;
    pthread_cond_signal(&c->answered);
    pthread_mutex_unlock(&c->mutex);
}

static uint64_t
answers_of(client *c)
{
    pthread_mutex_lock(&c->mutex);
    uint64_t count = c->answer_count;
    pthread_mutex_unlock(&c->mutex);
    return count;
}

static void
await_answers(client *c, uint64_t count)
{
    pthread_mutex_lock(&c->mutex);
    while (c->answer_count < count)
        pthread_cond_wait(&c->answered, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
}

static acta_transaction *
make_append(client *c)
{
    char stream[32];
    acta_event event = event_of("test.Happened", "x");
    acta_transaction *t = acta_transaction_create(c->f->store);

    snprintf(stream, sizeof stream, "client-%u", c->number);
    acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    return t;
}

/* Waits for each of its commits. */
static void *
run_committing(void *user)
{
    client *c = user;
    acta_error error;

    for (uint32_t i = 0; i < EACH / 5; i++) {
        acta_commit_result result;
        acta_status status = acta_store_commit(c->f->store, make_append(c), &result, &error);
        take_client_answer(
            c, &(acta_commit_result){
                   .status = status, .first_position = result.first_position, .last_position = result.last_position });
    }
    return NULL;
}

/* Submits a window of 32 and sleeps until half of it is answered. */
static void *
run_submitting(void *user)
{
    client *c = user;
    acta_error error;

    for (uint32_t i = 0; i < EACH; i++) {
        if (i >= 32) await_answers(c, i - 16);
        if (acta_store_submit(c->f->store, make_append(c), take_client_answer, c, &error) != ACTA_OK) break;
    }
    await_answers(c, EACH);
    return NULL;
}

/* Submits one at a time, and works for the store while it waits, as a caller of an actor does. */
static void *
run_helping(void *user)
{
    client *c = user;
    acta_error error;

    for (uint32_t i = 0; i < EACH / 5; i++) {
        acta_store_help_begin(c->f->store);
        if (acta_store_submit(c->f->store, make_append(c), take_client_answer, c, &error) != ACTA_OK) break;
        if (i % 7 != 0) { /* now and then it breaks its promise, and says so by ending it */
            while (answers_of(c) <= i && acta_store_help(c->f->store))
                continue;
        }
        acta_store_help_end(c->f->store);
        await_answers(c, i + 1);
    }
    return NULL;
}

static _Atomic bool reading;

static void *
run_reading(void *user)
{
    client *c = user;
    acta_error error;

    while (reading) {
        acta_read read = { .direction = ACTA_BACKWARD, .count_max = 50 };
        acta_cursor *cursor;
        acta_recorded event;
        uint64_t before = acta_store_head(c->f->store), position = 0;
        if (acta_cursor_open(c->f->store, &read, &cursor, &error) != ACTA_OK) break;
        if (acta_cursor_next(cursor, &event, &error) == ACTA_OK) position = event.position;
        c->out_of_order = c->out_of_order || position < before;
        while (acta_cursor_next(cursor, &event, &error) == ACTA_OK)
            c->out_of_order = c->out_of_order || event.position != --position;
        acta_cursor_close(cursor);
    }
    return NULL;
}

static void
all_kinds_of_clients_at_once_are_answered(void **state)
{
    fixture *f = FIXTURE(state);
    static void *(*const kinds[])(void *) = { run_committing, run_submitting, run_helping };
    static const uint64_t expected[] = { EACH / 5, EACH, EACH / 5 };
    enum { CLIENTS = 3 * THREADS_OF_A_KIND };
    client clients[CLIENTS], reader = { .f = f };
    pthread_t threads[CLIENTS], reading_thread;
    uint64_t total = 0;

    reading = true;
    assert_int_equal(0, pthread_create(&reading_thread, NULL, run_reading, &reader));
    for (uint32_t i = 0; i < CLIENTS; i++) {
        clients[i] = (client){ .f = f, .number = i };
        pthread_mutex_init(&clients[i].mutex, NULL);
        pthread_cond_init(&clients[i].answered, NULL);
        assert_int_equal(0, pthread_create(&threads[i], NULL, kinds[i % 3], &clients[i]));
    }
    for (uint32_t i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    reading = false;
    pthread_join(reading_thread, NULL);

    assert_false(reader.out_of_order);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        char stream[32];
        snprintf(stream, sizeof stream, "client-%u", i);
        assert_int_equal(clients[i].answer_count, expected[i % 3]);
        assert_int_equal(clients[i].failed, 0);
        assert_false(clients[i].out_of_order);
        assert_int_equal(count_stream(f, stream), expected[i % 3]);
        total += expected[i % 3];
    }
    assert_int_equal(count_log(f), total);
    close_store(f);
    open_store_ok(f);
    assert_int_equal(count_log(f), total);
}

/* A lone submit is committed though nobody waits in the store, again and again: the committer thread wakes each time. */
static void
a_lone_submit_wakes_the_committer_thread(void **state)
{
    fixture *f = FIXTURE(state);
    client c = { .f = f, .mutex = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER };

    for (uint32_t i = 1; i <= 500; i++) {
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, make_append(&c), take_client_answer, &c, &f->error));
        await_answers(&c, i);
    }
    assert_int_equal(acta_store_head(f->store), 500);
}

static pthread_t answered_on;

static void
note_thread(void *user, const acta_commit_result *result)
{
    (void)result;
    answered_on = pthread_self();
    ++*(_Atomic uint32_t *)user;
}

/* Who promised to help commits its own on its own thread: no other thread has a part in a lone append. */
static void
a_helper_commits_on_its_own_thread(void **state)
{
    fixture *f = FIXTURE(state);
    client c = { .f = f };
    _Atomic uint32_t answered = 0;

    assert_false(acta_store_help(f->store)); /* nothing to do */
    for (uint32_t i = 1; i <= 50; i++) {
        acta_store_help_begin(f->store);
        acta_store_help_begin(f->store); /* nested */
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, make_append(&c), note_thread, &answered, &f->error));
        acta_store_help_end(f->store);
        assert_true(acta_store_help(f->store));
        assert_int_equal(answered, i);
        assert_true(pthread_equal(answered_on, pthread_self()));
        acta_store_help_end(f->store);
    }
    acta_store_help_end(f->store); /* one too many does nothing */
    assert_int_equal(ACTA_OK, acta_store_submit(f->store, make_append(&c), note_thread, &answered, &f->error));
    append_ok(f, "behind", "x");
    assert_int_equal(answered, 51);
}

/* A transaction that was submitted under a promise is committed though the helper only ends it. */
static void
ending_a_promise_hands_the_work_on(void **state)
{
    fixture *f = FIXTURE(state);
    client c = { .f = f, .mutex = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER };

    for (uint32_t i = 1; i <= 200; i++) {
        acta_store_help_begin(f->store);
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, make_append(&c), take_client_answer, &c, &f->error));
        acta_store_help_end(f->store);
        await_answers(&c, i);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(all_kinds_of_clients_at_once_are_answered),
        on_store(a_lone_submit_wakes_the_committer_thread),
        on_store(a_helper_commits_on_its_own_thread),
        on_store(ending_a_promise_hands_the_work_on),
    };
    return run_on_engines("threads", tests);
}
