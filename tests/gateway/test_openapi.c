/*
 * /openapi.json: of a schema with fields of all kinds. Whether it is OpenAPI is asked of a validator that is not ours
 * (openapi.pl), in whose form requests and answers are checked by it too.
 */
#include "shop.h"

#include <sys/wait.h>
#include <unistd.h>

static void
paths_are_those_that_are_served(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    assert_int_equal(get(f, "/openapi.json"), 200);
    body_has(f, "{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"shop\",");
    body_has(f, "\"/commands/Offer\":{\"post\":{");
    body_has(f, "\"/aggregates/Article/{id}\":{\"get\":{");
    body_has(f, "\"/read-models/ArticleRow\":{\"get\":{");
    body_has(f, "\"/streams/{name}\":{\"get\":{");
    body_has(f, "\"/events\":{\"get\":{");
    assert_null(strstr(f->last.body, "/commands/{name}"));
    assert_null(strstr(f->last.body, "/commands/Offered"));
}

static void
fields_are_typed(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    assert_int_equal(get(f, "/openapi.json"), 200);
    body_has(f, "\"shop.Offer\":{\"description\":\"Offer an article.\",\"type\":\"object\",\"additionalProperties\":"
                "false,\"required\":[\"article_id\"],\"properties\":{\"article_id\":{\"type\":\"string\"},");
    body_has(f, "\"is_new\":{\"type\":\"boolean\"}");
    body_has(f, "\"colour\":{\"$ref\":\"#/components/schemas/shop.Colour\"}");
    body_has(f, "\"limit\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295},{\"type\":"
                "\"integer\",\"nullable\":true,\"enum\":[null]}]}");
    body_has(f, "\"size\":{\"$ref\":\"#/components/schemas/shop.Size\"}");
    body_has(f, "\"parts\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/shop.Part\"}}");
    body_has(f, "\"picture\":{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":255}}");
    body_has(f, "\"shop.Colour\":{\"anyOf\":[{\"type\":\"string\",\"enum\":[\"red\",\"green\",\"blue\"]},{\"type\":"
                "\"integer\"}]}");
    body_has(
        f, "\"shop.Size\":{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"width\",\"height\"],");
}

static void
keep(fixture *f, const char *path)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(f->last.body, 1, f->last.body_size, file), f->last.body_size);
    fclose(file);
}

/* The description is asked for, and the validator about it; its own words go to where the test's go. */
static int
validated(fixture *f, const char *what, const char *lines)
{
    char path[160];

    snprintf(path, sizeof path, "%s/openapi.json", f->folder);
    assert_int_equal(get(f, "/openapi.json"), 200);
    keep(f, path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl(OPENAPI_CHECK, OPENAPI_CHECK, path, what, lines, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    unlink(path);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) skip(); /* there is no validator here */
    return WEXITSTATUS(status);
}

static FILE *
begin_notes(const fixture *f, char path[160])
{
    snprintf(path, 160, "%s/answers", f->folder);
    FILE *notes = fopen(path, "we");
    assert_non_null(notes);
    return notes;
}

static int
end_notes(fixture *f, FILE *notes, const char *path, const char *what)
{
    fclose(notes);
    int says = validated(f, what, path);
    unlink(path);
    return says;
}

/* What the gateway takes is what the description says, and what it refuses, too. */
static void
a_validator_agrees(void **state)
{
    fixture *f = FIXTURE(state);
    static const struct {
        const char *body;
        bool is_right;
    } bodies[] = {
        { "{\"article_id\":\"apple\",\"price\":-3,\"is_new\":true,\"colour\":\"green\",\"limit\":null,"
          "\"size\":{\"width\":1,\"height\":2},\"parts\":[{\"name\":\"core\",\"weight\":0.5}],\"tags\":[\"a\",\"b\"],"
          "\"picture\":[0,255]}",
            true },
        { "{\"article_id\":\"bean\",\"colour\":2,\"limit\":7}", true },
        { "{\"price\":3}", false },
        { "{\"article_id\":\"x\",\"colour\":\"violet\"}", false },
        { "{\"article_id\":\"x\",\"prise\":3}", false },
        { "{\"article_id\":\"x\",\"price\":\"cheap\"}", false },
        { "{\"article_id\":\"x\",\"limit\":-1}", false },
        { "{\"article_id\":\"x\",\"picture\":[256]}", false },
        { "{\"article_id\":\"x\",\"parts\":[{\"weight\":1}]}", false },
    };

    char path[160];

    serve(f);
    FILE *notes = begin_notes(f, path);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int status = post(f, "/commands/Offer", bodies[i].body);
        if (status != (bodies[i].is_right ? 200 : 400)) fail_msg("%s is answered: %s", bodies[i].body, f->last.body);
        fprintf(notes, "%s\t/commands/Offer\t%s\n", bodies[i].is_right ? "right" : "wrong", bodies[i].body);
    }
    assert_int_equal(end_notes(f, notes, path, "requests"), 0);
}

