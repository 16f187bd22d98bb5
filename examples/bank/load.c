/*
 * Accounts and transfers from CSV files. See load.h.
 *
 *     line -> record -> request --dispatch--> (up to WINDOW at a time) --answer--> counted, tried again, or a bad line
 *
 * Each command carries an id made of its record's id. So a file may be loaded twice, or again after a crash: what is
 * there stays as it is, and only what is missing is done.
 *
 * A bad line costs only itself. Bad lines are told in their order: those known are kept until all before them are
 * answered.
 */
#include "load.h"

#include "bank.h"
#include "csv_file.h"
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

enum {
    WINDOW = 256,
    ATTEMPT_MAX = 200, /* of one command that finds a queue full, or no answer in time */
    RETRY_DELAY_MS = 10,
    BAD_MAX = 256, /* bad lines kept before they are told */
    FIELD_MAX = 4
};

typedef struct file_kind {
    const char *title; /* "accounts" */
    const char *fields;
    const char *id_prefix; /* of command ids */
    const acta_table *command;
    uint32_t field_count;
    uint32_t number_field;
} file_kind;

static const file_kind account_file = { "accounts", "id, owner, initial balance", "load account ",
    &bank_OpenAccount_table, 3, 2 };
static const file_kind transfer_file = { "transfers", "id, from, to, amount", "load transfer ",
    &bank_RequestTransfer_table, 4, 3 };

typedef struct load load;

/* One line on its way. */
typedef struct request {
    load *load;
    struct request *next; /* in the list of those to try again */
    uint64_t line;
    uint32_t columns[FIELD_MAX];
    uint32_t attempt;
    acta_str fields[FIELD_MAX]; /* in `text` */
    int64_t number;
    char text[];
} request;

typedef struct bad_line {
    uint64_t line;
    char *text;
} bad_line;

struct load {
    acta_app *app;
    const file_kind *kind;
    csv_file *file;
    uint64_t head_before; /* the log's, when the program began */

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t answered;
    uint32_t in_flight_count;
    request *again; /* to be dispatched again */
    load_counts counts;
    bad_line bad[BAD_MAX + WINDOW + 1]; /* full ones are told before the next line is dispatched */
    uint32_t bad_count;
    acta_error fatal; /* status ACTA_OK: none */
};

/* -- bad lines -- */

static void
keep_bad(load *l, uint64_t line, const acta_error *error)
{
    char *text = strdup(error->text);

    l->counts.bad_count++;
    if (text != NULL) l->bad[l->bad_count++] = (bad_line){ .line = line, .text = text };
}

static int
compare_lines(const void *a, const void *b)
{
    const bad_line *x = a, *y = b;
    return (x->line > y->line) - (x->line < y->line);
}

static void
tell_bad(load *l)
{
    qsort(l->bad, l->bad_count, sizeof l->bad[0], compare_lines);
    for (uint32_t i = 0; i < l->bad_count; i++) {
        fprintf(stderr, "%s\n", l->bad[i].text);
        free(l->bad[i].text);
    }
    l->bad_count = 0;
}

/* The field that a rejection is about. */
static uint32_t
field_of(const file_kind *kind, uint32_t code)
{
    switch (code) {
    case bank_Rejection_amount_not_positive:
    case bank_Rejection_balance_too_large:
        return kind->number_field;
    case bank_Rejection_same_account:
        return 2;
    default:
        return 0;
    }
}

static void
refuse(load *l, const request *r, const acta_error *cause)
{
    acta_error error;

    if (cause->status == ACTA_COMMAND_ID_REUSED)
        csv_file_error(l->file, r->line, r->columns[0], &error, "'" ACTA_FMT "' was loaded before, with other values",
            ACTA_ARG(r->fields[0]));
    else if (cause->status == ACTA_REJECTED)
        csv_file_error(
            l->file, r->line, r->columns[field_of(l->kind, cause->code)], &error, "%s: %s", cause->where, cause->text);
    else
        csv_file_error(l->file, r->line, r->columns[0], &error, "%s", cause->text);
    keep_bad(l, r->line, &error);
}

/* -- answers: on any thread -- */

static bool
may_pass(acta_status status)
{
    return status == ACTA_BUSY || status == ACTA_TIMEOUT || status == ACTA_CONFLICT;
}

