/*
 * bank load: files in, counts out, and the transfers followed to their end.
 */
#include "bank.h"
#include "cli.h"
#include "csv_file.h"
#include "load.h"
#include "payments.h"
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct files {
    const char *accounts, *transfers;
    const char *payments, *report; /* pain.001 in, pain.002 out */
    pain_file *orders;             /* what is in the former */
    uint64_t bad_count;
} files;

static error_t
parse_load(int key, char *argument, struct argp_state *state)
{
    files *f = state->input;

    switch (key) {
    case 'a':
        f->accounts = argument;
        return 0;
    case 't':
        f->transfers = argument;
        return 0;
    case 'p':
        f->payments = argument;
        return 0;
    case 'r':
        f->report = argument;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "is '%s' a file of accounts or of transfers? --accounts %s, or --transfers %s", argument,
            argument, argument);
        return 0;
    case ARGP_KEY_END:
        if (f->accounts == NULL && f->transfers == NULL && f->payments == NULL)
            argp_error(state, "which file? --accounts FILE, --transfers FILE, --payments FILE, or several of them");
        if (f->report != NULL && f->payments == NULL) argp_error(state, "a report on what? --payments FILE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void
print_counts(const char *title, const char *done, const load_counts *counts)
{
    char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE], n[CLI_NUMBER_SIZE];

    printf("%-10s %s %s, %s there before, %s bad line%s\n", title, cli_format((int64_t)counts->new_count, a), done,
        cli_format((int64_t)counts->known_count, b), cli_format((int64_t)counts->bad_count, n),
        counts->bad_count == 1 ? "" : "s");
}

/* How the transfers ended that ended behind a position. */
static acta_status
print_ends(acta_app *app, uint64_t head_before, acta_error *error)
{
    char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE], n[CLI_NUMBER_SIZE];
    int64_t completed = 0, refunded = 0, rejected = 0;
    acta_cursor *cursor;
    acta_recorded event;

    acta_status status = acta_cursor_open(acta_app_store(app), &(acta_read){ .from = head_before + 1 }, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK) {
        completed += acta_str_equal(event.type, acta_str_of(bank_TransferCompleted_table.name));
        if (!acta_str_equal(event.type, acta_str_of(bank_TransferFailed_table.name))) continue;
        bank_TransferFailed failed;
        bank_TransferFailed_read(event.payload, &failed);
        if (failed.refunded)
            refunded++;
        else
            rejected++;
    }
    acta_cursor_close(cursor);
    if (status != ACTA_NOT_FOUND) return status;
    printf("%-10s %s completed, %s refunded, %s rejected\n", "ended", cli_format(completed, a), cli_format(refunded, b),
        cli_format(rejected, n));
    return ACTA_OK;
}

static void
tell_settling(void *user, uint64_t passed, uint64_t head)
{
    progress *p = user;
    p->total = head;
    progress_show(p, passed);
}

static acta_status
follow_transfers(acta_app *app, uint64_t head_before, acta_error *error)
{
    progress p;

    progress_begin(&p, "settling", 0, " events");
    acta_status status = cli_settle(app, tell_settling, &p, error);
    progress_end_if_shown(&p, p.total);
    return status == ACTA_OK ? print_ends(app, head_before, error) : status;
}

/* -- payments -- */

static void
tell_rejected(const char *path, const pain_file *file)
{
    uint32_t rejected_count = 0;

    for (uint32_t i = 0; i < file->payment_count; i++) {
        const pain_payment *payment = &file->payments[i];
        if (payment->code[0] == '\0') continue;
        rejected_count++;
        fprintf(stderr, "%s:%" PRIu64 ": CdtTrfTxInf '%s' is rejected, %s: %s\n", path, payment->line,
            payment->end_to_end_id, payment->code, payment->reason);
    }
    printf("%-10s %" PRIu32 " executed, %" PRIu32 " rejected\n", "payments", file->payment_count - rejected_count,
        rejected_count);
}

static acta_status
load_payments(acta_app *app, const files *f, acta_error *error)
{
    const acta_clock clock = acta_environment_or_default(NULL).clock;

    acta_status status = payments_execute(app, f->orders, error);
    if (status != ACTA_OK) return status;
    tell_rejected(f->payments, f->orders);
    return f->report != NULL ? pain_write_report(f->orders, f->report, clock.wall_us(clock.user), error) : ACTA_OK;
}

static acta_status
load_files(cli *c, acta_app *app, void *user, acta_error *error)
{
    files *f = user;
    uint64_t head_before = acta_store_head(acta_app_store(app));
    acta_status status = ACTA_OK;

    (void)c;
    if (f->accounts != NULL) {
        load_counts counts = { 0 };
        status = load_accounts(app, f->accounts, head_before, &counts, error);
        print_counts("accounts", "opened", &counts);
        f->bad_count += counts.bad_count;
    }
    if (f->transfers != NULL && status == ACTA_OK) {
        load_counts counts = { 0 };
        status = load_transfers(app, f->transfers, head_before, &counts, error);
        print_counts("transfers", "requested", &counts);
        f->bad_count += counts.bad_count;
        if (status == ACTA_OK) status = follow_transfers(app, head_before, error);
    }
    if (f->payments != NULL && status == ACTA_OK) status = load_payments(app, f, error);
    return status;
}

/* Told before a bank is begun for nothing. */
static bool
is_readable(const char *path)
{
    acta_error error;
    return path == NULL || csv_file_check(path, &error) == ACTA_OK || cli_fail(&error) == EXIT_DONE;
}

/* Unlike a CSV file it is refused as a whole, and so it is read before anything is done. */
static bool
read_orders(files *f)
{
    acta_error error = { 0 };
    return f->payments == NULL || pain_open(f->payments, &f->orders, &error) == ACTA_OK ||
           cli_fail(&error) == EXIT_DONE;
}

int
cli_load(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "accounts", 'a', "FILE", 0, "CSV lines: id, owner, initial balance", 0 },
        { "transfers", 't', "FILE", 0, "CSV lines: id, from, to, amount", 0 },
        { "payments", 'p', "FILE", 0, "Payments as ISO 20022 pain.001, in EUR", 0 },
        { "report", 'r', "FILE", 0, "Where the answer to them goes, as pain.002", 0 },
        { 0 },
    };
    files f = { 0 };

    cli_parse(c, argc, argv, "",
        "Load accounts, then transfers, from CSV files, then payments, and follow all to their end. Money is in minor "
        "units. A first line of names is passed over. Bad lines are told and the rest goes on; the exit status is 1 "
        "then. "
        "What was loaded before is not done twice.\v"
        "Examples:\n  bank load --accounts accounts.csv --transfers transfers.csv\n  bank load --transfers today.csv\n"
        "  bank load --payments pain001.xml --report pain002.xml",
        options, parse_load, &f);
    if (!is_readable(f.accounts) || !is_readable(f.transfers) || !is_readable(f.payments) || !read_orders(&f))
        return EXIT_FAILED;
    int exit_status = cli_with_bank(c, false, load_files, &f);
    pain_close(f.orders);
    return f.bad_count > 0 ? EXIT_FAILED : exit_status;
}
