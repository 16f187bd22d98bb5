/*
 * Collections of requests: answers in the order they come, with labels; one deadline; the rest abandoned or kept.
 */
#include "harness.h"

#include <pthread.h>

#include "acta/request.h"

enum { ANSWER = 1, LATER, NEVER, REFUSE, DIE, ANSWER_LATER };

/* Answers as the tag says; LATER ones, the last first, when ANSWER_LATER comes. */
typedef struct server {
    acta_from later[16];
    uint32_t later_count;
} server;

static void
reply_with(acta_runtime *runtime, acta_from from, uint32_t tag)
{
    acta_reply(runtime, from, ACTA_OK, acta_message_create(runtime, tag, 4), NULL);
}

static acta_next
serve(acta_self *self, void *user, acta_from from, acta_message *message)
{
    server *s = user;
    acta_runtime *runtime = acta_self_runtime(self);
    acta_error error;

    switch (message->tag) {
    case LATER:
        s->later[s->later_count++] = from;
        return ACTA_NEXT;
    case ANSWER_LATER:
        while (s->later_count > 0)
            reply_with(runtime, s->later[--s->later_count], LATER);
        break;
    case NEVER:
        return ACTA_NEXT;
    case REFUSE:
        acta_error_set(&error, ACTA_REJECTED, "not for you");
        acta_reply(runtime, from, ACTA_REJECTED, NULL, &error);
        return ACTA_NEXT;
    case DIE:
        acta_fail(self, "died of it");
    default:
        break;
    }
    reply_with(runtime, from, message->tag);
    return ACTA_NEXT;
}

static acta_message *
make(harness *h, uint32_t tag)
{
    return acta_message_create(h->runtime, tag, 0);
}

static acta_request_group *
group_of(harness *h)
{
    acta_request_group *group = NULL;

    assert_int_equal(acta_request_group_create(h->runtime, &group, NULL), ACTA_OK);
    return group;
}

static void
expect_answer(acta_request_group *group, uint64_t label, acta_status status)
{
    acta_request_answer answer;
    acta_error error;

    acta_status waited = acta_request_group_wait(group, ACTA_INFINITE, &answer, &error);
    if (waited != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(answer.label, label);
    assert_int_equal(answer.status, status);
    if (status == ACTA_OK)
        assert_non_null(answer.reply);
    else
        assert_true(strlen(answer.error.text) > 0);
    acta_message_destroy(answer.reply);
}

/* GS-09: as they come, not as they were sent; an error of one is its own answer and loses none of the others. */
static void
answers_come_in_the_order_of_completion_with_their_labels(void **state)
{
    (void)state;
    harness h;
    server s = { .later_count = 0 }, mortal = { .later_count = 0 };
    script serving = { .call = serve, .user = &s }, dying = { .call = serve, .user = &mortal };
    acta_request_answer answer;
    acta_error error;

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &serving), dead = spawn(&h, &dying);
    acta_request_group *group = group_of(&h);
    assert_int_equal(acta_request_group_wait(group, 1000, &answer, &error), ACTA_NOT_FOUND);
    acta_request_group_send(group, pid, make(&h, LATER), 1);
    acta_request_group_send(group, pid, make(&h, LATER), 2);
    acta_request_group_send(group, (acta_pid){ 0 }, make(&h, ANSWER), 3);
    acta_request_group_send(group, pid, make(&h, REFUSE), 4);
    acta_request_group_send(group, dead, make(&h, DIE), 5);
    acta_request_group_send(group, dead, make(&h, ANSWER), 6);
    acta_request_group_send(group, pid, make(&h, ANSWER_LATER), 7);
    assert_int_equal(acta_request_group_count(group), 7);
    expect_answer(group, 3, ACTA_NOPROC);
    expect_answer(group, 4, ACTA_REJECTED);
    expect_answer(group, 2, ACTA_OK);
    expect_answer(group, 1, ACTA_OK);
    expect_answer(group, 7, ACTA_OK);
    expect_answer(group, 5, ACTA_FAILED);
    expect_answer(group, 6, ACTA_NOPROC);
    assert_int_equal(acta_request_group_wait(group, 1000, &answer, &error), ACTA_NOT_FOUND);
    acta_request_group_send(group, pid, make(&h, ANSWER), UINT64_MAX); /* places are used again */
    expect_answer(group, UINT64_MAX, ACTA_OK);
    acta_request_group_destroy(group);
    acta_request_group_destroy(NULL);
    harness_stop(&h);
}