/* True: it is done with, one way or the other. */
static bool
take_answer(load *l, request *r, const acta_dispatch_result *result)
{
    if (result->status == ACTA_OK) {
        if (result->position > l->head_before)
            l->counts.new_count++;
        else
            l->counts.known_count++;
        return true;
    }
    if (result->status == ACTA_REJECTED && result->error->code == bank_Rejection_account_already_open) {
        l->counts.known_count++;
        return true;
    }
    if (may_pass(result->status) && r->attempt < ATTEMPT_MAX) return false;
    if (result->status == ACTA_REJECTED || result->status == ACTA_INVALID || result->status == ACTA_COMMAND_ID_REUSED)
        refuse(l, r, result->error);
    else if (l->fatal.status == ACTA_OK)
        l->fatal = *result->error;
    return true;
}

static void
answered(void *user, const acta_dispatch_result *result)
{
    request *r = user;
    load *l = r->load;

    pthread_mutex_lock(&l->lock);
    if (take_answer(l, r, result)) {
        free(r);
    } else {
        r->next = l->again;
        l->again = r;
    }
    l->in_flight_count--;
    pthread_cond_signal(&l->answered);
    pthread_mutex_unlock(&l->lock);
}

/* -- requests: on the loading thread -- */

static void
dispatch(load *l, request *r)
{
    char name[CSV_LINE_MAX + 32];
    union {
        bank_OpenAccount open;
        bank_RequestTransfer transfer;
    } value;

    int size = snprintf(name, sizeof name, "%s" ACTA_FMT, l->kind->id_prefix, ACTA_ARG(r->fields[0]));
    const acta_dispatch_options options = { .command_id = acta_id_of(acta_str_from(name, (size_t)size)) };
    if (l->kind == &account_file)
        value.open = ACTA_INIT(
            bank_OpenAccount, .account_id = r->fields[0], .owner = r->fields[1], .initial_balance = r->number);
    else
        value.transfer = ACTA_INIT(bank_RequestTransfer, .transfer_id = r->fields[0], .source_id = r->fields[1],
            .target_id = r->fields[2], .amount = r->number);
    r->attempt++;
    acta_dispatch_async(l->app, l->kind->command, &value, &options, answered, r);
}

static void
dispatch_again(load *l, request *list)
{
    const struct timespec pause = { .tv_nsec = RETRY_DELAY_MS * 1000000L };

    if (list != NULL) nanosleep(&pause, NULL);
    while (list != NULL) {
        request *r = list;
        list = r->next;
        dispatch(l, r);
    }
}