/* -- answers -- */

typedef struct operation {
    const char *method, *pattern; /* as described */
    const char *done, *refused;   /* paths of two answers; refused NULL: it is for its Host */
    const char *body;
} operation;

static const operation of_bank[] = {
    { "GET", "/health", "/health", NULL, NULL },
    { "GET", "/ready", "/ready", NULL, NULL },
    { "GET", "/openapi.json", "/openapi.json", NULL, NULL },
    { "GET", "/metrics", "/metrics", NULL, NULL },
    { "POST", "/commands/OpenAccount", "/commands/OpenAccount", "/commands/OpenAccount?wait_for=nobody",
        "{\"account_id\":\"bob\",\"initial_balance\":5}" },
    { "POST", "/commands/Deposit", "/commands/Deposit", "/commands/Deposit?timeout_ms=x",
        "{\"account_id\":\"alice\",\"amount\":5}" },
    { "POST", "/commands/Withdraw", "/commands/Withdraw", "/commands/Withdraw?timeout_ms=0",
        "{\"account_id\":\"bob\",\"amount\":5}" },
    { "POST", "/commands/CloseAccount", "/commands/CloseAccount", "/commands/CloseAccount?timeout_ms=0",
        "{\"account_id\":\"bob\"}" },
    { "POST", "/commands/RequestTransfer", "/commands/RequestTransfer", "/commands/RequestTransfer?timeout_ms=0",
        "{\"transfer_id\":\"t-1\",\"source_id\":\"nobody\",\"target_id\":\"alice\",\"amount\":1}" },
    { "POST", "/commands/RequestTransfer", "/commands/RequestTransfer", "/commands/RequestTransfer?timeout_ms=0",
        "{\"transfer_id\":\"t-2\",\"source_id\":\"nobody\",\"target_id\":\"alice\",\"amount\":2}" },
    { "POST", "/commands/CompleteTransfer", "/commands/CompleteTransfer", "/commands/CompleteTransfer?timeout_ms=0",
        "{\"transfer_id\":\"t-1\"}" },
    { "POST", "/commands/FailTransfer", "/commands/FailTransfer", "/commands/FailTransfer?timeout_ms=0",
        "{\"transfer_id\":\"t-2\",\"reason\":\"a test\"}" },
    { "GET", "/aggregates/Account/{id}", "/aggregates/Account/alice", "/aggregates/Account/nobody", NULL },
    { "GET", "/aggregates/Transfer/{id}", "/aggregates/Transfer/t-1?at=1", "/aggregates/Transfer/t-1?at=x", NULL },
    { "GET", "/aggregates/{type}/{id}/diff", "/aggregates/Account/alice/diff", "/aggregates/Nothing/alice/diff", NULL },
    { "GET", "/aggregates/{type}/{id}/diff", "/aggregates/Account/alice/diff?from=1", "/aggregates/Account/a/diff",
        NULL },
    { "GET", "/aggregates/{type}/{id}/why", "/aggregates/Account/alice/why?field=balance",
        "/aggregates/Account/alice/why", NULL },
    { "GET", "/streams", "/streams?count=1", "/streams?count=x", NULL },
    { "GET", "/streams/{name}", "/streams/Account-alice?count=1", "/streams/Nothing", NULL },
    { "GET", "/streams/{name}", "/streams/$all", "/streams/$all?direction=up", NULL },
    { "GET", "/read-models", "/read-models", NULL, NULL },
    { "GET", "/read-models/AccountRow", "/read-models/AccountRow?key=alice", "/read-models/AccountRow?key=x", NULL },
    { "GET", "/read-models/CustomerRow", "/read-models/CustomerRow", "/read-models/CustomerRow?index=x", NULL },
    { "GET", "/read-models/BalanceRow", "/read-models/BalanceRow", "/read-models/BalanceRow?count=0", NULL },
    { "GET", "/read-models/TransferRow", "/read-models/TransferRow?count=1", "/read-models/TransferRow?direction=x",
        NULL },
    { "GET", "/handlers", "/handlers", NULL, NULL },
    { "GET", "/handlers/{name}/parked", "/handlers/mailer/parked", "/handlers/nobody/parked", NULL },
    { "GET", "/sagas/{name}", "/sagas/Transfers", "/sagas/nobody", NULL },
    { "GET", "/schedule", "/schedule", "/schedule?count=x", NULL },
    { "GET", "/tree", "/tree?count=1", "/tree?count=0", NULL },
    { "GET", "/tree/{pid}", NULL, "/tree/x", NULL },
    { "GET", "/actors", "/actors?count=2", "/actors?after=x", NULL },
    { "GET", "/queues", "/queues", "/queues?by=age", NULL },
    { "POST", "/handlers/{name}/rebuild", "/handlers/accounts/rebuild?tables=bank.AccountRow,bank.CustomerRow",
        "/handlers/accounts/rebuild", "{}" },
    { "POST", "/handlers/{name}/{order}", "/handlers/accounts/pause", "/handlers/accounts/dance", "{}" },
};