/* GS-09: at the deadline the rest goes, and its late replies are dropped; or it stays, and can be waited for again. */
static void
one_deadline_for_all_abandons_or_keeps_the_rest(void **state)
{
    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        harness h;
        server s = { .later_count = 0 };
        script serving = { .call = serve, .user = &s };
        acta_request_answer answer;
        acta_error error;
        acta_runtime_stats stats;

        harness_start(&h, 1);
        acta_pid pid = spawn(&h, &serving);
        acta_request_group *group = group_of(&h);
        acta_request_group_send(group, pid, make(&h, LATER), 1);
        acta_request_group_send(group, pid, make(&h, ANSWER), 2);
        acta_request_group_send(group, pid, make(&h, LATER), 3);
        expect_answer(group, 2, ACTA_OK);
        assert_int_equal(acta_request_group_wait(group, 1, &answer, &error), ACTA_TIMEOUT); /* this call's only */
        assert_int_equal(acta_request_group_count(group), 2);
        acta_request_group_set_deadline(group, 20, keep != 0 ? ACTA_REQUESTS_KEEP : ACTA_REQUESTS_ABANDON);
        assert_int_equal(acta_request_group_wait(group, ACTA_INFINITE, &answer, &error), ACTA_TIMEOUT);
        assert_string_equal(error.text, "2 requests were not answered in time");
        assert_int_equal(acta_request_group_count(group), keep != 0 ? 2 : 0);
        assert_int_equal(call_tag(&h, pid, ANSWER_LATER, 60000, NULL), ACTA_OK);
        if (keep != 0) {
            expect_answer(group, 3, ACTA_OK);
            expect_answer(group, 1, ACTA_OK);
        }
        assert_int_equal(acta_request_group_wait(group, 0, &answer, &error), ACTA_NOT_FOUND);
        acta_runtime_stats_read(h.runtime, &stats);
        assert_int_equal(stats.late, keep != 0 ? 0 : 2);

        acta_request_group_set_deadline(group, 0, ACTA_REQUESTS_ABANDON); /* passed: what is there is given */
        acta_request_group_send(group, (acta_pid){ 0 }, make(&h, ANSWER), 9);
        expect_answer(group, 9, ACTA_NOPROC);
        acta_request_group_destroy(group);
        harness_stop(&h);
    }
}

/* GS-09: with requests under way, answered and taken by nobody, and none; nothing is lost or leaked. */
static void
a_group_can_be_destroyed_at_any_time(void **state)
{
    (void)state;
    harness h;
    server s = { .later_count = 0 };
    script serving = { .call = serve, .user = &s };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &serving);
    for (int run = 0; run < 2; run++) {
        acta_request_group *group = group_of(&h);
        for (uint64_t i = 0; i < 10; i++)
            acta_request_group_send(group, pid, make(&h, i % 2 == 0 ? NEVER : ANSWER), i);
        if (run == 1) harness_run(&h);
        acta_request_group_destroy(group);
        harness_run(&h);
    }
    acta_request_group_destroy(group_of(&h));
    harness_stop(&h);
}

static void
wait_inside(acta_self *self, void *user)
{
    acta_request_group *group = user;
    acta_request_answer answer;
    acta_error error;

    (void)self;
    assert_int_equal(acta_request_group_wait(group, 0, &answer, &error), ACTA_CALLING_SELF);
}

