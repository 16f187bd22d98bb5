/*
 * The works, one by one, and what must be there of each.
 */
#include "works.h"

#include "life_schemas.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acta/consumer_group.h"
#include "acta/operations.h"

enum { CUT_AT = 5, CUT_STEP = 6, PARK_EACH = 5, CALLS_MAX = 10000 };

#define S(literal) acta_str_from(literal, sizeof(literal) - 1)

static const char *
place(const life *l, char *room, const char *name, uint64_t number)
{
    if (number == 0)
        snprintf(room, FAULT_PATH_SIZE * 2, "%s/%s", l->root, name);
    else
        snprintf(room, FAULT_PATH_SIZE * 2, "%s/%s-%" PRIu64, l->root, name, number);
    return room;
}

/* -- the group -- */

typedef struct group {
    const life *l;
    acta_store *store;
    acta_group *group;
    acta_consumer *consumer;
} group;

static group
group_open(const life *l, acta_store *store)
{
    group g = { .l = l, .store = store };
    const acta_group_config config = {
        .subscription = { .name = "workers", .filter = { .stream_prefix = S("stream-") }, .window = 4096 }
    };
    acta_error error;

    life_expect(l, "open the group", acta_group_open(store, &config, &g.group, &error), &error);
    life_expect(
        l, "join", acta_consumer_open(g.group, &(acta_consumer_config){ .window = 4096 }, &g.consumer, &error), &error);
    return g;
}

static void
group_close(group *g)
{
    acta_error error;

    acta_consumer_close(g->consumer);
    life_expect(g->l, "close the group", acta_group_close(g->group, &error), &error);
}

/* What is done with an event, when it comes for the first time, and when it is replayed. */
static bool
is_parked_first(uint64_t position)
{
    return position % PARK_EACH == 0;
}

static void
settle(const group *g, const acta_recorded *event, bool replayed)
{
    uint64_t position = event->position;
    bool done = replayed ? position % (2 * PARK_EACH) == 0 || !is_parked_first(position) : !is_parked_first(position);
    acta_status status;

    if (done) g->l->note(LIFE_ACKED, position);
    status = done ? acta_consumer_ack(g->consumer, position)
                  : acta_consumer_nack(g->consumer, position, ACTA_NACK_PARK, S("later"));
    if (status != ACTA_OK)
        life_fail(g->l, "position %" PRIu64 " can't be settled: %s", position, acta_status_name(status));
}

/* Settle all that there is, one by one, for one that is parked takes later ones of its key out of the hands; `seen`, when given,
 * gets a mark for each. */
static void
group_work(const group *g, bool replayed, uint8_t *seen)
{
    bool more = true;
    acta_chunk *chunk;
    acta_error error;

    for (int calls = 0; calls < CALLS_MAX; calls++) {
        life_expect(g->l, "take", acta_consumer_next(g->consumer, 1, &chunk, &more, &error), &error);
        if (chunk == NULL && !more) return;
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
            const acta_recorded *event = acta_chunk_at(chunk, i);
            if (event->position >= SWEEP_POSITIONS) life_fail(g->l, "position %" PRIu64 " is too far", event->position);
            if (seen != NULL) seen[event->position] = 1;
            settle(g, event, replayed);
        }
        acta_chunk_unref(chunk);
    }
    life_fail(g->l, "the group never ends");
}

static void
group_replay(const group *g)
{
    acta_error error;
    acta_status status = acta_group_replay(g->group, acta_str_from(NULL, 0), NULL, &error);

    if (status == ACTA_NOT_FOUND) return;
    life_expect(g->l, "replay", status, &error);
    group_work(g, true, NULL);
}

/* Behind the next step that is acknowledged the checkpoint is durable, too. */
static void
note_checkpoint(const life *l, acta_store *store)
{
    uint64_t position;
    acta_error error;

    life_expect(l, "checkpoint", acta_store_checkpoint(store, "workers", &position, &error), &error);
    if (position > 0) l->note(WORKS_CHECKPOINT, position);
}

static void
mark_parked(const life *l, acta_store *store, uint8_t *parked)
{
    acta_parked_cursor *cursor;
    acta_parked row;
    acta_error error;
    acta_status status = acta_parked_cursor_open(store, "workers", &cursor, &error);

    life_expect(l, "parked", status, &error);
    while ((status = acta_parked_cursor_next(cursor, &row, &error)) == ACTA_OK)
        if (row.position < SWEEP_POSITIONS) parked[row.position] = 1;
    if (status != ACTA_NOT_FOUND) life_fail(l, "parked: %s", error.text);
    acta_parked_cursor_close(cursor);
}