static const operation of_shop[] = {
    { "GET", "/aggregates/Article/{id}", "/aggregates/Article/apple", "/aggregates/Article/pear", NULL },
    { "GET", "/aggregates/Article/{id}", "/aggregates/Article/apple?show_redacted", NULL, NULL },
    { "GET", "/aggregates/{type}/{id}/diff", "/aggregates/Article/apple/diff", NULL, NULL },
    { "GET", "/read-models", "/read-models", NULL, NULL },
    { "GET", "/read-models/ArticleRow", "/read-models/ArticleRow?key=apple", NULL, NULL },
    { "GET", "/read-models/ArticleRow", "/read-models/ArticleRow?index=price&count=1&show_redacted", NULL, NULL },
    { "GET", "/streams/{name}", "/streams/Article-apple", NULL, NULL },
};

/* A line of f->last for openapi.pl. */
static void
note(const fixture *f, const operation *o, FILE *to)
{
    const char *type = strcasestr(f->last.head, "\r\nContent-Type: ");

    assert_non_null(type);
    type += strlen("\r\nContent-Type: ");
    fprintf(to, "right\t%s\t%s\t%d\t%.*s\t", o->method, o->pattern, f->last.status, (int)strcspn(type, ";\r"), type);
    for (const char *c = f->last.body; *c != '\0'; c++)
        fputc(*c == '\n' ? ' ' : *c, to);
    fputc('\n', to);
}

static void
note_both(fixture *f, const operation *o, FILE *to)
{
    const char *json = o->body != NULL ? "Content-Type: application/json\r\n" : "";
    bool is_order = strncmp(o->done, "/handlers/", 10) == 0 && o->body != NULL;

    int status = is_order ? ask_inside(f, o->method, o->done) : ask(f, o->method, o->done, json, o->body);
    if (status != 200) fail_msg("%s is answered: %s", o->done, f->last.body);
    note(f, o, to);
    if (o->refused == NULL)
        ask_as(f, "evil.example", o->done);
    else if (is_order)
        ask_inside(f, o->method, o->refused);
    else
        ask(f, o->method, o->refused, json, o->body);
    if (f->last.status < 400) fail_msg("%s is answered: %s", o->refused != NULL ? o->refused : o->done, f->last.body);
    note(f, o, to);
}