/* GS-04: nobody waits inside an actor, for many no more than for one. */
static void
a_group_is_not_waited_for_inside_an_actor(void **state)
{
    (void)state;
    harness h;

    harness_start(&h, 1);
    acta_request_group *group = group_of(&h);
    inside(&h, wait_inside, group);
    acta_request_group_destroy(group);
    harness_stop(&h);
}

/* -- answers race deadlines -- */

typedef struct racer {
    harness *h;
    acta_pid pid;
    uint64_t seed, sent, answered, abandoned;
} racer;

static void *
race(void *argument)
{
    racer *r = argument;

    for (int round = 0; round < 300; round++) {
        acta_request_group *group = group_of(r->h);
        acta_request_answer answer;
        uint64_t seen = 0;
        uint32_t count = 1 + draw(&r->seed, 20);

        for (uint32_t i = 0; i < count; i++)
            acta_request_group_send(group, r->pid, make(r->h, ANSWER), i);
        r->sent += count;
        acta_request_group_set_deadline(group, draw(&r->seed, 2), ACTA_REQUESTS_ABANDON);
        while (acta_request_group_wait(group, ACTA_INFINITE, &answer, NULL) == ACTA_OK) {
            assert_int_equal(answer.status, ACTA_OK);
            assert_true(answer.label < count && (seen & UINT64_C(1) << answer.label) == 0); /* each once */
            seen |= UINT64_C(1) << answer.label;
            r->answered++;
            acta_message_destroy(answer.reply);
        }
        r->abandoned += count - (uint32_t)__builtin_popcountll(seen);
        acta_request_group_destroy(group);
    }
    return NULL;
}

/* GS-05, GS-09: each request is answered once or abandoned, and never both, with replies that race the deadline. */
static void
each_request_of_a_racing_group_is_answered_or_abandoned(void **state)
{
    (void)state;
    harness h;
    server s = { .later_count = 0 };
    script serving = { .call = serve, .user = &s };
    racer racers[4];
    pthread_t threads[4];
    acta_runtime_stats stats;
    uint64_t sent = 0, answered = 0, abandoned = 0;

    harness_start(&h, 2);
    acta_pid pid = spawn(&h, &serving);
    for (int i = 0; i < 4; i++) {
        racers[i] = (racer){ .h = &h, .pid = pid, .seed = 77 + (uint64_t)i };
        pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        sent += racers[i].sent;
        answered += racers[i].answered;
        abandoned += racers[i].abandoned;
    }
    assert_int_equal(sent, answered + abandoned);
    assert_int_equal(call_tag(&h, pid, ANSWER, 60000, NULL), ACTA_OK); /* behind all of them */
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.handled, sent + 1);
    assert_true(stats.late <= abandoned); /* the rest came in the moment of the deadline, and went with the group */
    assert_true(answered > 0 && abandoned > 0);
    harness_stop(&h);
}

/* -- inside an actor -- */

typedef struct client {
    acta_pid server;
    acta_requests *requests;
    uint64_t labels[32];
    acta_status statuses[32];
    uint32_t count, others, timeouts;
    acta_requests_deadline then;
    uint32_t left_at_timeout;
    acta_ref own;
} client;

enum { ASK = 100, ASK_TWICE, WAIT_BRIEFLY, GIVE_UP, ABANDON_ONE, DROP };