/* Wait until at most `count` are in flight, and none is left to be tried again. */
static void
wait_for(load *l, uint32_t count)
{
    pthread_mutex_lock(&l->lock);
    while (l->in_flight_count > count || l->again != NULL) {
        if (l->again == NULL) {
            pthread_cond_wait(&l->answered, &l->lock);
            continue;
        }
        request *list = l->again;
        l->again = NULL;
        for (const request *r = list; r != NULL; r = r->next)
            l->in_flight_count++;
        pthread_mutex_unlock(&l->lock);
        dispatch_again(l, list);
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
}

/* -- records -- */

static bool
parse_number(acta_str text, int64_t *number_out)
{
    char digits[24];
    char *end;

    if (text.size == 0 || text.size >= sizeof digits) return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    for (const char *c = digits + (digits[0] == '-'); *c != '\0'; c++)
        if (*c < '0' || *c > '9') return false;
    errno = 0;
    *number_out = strtoll(digits, &end, 10);
    return *end == '\0' && end != digits && errno == 0 && digits[text.size - 1] != '-';
}

static bool
is_header(const file_kind *kind, const csv_record *record)
{
    int64_t number;
    return record->field_count == kind->field_count && record->fields[0].size == 2 &&
           strncasecmp(record->fields[0].data, "id", 2) == 0 &&
           !parse_number(record->fields[kind->number_field], &number);
}

static acta_status
check_record(const load *l, const csv_record *record, int64_t *number_out, acta_error *error)
{
    const file_kind *kind = l->kind;
    uint32_t count = record->field_count;

    if (count != kind->field_count) {
        uint32_t place = count < kind->field_count ? count : kind->field_count;
        return csv_file_error(l->file, record->line, record->columns[place], error,
            "%" PRIu32 " field%s where there should be %" PRIu32 ": %s", count, count == 1 ? "" : "s",
            kind->field_count, kind->fields);
    }
    for (uint32_t i = 0; i < count; i++)
        if (record->fields[i].size == 0 && !(kind == &account_file && i == 1)) /* an owner may be left out */
            return csv_file_error(l->file, record->line, record->columns[i], error, "the field is empty");

    acta_str number = record->fields[kind->number_field];
    if (!parse_number(number, number_out))
        return csv_file_error(l->file, record->line, record->columns[kind->number_field], error,
            "'%.*s' is no whole number of minor units, or too large (1250 for 12.50)",
            (int)(number.size < 40 ? number.size : 40), number.data);
    return ACTA_OK;
}

static request *
request_of(load *l, const csv_record *record, int64_t number)
{
    size_t size = 0;
    for (uint32_t i = 0; i < l->kind->field_count; i++)
        size += record->fields[i].size;
    request *r = calloc(1, sizeof *r + size);
    if (r == NULL) return NULL;

    *r = (request){ .load = l, .line = record->line, .number = number };
    char *end = r->text;
    for (uint32_t i = 0; i < l->kind->field_count; i++) {
        acta_str field = record->fields[i];
        if (field.size > 0) memcpy(end, field.data, field.size);
        r->fields[i] = acta_str_from(end, field.size);
        r->columns[i] = record->columns[i];
        end += field.size;
    }
    return r;
}

static void
take_bad(load *l, uint64_t line, const acta_error *error)
{
    pthread_mutex_lock(&l->lock);
    keep_bad(l, line, error);
    bool is_full = l->bad_count >= BAD_MAX;
    pthread_mutex_unlock(&l->lock);
    if (!is_full) return;
    wait_for(l, 0);
    tell_bad(l);
}

static acta_status
take_record(load *l, const csv_record *record, acta_error *error)
{
    acta_error bad;
    int64_t number = 0;

    if (record->line == 1 && is_header(l->kind, record)) return ACTA_OK;
    if (check_record(l, record, &number, &bad) != ACTA_OK) {
        take_bad(l, record->line, &bad);
        return ACTA_OK;
    }
    request *r = request_of(l, record, number);
    if (r == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot load line %" PRIu64 ": no memory", record->line);

    wait_for(l, WINDOW - 1);
    pthread_mutex_lock(&l->lock);
    l->in_flight_count++;
    acta_status status = l->fatal.status;
    bool is_full = l->bad_count >= BAD_MAX;
    if (status != ACTA_OK) *error = l->fatal;
    pthread_mutex_unlock(&l->lock);
    dispatch(l, r);
    if (is_full) {
        wait_for(l, 0);
        tell_bad(l);
    }
    return status;
}

static acta_status
take_records(load *l, acta_error *error)
{
    csv_record record;
    progress p;
    acta_status status;

    progress_begin(&p, l->kind->title, csv_file_size(l->file), " bytes");
    for (;;) {
        status = csv_file_next(l->file, &record, error);
        if (status == ACTA_INVALID)
            take_bad(l, csv_file_line(l->file), error);
        else if (status != ACTA_OK)
            break;
        else if ((status = take_record(l, &record, error)) != ACTA_OK)
            break;
        progress_show(&p, csv_file_offset(l->file));
    }
    wait_for(l, 0);
    progress_end_if_shown(&p, csv_file_offset(l->file));
    tell_bad(l);
    if (status == ACTA_NOT_FOUND && l->fatal.status != ACTA_OK) {
        *error = l->fatal;
        return error->status;
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
load_file(acta_app *app, const file_kind *kind, const char *path, uint64_t head_before, load_counts *counts_out,
    acta_error *error)
{
    load *l = calloc(1, sizeof *l);
    if (l == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot load '%s': no memory", path);

    *l = (load){ .app = app, .kind = kind, .head_before = head_before };
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->answered, NULL);
    acta_status status = csv_file_open(path, &l->file, error);
    if (status == ACTA_OK) status = take_records(l, error);
    *counts_out = l->counts;
    csv_file_close(l->file);
    pthread_cond_destroy(&l->answered);
    pthread_mutex_destroy(&l->lock);
    free(l);
    return status;
}

acta_status
load_accounts(acta_app *app, const char *path, uint64_t head_before, load_counts *counts_out, acta_error *error)
{
    return load_file(app, &account_file, path, head_before, counts_out, error);
}

acta_status
load_transfers(acta_app *app, const char *path, uint64_t head_before, load_counts *counts_out, acta_error *error)
{
    return load_file(app, &transfer_file, path, head_before, counts_out, error);
}