/* Only its head: it doesn't end. */
static void
note_events(fixture *f, FILE *to)
{
    static const operation events = { .method = "GET", .pattern = "/events" };
    int fd = connect_tcp(f);

    send_text(fd, "GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n");
    receive_head(fd, &f->last);
    close(fd);
    assert_int_equal(f->last.status, 200);
    note(f, &events, to);
    assert_int_equal(get(f, "/events?after=x"), 400);
    note(f, &events, to);
}

static acta_status
mail(void *user, bank_AccountOpened event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)event, (void)recorded;
    return acta_error_set(error, ACTA_FAILED, "the mailbox is full");
}

static acta_event_answer
set_aside(void *user, acta_event_failure *failure)
{
    (void)user, (void)failure;
    return ACTA_EVENT_PARK;
}

static void
withdraw_from_source(const bank_Transfers *transfer, bank_TransferRequested event, acta_commands *commands)
{
    (void)transfer;
    bank_Withdraw_send(commands, ACTA_INIT(bank_Withdraw, .account_id = event.source_id, .amount = event.amount));
}

static acta_failure_action
wait_for_it(const bank_Transfers *transfer, const acta_failure *failure, acta_commands *commands)
{
    (void)transfer, (void)failure, (void)commands;
    return ACTA_FAILURE_RETRY;
}

/* The bank, but that nothing of it comes to an end: its transfers wait, and its mail is set aside. */
static int
set_up_waiting(void **state)
{
    static const acta_reader_options mailing = { .error = set_aside };
    static const bank_event_handler mailer =
        BANK_EVENT_HANDLER(.name = "mailer", .on = { .AccountOpened = mail }, .options = &mailing);
    static const bank_Transfers_process_manager transfers =
        BANK_TRANSFERS(.on = { .TransferRequested = { .start = bank_TransferRequested_transfer_id,
                                   .handle = withdraw_from_source } },
            .error = wait_for_it);
    static const acta_process_manager *const managers[] = { &transfers.base, NULL };
    static const acta_event_handler *const handlers[] = { &mailer.base, NULL };

    return set_up_with(state, (acta_app_config){ .schema = &bank_schema,
                                  .aggregates = bank_aggregates,
                                  .process_managers = managers,
                                  .event_handlers = handlers,
                                  .projections = bank_projections,
                                  .inline_projections = bank_inline_projections });
}

static bool
fails(void *user, acta_disk_op op)
{
    (void)user;
    return op == ACTA_DISK_SYNC;
}

/* The store takes nothing more from here on. */
static void
note_failing(fixture *f, FILE *notes)
{
    static const operation operations[] = { { .method = "GET", .pattern = "/health" },
        { .method = "GET", .pattern = "/ready" }, { .method = "POST", .pattern = "/commands/Deposit" } };

    acta_disk_set_faults(f->disk, &(acta_disk_faults){ .fail = fails });
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":1}"), 503);
    note(f, &operations[2], notes);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(f, operations[i].pattern), 503);
        note(f, &operations[i], notes);
    }
    acta_disk_set_faults(f->disk, NULL);
}

static void
answers_are_as_described(void **state)
{
    fixture *f = FIXTURE(state);
    const bank_Deposit deposit = { .account_id = acta_str_of("alice"), .amount = 1 };
    char path[160], tree[64];

    serve(f);
    FILE *notes = begin_notes(f, path);
    open_account(f, "alice", 1);
    MUST(f, acta_schedule(
                f->app, acta_str_of("wages"), &bank_Deposit_table, &deposit, ACTA_AFTER(3600000), NULL, &f->error));
    get_until(f, "/read-models/AccountRow", "alice");
    get_until(f, "/handlers/mailer/parked", "the mailbox is full");
    get_ready(f);
    snprintf(tree, sizeof tree, "/tree/%llu", (unsigned long long)acta_app_tree(f->app).value);
    for (size_t i = 0; i < sizeof of_bank / sizeof of_bank[0]; i++) {
        operation o = of_bank[i];
        if (o.done == NULL) o.done = tree;
        if (strcmp(o.pattern, "/sagas/{name}") == 0) get_until(f, "/sagas/Transfers", "there is no account");
        note_both(f, &o, notes);
    }
    note_events(f, notes);
    note_failing(f, notes);
    assert_int_equal(end_notes(f, notes, path, "all"), 0);
}