static acta_next
ask_many(acta_self *self, void *user, acta_message *message)
{
    client *c = user;
    acta_runtime *runtime = acta_self_runtime(self);

    if (c->requests == NULL) c->requests = acta_requests_create(self);
    switch (message->tag) {
    case ASK:
        for (uint64_t i = 0; i < 12; i++) {
            acta_pid to = i == 5 ? (acta_pid){ 0 } : c->server;
            uint32_t tag = i == 6 ? REFUSE : i % 3 == 0 ? LATER : ANSWER;
            assert_int_equal(
                acta_requests_send(self, c->requests, to, acta_message_create(runtime, tag, 0), 1000 + i), ACTA_OK);
        }
        return ACTA_NEXT;
    case ASK_TWICE:
        assert_int_equal(acta_request(self, c->server, acta_message_create(runtime, LATER, 0), 5000, &c->own), ACTA_OK);
        assert_int_equal(acta_requests_add(self, c->requests, c->own, 7), ACTA_OK);
        assert_int_equal(acta_requests_add(self, c->requests, c->own, 8), ACTA_ALREADY_EXISTS);
        assert_int_equal(acta_requests_add(self, c->requests, (acta_ref){ 99 }, 8), ACTA_NOT_FOUND);
        return ACTA_NEXT;
    case WAIT_BRIEFLY:
        assert_int_equal(acta_requests_set_deadline(self, c->requests, 50, c->then), ACTA_OK);
        return ACTA_NEXT;
    case GIVE_UP:
        acta_requests_abandon(self, c->requests);
        return ACTA_NEXT;
    case ABANDON_ONE:
        assert_int_equal(acta_request(self, c->server, acta_message_create(runtime, LATER, 0), 5000, &c->own), ACTA_OK);
        assert_true(acta_request_abandon(self, c->own));
        assert_false(acta_request_abandon(self, c->own));
        return ACTA_NEXT;
    case DROP:
        acta_requests_destroy(self, c->requests);
        c->requests = NULL;
        return ACTA_NEXT;
    default:
        return ACTA_NEXT;
    }
}

static acta_next
take_answers(acta_self *self, void *user, const acta_info *info)
{
    client *c = user;
    uint64_t label = 0;

    switch (acta_requests_take(self, c->requests, info, &label)) {
    case ACTA_REQUESTS_ANSWER:
        c->labels[c->count] = label;
        c->statuses[c->count++] = info->status;
        break;
    case ACTA_REQUESTS_TIMEOUT:
        c->timeouts++;
        c->left_at_timeout = acta_requests_count(c->requests);
        break;
    default:
        c->others++;
    }
    return ACTA_NEXT;
}

/* GS-09: the same inside an actor, by what handle_info is told. */
static void
an_actor_takes_its_answers_with_their_labels(void **state)
{
    (void)state;
    harness h;
    server s = { .later_count = 0 };
    client c = { .count = 0 };
    script serving = { .call = serve, .user = &s }, asking = { .cast = ask_many, .info = take_answers, .user = &c };

    harness_start(&h, 0);
    c.server = spawn(&h, &serving);
    acta_pid pid = spawn(&h, &asking);
    send_tag(&h, pid, ASK);
    send_tag(&h, pid, ASK_TWICE);
    harness_run(&h);
    assert_int_equal(c.count, 9);        /* 0, 3, 9 and its own are to come */
    assert_int_equal(c.labels[0], 1005); /* nobody: told at once */
    assert_int_equal(c.statuses[0], ACTA_NOPROC);
    assert_int_equal(call_tag(&h, c.server, ANSWER_LATER, 1000, NULL), ACTA_OK);
    harness_run(&h);
    assert_int_equal(c.count, 13);
    assert_int_equal(c.labels[9], 7); /* the last first */
    assert_int_equal(c.labels[12], 1000);
    uint32_t rejected = 0;
    for (uint32_t i = 0; i < 13; i++)
        rejected += c.statuses[i] == ACTA_REJECTED && c.labels[i] == 1006;
    assert_int_equal(rejected, 1);
    assert_int_equal(c.others, 0);
    harness_stop(&h);
}

