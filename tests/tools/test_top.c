/*
 * The numbers of acta top: rates between two answers, how long something has waited at least, and the order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "top_model.h"

/* One mailbox with so many messages, of an actor that has begun so many handlers. */
static void
take(top_model *model, int64_t now_ms, uint64_t queued, uint64_t handled)
{
    acta_memory *memory = acta_memory_create(NULL);
    const json_value *answer;
    acta_error error;
    char text[512];

    snprintf(text, sizeof text,
        "{\"committer\":{\"head\":%lld,\"events\":%lld,\"transactions\":7},\"actors\":{\"alive\":9},"
        "\"mailboxes\":[{\"pid\":\"5\",\"queued\":%llu,\"queued_peak\":9,\"queued_bytes\":1,\"handled\":%llu}],"
        "\"handlers\":[{\"name\":\"near\",\"behind\":1,\"passed\":%lld},{\"name\":\"far\",\"behind\":2,\"passed\":3}]}",
        (long long)now_ms, (long long)now_ms, (unsigned long long)queued, (unsigned long long)handled,
        (long long)now_ms * 2);
    assert_int_equal(json_read(acta_str_of(text), memory, &answer, &error), ACTA_OK);
    top_model_take(model, answer, now_ms);
    acta_memory_destroy(memory);
}

static void
rates_are_between_two_answers(void **state)
{
    top_model *model = calloc(1, sizeof *model);

    (void)state;
    take(model, 1000, 1, 16777210);
    assert_true(model->event_rate == 0 && model->actors[0].rate == 0 && model->handlers[0].rate == 0);
    take(model, 3000, 1, 14); /* 20 later: it counts modulo 2^24 */
    assert_true(model->actors[0].rate == 10);
    assert_true(model->event_rate == 1000);
    assert_true(model->transaction_rate == 0);
    assert_true(model->handlers[0].rate == 2000);
    take(model, 3000, 1, 15); /* no time has passed */
    assert_true(model->actors[0].rate == 0);
    free(model);
}

/* As long as what waited at a time can't all have been handled since. */
static void
an_age_is_what_is_sure(void **state)
{
    top_model *model = calloc(1, sizeof *model);
    const top_actor *actor = &model->actors[0];

    (void)state;
    take(model, 1000, 0, 5);
    assert_int_equal(actor->oldest_ms, -1);
    take(model, 2000, 3, 5);
    assert_int_equal(actor->oldest_ms, 0);
    take(model, 3000, 900, 5);
    assert_int_equal(actor->oldest_ms, 1000);
    take(model, 4000, 900, 6); /* the first has begun to be handled; of the 900, some 64 may have been */
    assert_int_equal(actor->oldest_ms, 1000);
    take(model, 5000, 70, 840);
    assert_int_equal(actor->oldest_ms, 2000);
    take(model, 6000, 70, 850);
    assert_int_equal(actor->oldest_ms, 0);
    for (int64_t i = 1; i <= 3 * TOP_CLAIMS; i++) /* more looks than are remembered */
        take(model, 6000 + i * 1000, 70, 850);
    assert_int_equal(actor->oldest_ms, 3 * TOP_CLAIMS * 1000);
    take(model, 100000, 0, 920);
    assert_int_equal(actor->oldest_ms, -1);
    free(model);
}

static void
they_are_sorted_by_what_is_asked(void **state)
{
    static const char *const expected[] = {
        [TOP_QUEUED] = "abc", [TOP_PEAK] = "bca", [TOP_BYTES] = "cab", [TOP_RATE] = "acb", [TOP_OLDEST] = "bac"
    };
    top_model *model = calloc(1, sizeof *model);

    (void)state;
    for (top_order order = TOP_QUEUED; order <= TOP_OLDEST; order++) {
        model->actors[0] = (top_actor){ .pid = "c", .queued = 1, .peak = 2, .bytes = 3, .rate = 2, .oldest_ms = -1 };
        model->actors[1] = (top_actor){ .pid = "b", .queued = 2, .peak = 3, .bytes = 1, .rate = 1, .oldest_ms = 9 };
        model->actors[2] = (top_actor){ .pid = "a", .queued = 2, .peak = 1, .bytes = 2, .rate = 3, .oldest_ms = 0 };
        model->actor_count = 3;
        top_model_sort(model, order);
        for (int i = 0; i < 3; i++)
            assert_int_equal(model->actors[i].pid[0], expected[order][i]);
    }
    take(model, 1000, 1, 1);
    top_model_sort(model, TOP_QUEUED);
    assert_string_equal(model->handlers[0].name, "far");
    free(model);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_between_two_answers),
        cmocka_unit_test(an_age_is_what_is_sure),
        cmocka_unit_test(they_are_sorted_by_what_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