/* Each event was acknowledged once, came now, or is parked; what is before the checkpoint and was acknowledged didn't come. */
static void
check_settled(const check *c, acta_store *store, const uint8_t *seen)
{
    static uint8_t parked[SWEEP_POSITIONS];
    const life *l = c->life;
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;

    mark_parked(l, store, parked);
    life_expect(l, "read", acta_cursor_open(store, &(acta_read){ .count_max = 0 }, &cursor, &error), &error);
    while (acta_cursor_next(cursor, &event, &error) == ACTA_OK) {
        uint64_t p = event.position;
        if (event.stream.size < 7 || memcmp(event.stream.data, "stream-", 7) != 0) continue;
        bool was_acked = check_was_noted(c, LIFE_ACKED, p);
        if (!was_acked && !parked[p] && !seen[p]) life_fail(l, "LOST: position %" PRIu64 " never comes", p);
        if (was_acked && seen[p] && p <= c->noted[WORKS_CHECKPOINT])
            life_fail(
                l, "LOST: the checkpoint %" PRIu64 ", position %" PRIu64 " comes again", c->noted[WORKS_CHECKPOINT], p);
    }
    acta_cursor_close(cursor);
}

/* The group goes on, also behind the next step. What it parks is in the store when it can be opened again. */
static void
check_group(const check *c, acta_store *store, uint64_t step)
{
    static uint8_t seen[SWEEP_POSITIONS];
    acta_error error;
    group g = group_open(c->life, store);

    group_work(&g, false, seen);
    if (life_commit(c->life, store, step, &error) != ACTA_OK) life_fail(c->life, "cannot go on: %s", error.text);
    group_work(&g, false, seen);
    group_close(&g);
    g = group_open(c->life, store);
    group_close(&g);
    check_settled(c, store, seen);
}

/* -- the set of backups -- */

static uint64_t
add_backup(const life *l, acta_store *store, uint64_t number, uint64_t step)
{
    char path[FAULT_PATH_SIZE * 2];
    const acta_backup_config config = { .path = place(l, path, "backups", 0), .keep_max = 2 };
    acta_backup_info info;
    acta_error error;

    l->note(WORKS_SET_BEGUN, number);
    life_expect(l, "add a backup", acta_store_backup_to(store, &config, &info, &error), &error);
    l->note(WORKS_SET_STEP, step);
    l->note(WORKS_SET_DONE, info.number);
    return info.number;
}

/* The path is one of the set, or of any store below the root: it holds the steps up to one between these. */
static void
check_copy(const life *l, const char *path, uint64_t least, uint64_t most)
{
    acta_error error;
    acta_store *store;
    const char *name = path + strlen(l->root) + 1;

    if (life_open(l, name, true, &store, &error) != ACTA_OK) life_fail(l, "REFUSED: %s", error.text);
    life_check(l, store, least, most);
    life_expect(l, name, acta_store_verify(store, NULL, NULL, NULL, &error), &error);
    acta_store_close(store);
}

static void
check_set(const check *c)
{
    enum { ROOM = 16 };
    static acta_backup_info infos[ROOM];
    const life *l = c->life;
    char path[FAULT_PATH_SIZE * 2];
    uint32_t count = 0;
    acta_error error;
    acta_status status = acta_backup_list(place(l, path, "backups", 0), infos, ROOM, &count, &error);

    if (status == ACTA_NOT_FOUND && c->noted[WORKS_SET_DONE] == 0) return;
    if (status != ACTA_OK) life_fail(l, "LOST: the set: %s", error.text);
    if (c->noted[WORKS_SET_DONE] > 0 && (count == 0 || infos[count - 1].number < c->noted[WORKS_SET_DONE]))
        life_fail(l, "LOST: backup %" PRIu64 ", there are %u", c->noted[WORKS_SET_DONE], count);
    for (uint32_t i = 0; i < count; i++)
        check_copy(l, infos[i].path, i + 1 == count ? c->noted[WORKS_SET_STEP] : 0, c->noted[LIFE_BEGUN]);
}

/* -- restoring -- */

static void
restore(const life *l, uint64_t number)
{
    char path[FAULT_PATH_SIZE * 2], set[FAULT_PATH_SIZE * 2];
    const acta_restore_config config = { .backup = place(l, set, "backups", 0),
        .path = place(l, path, "restored", number),
        .to_position = number % 2 == 0 ? CUT_AT : 0,
        .environment = &life_quiet };
    acta_error error;

    l->note(WORKS_RESTORE_BEGUN, number);
    life_expect(l, "restore", acta_restore(&config, NULL, &error), &error);
    l->note(WORKS_RESTORE_DONE, number);
}

static void
check_restored(const check *c, uint64_t number)
{
    const life *l = c->life;
    char path[FAULT_PATH_SIZE * 2];
    acta_error error;
    acta_store *store;

    place(l, path, "restored", number);
    if (access(path, F_OK) != 0) {
        if (check_was_noted(c, WORKS_RESTORE_DONE, number)) life_fail(l, "LOST: there is no '%s'", path);
        return;
    }
    if (number % 2 == 1) {
        check_copy(l, path, 1, c->noted[LIFE_BEGUN]);
        return;
    }
    const acta_store_config config = { .path = path, .read_only = true, .environment = &life_quiet };
    if (acta_store_open(&config, &store, &error) != ACTA_OK) life_fail(l, "REFUSED: %s", error.text);
    life_expect(l, path, acta_store_verify(store, NULL, NULL, NULL, &error), &error);
    if (acta_store_head(store) != CUT_AT) life_fail(l, "LOST: '%s' ends at %" PRIu64, path, acta_store_head(store));
    life_check_schemas(l, store, life_schema_at(CUT_STEP));
    acta_store_close(store);
}