/* Of a schema with fields of all kinds, some of which are hidden. */
static void
answers_of_a_shop_are_as_described(void **state)
{
    fixture *f = FIXTURE(state);
    char path[160];

    serve(f);
    FILE *notes = begin_notes(f, path);
    offer(f, "apple", "fruit", 3, true);
    offer(f, "bean", "", -3, false);
    for (size_t i = 0; i < sizeof of_shop / sizeof of_shop[0]; i++)
        note_both(f, &of_shop[i], notes);
    assert_int_equal(end_notes(f, notes, path, "answers"), 0);
}

/* The validator sees what is wrong: a member too many, one too few, one of another type, a status nobody knows of. */
static void
what_is_not_as_described_is_seen(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const wrong[] = {
        "GET\t/health\t200\tapplication/json\t{\"status\":\"ok\",\"more\":1}",
        "GET\t/health\t200\tapplication/json\t{}",
        "GET\t/health\t200\tapplication/json\t{\"status\":\"well\"}",
        "GET\t/streams\t200\tapplication/json\t{\"streams\":[{\"name\":\"a\",\"version\":\"1\"}]}",
        "GET\t/streams\t200\ttext/plain\tstreams",
        "GET\t/nothing\t200\tapplication/json\t{}",
        "GET\t/streams\t404\tapplication/problem+json\t{\"title\":\"not_found\",\"status\":404}",
    };
    char path[160];

    serve(f);
    FILE *notes = begin_notes(f, path);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        fprintf(notes, "wrong\t%s\n", wrong[i]);
    assert_int_equal(end_notes(f, notes, path, "answers"), 0);
}

/* -- several schemas -- */

static int
set_up_both(void **state)
{
    static const acta_module both[] = { { &shop_schema, NULL }, { &bank_schema, NULL }, { NULL, NULL } };

    return set_up_with(state, (acta_app_config){ .modules = both,
                                  .aggregates = bank_aggregates,
                                  .process_managers = bank_process_managers,
                                  .projections = bank_projections });
}

/* The tables of all, each once, and each is found by its name. */
static void
all_schemas_of_an_application_are_described(void **state)
{
    fixture *f = FIXTURE(state);
    char path[160];

    open_account(f, "alice", 3);
    serve(f);
    assert_int_equal(get(f, "/openapi.json"), 200);
    body_has(f, "\"/commands/Deposit\":{\"post\":{");
    body_has(f, "\"/aggregates/Account/{id}\":{\"get\":{");
    body_has(f, "\"/aggregates/Article/{id}\":{\"get\":{");
    body_has(f, "\"/read-models/ArticleRow\":{\"get\":{");
    const char *first = strstr(f->last.body, "\"bank.Account\":{");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\"bank.Account\":{"));
    body_has(f, "\"shop.Offer\":{");
    assert_int_equal(get(f, "/aggregates/Account/alice"), 200);
    assert_int_equal(get(f, "/aggregates/bank.Account/alice"), 200);
    assert_int_equal(get(f, "/streams/Account-alice"), 200);
    body_has(f, "\"payload\":{\"account_id\":");
    assert_int_equal(get(f, "/read-models"), 200);
    body_has(f, "shop.ArticleRow");
    body_has(f, "bank.AccountRow");
    FILE *notes = begin_notes(f, path);
    fputs("right\tGET\t/health\t200\tapplication/json\t{\"status\":\"degraded\",\"why\":\"it only reads\"}\n", notes);
    assert_int_equal(end_notes(f, notes, path, "answers"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_shop(paths_are_those_that_are_served),
        with_shop(fields_are_typed),
        with_shop(a_validator_agrees),
        cmocka_unit_test_setup_teardown(answers_are_as_described, set_up_waiting, tear_down),
        with_shop(answers_of_a_shop_are_as_described),
        with_shop(what_is_not_as_described_is_seen),
        cmocka_unit_test_setup_teardown(all_schemas_of_an_application_are_described, set_up_both, tear_down),
    };
    return cmocka_run_group_tests_name("openapi", tests, NULL, NULL);
}
