/*
 * Groups for tests, as group_fixture.h says.
 */
#include "group_fixture.h"

static uint64_t now_ns;

static uint64_t
virtual_ns(void *user)
{
    (void)user;
    return now_ns;
}

int64_t
virtual_us(void *user)
{
    (void)user;
    return (int64_t)(now_ns / 1000) + 1700000000000000;
}

void
pass_ms(uint64_t ms)
{
    now_ns += ms * 1000000;
}

static void
no_log(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    (void)level;
    (void)line;
}

void
open_with_clock(fixture *f)
{
    static acta_environment environment;

    environment = (acta_environment){ .clock = { .monotonic_ns = virtual_ns, .wall_us = virtual_us },
        .log = { .write = no_log } };
    now_ns = 1000000000;
    f->config.manual = true;
    f->config.environment = &environment;
    open_store_ok(f);
}

acta_group *
open_group(fixture *f, const acta_group_config *config)
{
    acta_group *group;

    if (acta_group_open(f->store, config, &group, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return group;
}

acta_group *
open_plain(fixture *f)
{
    return open_group(f, &(acta_group_config){ .subscription = { .name = "g" } });
}

acta_consumer *
join(fixture *f, acta_group *group)
{
    acta_consumer *consumer;
    const acta_consumer_config config = { .name = "c", .window = 100 };

    if (acta_consumer_open(group, &config, &consumer, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return consumer;
}

void
close_group(fixture *f, acta_group *group)
{
    if (acta_group_close(group, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
}

/* Take what there is, without acknowledging; positions as a text: "1 2 5". */
const char *
take_some(fixture *f, acta_consumer *consumer, uint32_t count_max)
{
    static char text[4096];
    size_t at = 0;
    bool more = true;

    text[0] = '\0';
    for (uint32_t taken = 0; more && taken < count_max;) {
        acta_chunk *chunk;
        if (acta_consumer_next(consumer, count_max - taken, &chunk, &more, &f->error) != ACTA_OK)
            fail_msg("%s", f->error.text);
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++, taken++)
            at += (size_t)snprintf(
                text + at, sizeof text - at, "%s%" PRIu64, at > 0 ? " " : "", acta_chunk_at(chunk, i)->position);
        acta_chunk_unref(chunk);
    }
    return text;
}

const char *
take(fixture *f, acta_consumer *consumer)
{
    return take_some(f, consumer, 100);
}

void
append_to(fixture *f, const char *streams)
{
    for (; *streams != '\0'; streams++)
        append_ok(f, (char[]){ *streams, '\0' }, "x");
}

acta_subscription_info
info_of(acta_group *group)
{
    acta_subscription_info info;

    acta_group_read_info(group, &info);
    return info;
}

/* "key:position" of what is parked. */
const char *
parked(fixture *f)
{
    static char text[1024];
    acta_parked_cursor *cursor;
    acta_parked row;
    size_t at = 0;
    uint64_t count = 0, counted;

    text[0] = '\0';
    assert_int_equal(ACTA_OK, acta_parked_cursor_open(f->store, "g", &cursor, &f->error));
    for (; acta_parked_cursor_next(cursor, &row, &f->error) == ACTA_OK; count++)
        at += (size_t)snprintf(
            text + at, sizeof text - at, "%s" ACTA_FMT ":%" PRIu64, at > 0 ? " " : "", ACTA_ARG(row.key), row.position);
    acta_parked_cursor_close(cursor);
    assert_int_equal(ACTA_OK, acta_store_parked_count(f->store, "g", &counted, &f->error));
    assert_int_equal(counted, count);
    return text;
}

void
nack(acta_consumer *consumer, uint64_t position, acta_nack how)
{
    assert_int_equal(ACTA_OK, acta_consumer_nack(consumer, position, how, S("it can't be read")));
}

void
ack(acta_consumer *consumer, uint64_t position)
{
    assert_int_equal(ACTA_OK, acta_consumer_ack(consumer, position));
}