/* -- repairing -- */

static void
sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

/* A sound copy loses a file that can be made again. */
static void
make_hurt(const life *l, uint64_t step)
{
    char path[FAULT_PATH_SIZE * 2], set[FAULT_PATH_SIZE * 2], current[FAULT_PATH_SIZE * 2 + 16];
    const acta_restore_config config = {
        .backup = place(l, set, "backups", 0), .path = place(l, path, "hurt", 0), .environment = &life_quiet
    };
    acta_error error;

    life_expect(l, "restore", acta_restore(&config, NULL, &error), &error);
    snprintf(current, sizeof current, "%s/CURRENT", path);
    if (unlink(current) != 0) life_fail(l, "cannot remove '%s'", current);
    sync_directory(path);
    l->note(WORKS_HURT, step);
}

static void
mend(const life *l, uint64_t number)
{
    char from[FAULT_PATH_SIZE * 2], to[FAULT_PATH_SIZE * 2];
    const acta_repair_config config = { .path = place(l, from, "hurt", 0),
        .target = place(l, to, "mended", number),
        .who = "a test",
        .environment = &life_quiet };
    acta_repair_report report;
    acta_error error;

    l->note(WORKS_REPAIR_BEGUN, number);
    life_expect(l, "repair", acta_repair(&config, &report, &error), &error);
    if (report.lost != 0) life_fail(l, "repair lost %" PRIu64, report.lost);
    l->note(WORKS_REPAIR_DONE, number);
}

static void
check_mended(const check *c, uint64_t number)
{
    char path[FAULT_PATH_SIZE * 2];

    place(c->life, path, "mended", number);
    if (access(path, F_OK) == 0)
        check_copy(c->life, path, c->noted[WORKS_HURT], c->noted[WORKS_HURT]);
    else if (check_was_noted(c, WORKS_REPAIR_DONE, number))
        life_fail(c->life, "LOST: there is no '%s'", path);
}

/* -- all of it -- */

static void
live_some(const life *l, acta_store *store, uint64_t *step)
{
    acta_error error;

    for (uint32_t i = 0; i < l->steps; i++)
        life_expect(l, "a step", life_commit(l, store, ++*step, &error), &error);
}

void
works_live(void *user)
{
    const life *l = user;
    acta_error error;
    acta_store *store;
    uint64_t step = 0;

    life_expect(l, "open", life_open(l, "data", false, &store, &error), &error);
    for (uint64_t number = 1; number <= 3; number++) {
        live_some(l, store, &step);
        group g = group_open(l, store);
        group_work(&g, false, NULL);
        if (number > 1) group_replay(&g);
        life_expect(l, "checkpoint", acta_group_checkpoint(g.group, &error), &error);
        group_close(&g);
        life_expect(l, "a step", life_commit(l, store, ++step, &error), &error);
        note_checkpoint(l, store);
        add_backup(l, store, number, step);
    }
    acta_store_close(store);
    restore(l, 1);
    restore(l, 2);
    make_hurt(l, step);
    mend(l, 1);
}

/* What a restoring or a repairing that was cut off left behind is in the way of the next, which says so. */
static void
remove_unfinished(const check *c, const char *name, uint64_t number)
{
    char path[FAULT_PATH_SIZE * 2 + 16];

    place(c->life, path, name, number);
    snprintf(path + strlen(path), 16, ".unfinished");
    disk_remove_tree(path);
    (void)rmdir(path);
}

static void
go_on(const check *c, acta_store *store, uint64_t step)
{
    const life *l = c->life;
    uint64_t number = c->noted[WORKS_SET_BEGUN];

    if (number > c->noted[WORKS_SET_DONE]) add_backup(l, store, number, step);
    acta_store_close(store);
    number = c->noted[WORKS_RESTORE_BEGUN];
    if (number > c->noted[WORKS_RESTORE_DONE]) {
        remove_unfinished(c, "restored", number);
        restore(l, number + 2);
    }
    number = c->noted[WORKS_REPAIR_BEGUN];
    if (number > c->noted[WORKS_REPAIR_DONE]) {
        remove_unfinished(c, "mended", number);
        mend(l, number + 1);
    }
}

void
works_check(void *user)
{
    const check *c = user;
    const life *l = c->life;
    acta_error error;
    acta_store *store;

    check_set(c);
    for (uint64_t number = 1; number <= c->noted[WORKS_RESTORE_BEGUN]; number++)
        check_restored(c, number);
    for (uint64_t number = 1; number <= c->noted[WORKS_REPAIR_BEGUN]; number++)
        check_mended(c, number);
    if (life_open(l, "data", false, &store, &error) != ACTA_OK) life_fail(l, "REFUSED: %s", error.text);
    uint64_t last = life_check(l, store, c->noted[LIFE_DONE], c->noted[LIFE_BEGUN]);
    check_group(c, store, last + 1);
    go_on(c, store, last + 1);
}