/* GS-09: the deadline inside an actor, and giving up; what comes late is dropped and counted. */
static void
an_actor_s_deadline_abandons_or_keeps_the_rest(void **state)
{
    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        harness h;
        server s = { .later_count = 0 };
        client c = { .then = keep != 0 ? ACTA_REQUESTS_KEEP : ACTA_REQUESTS_ABANDON };
        script serving = { .call = serve, .user = &s }, asking = { .cast = ask_many, .info = take_answers, .user = &c };
        acta_runtime_stats stats;

        harness_start(&h, 0);
        c.server = spawn(&h, &serving);
        acta_pid pid = spawn(&h, &asking);
        send_tag(&h, pid, ASK);
        send_tag(&h, pid, WAIT_BRIEFLY);
        send_tag(&h, pid, WAIT_BRIEFLY); /* in place of the first */
        harness_advance(&h, 100);
        assert_int_equal(c.timeouts, 1);
        assert_int_equal(c.count, 9);
        assert_int_equal(c.left_at_timeout, keep != 0 ? 3 : 0);
        assert_int_equal(call_tag(&h, c.server, ANSWER_LATER, 1000, NULL), ACTA_OK);
        harness_run(&h);
        assert_int_equal(c.count, keep != 0 ? 12 : 9);
        acta_runtime_stats_read(h.runtime, &stats);
        assert_int_equal(stats.late, keep != 0 ? 0 : 3);

        send_tag(&h, pid, ASK);
        send_tag(&h, pid, WAIT_BRIEFLY);
        send_tag(&h, pid, GIVE_UP);
        send_tag(&h, pid, ABANDON_ONE);
        harness_advance(&h, 100);
        assert_int_equal(call_tag(&h, c.server, ANSWER_LATER, 1000, NULL), ACTA_OK);
        send_tag(&h, pid, ASK);
        send_tag(&h, pid, DROP);
        harness_advance(&h, 100);
        assert_int_equal(c.timeouts, 1);
        assert_true(acta_is_alive(h.runtime, pid));
        harness_stop(&h);
    }
}

/* GS-31: a group and a collection without memory at the n-th allocation. */
static void
collections_without_memory_send_whole_or_nothing(void **state)
{
    (void)state;
    int made = 0, sent = 0;

    for (int n = 0; n < 12; n++) {
        harness h;
        server s = { .later_count = 0 };
        script serving = { .call = serve, .user = &s };
        acta_request_group *group = NULL;
        acta_request_answer answer;

        harness_start(&h, 0);
        acta_pid pid = spawn(&h, &serving);
        acta_message *request = make(&h, ANSWER);
        atomic_store(&h.allocs_left, n);
        acta_status status = acta_request_group_create(h.runtime, &group, NULL);
        if (status != ACTA_OK) {
            assert_int_equal(status, ACTA_NO_MEMORY);
            acta_message_destroy(request);
        } else {
            made++;
            status = acta_request_group_send(group, pid, request, 1);
            assert_true(status == ACTA_OK || status == ACTA_NO_MEMORY);
            assert_int_equal(acta_request_group_count(group), status == ACTA_OK);
            atomic_store(&h.allocs_left, -1);
            sent += status == ACTA_OK;
            if (status == ACTA_OK) {
                assert_int_equal(acta_request_group_wait(group, 1000, &answer, NULL), ACTA_OK);
                acta_message_destroy(answer.reply);
            }
        }
        atomic_store(&h.allocs_left, -1);
        acta_request_group_destroy(group);
        harness_stop(&h);
    }
    assert_in_range(made, 1, 11);
    assert_in_range(sent, 1, 11);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_the_order_of_completion_with_their_labels),
        cmocka_unit_test(one_deadline_for_all_abandons_or_keeps_the_rest),
        cmocka_unit_test(a_group_can_be_destroyed_at_any_time),
        cmocka_unit_test(a_group_is_not_waited_for_inside_an_actor),
        cmocka_unit_test(each_request_of_a_racing_group_is_answered_or_abandoned),
        cmocka_unit_test(an_actor_takes_its_answers_with_their_labels),
        cmocka_unit_test(an_actor_s_deadline_abandons_or_keeps_the_rest),
        cmocka_unit_test(collections_without_memory_send_whole_or_nothing),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
