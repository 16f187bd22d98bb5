/*
 * The whole program of the README: a jar of coins, in forty lines.
 *
 *     $ build/examples/first/first
 *     40 coins are in the jar
 */
#include "first.acta.h"

#include <stdio.h>

static acta_verdict
save(const first_Jar *jar, first_Save command, acta_decision *decision)
{
    if (command.coins > 100 - jar->coins)
        return first_reject(decision, first_Rejection_full, "there is room for %u more", 100 - jar->coins);
    return first_Saved_emit(decision, ACTA_INIT(first_Saved, .jar = command.jar, .coins = command.coins));
}

static void
saved(first_Jar *jar, first_Saved event, acta_memory *memory)
{
    (void)memory;
    jar->coins += event.coins;
}

static const first_Jar_aggregate jar = FIRST_JAR(.execute = { .Save = save }, .apply = { .Saved = saved });
static const acta_aggregate *const aggregates[] = { &jar.base, NULL };

int
main(void)
{
    const acta_app_config config = { .data_path = "first-data", .schema = &first_schema, .aggregates = aggregates };
    const first_Save command = { .jar = acta_str_of("kitchen"), .coins = 40 };
    first_Jar kitchen;
    acta_error error;
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = first_Save_dispatch(app, command, NULL, &error); /* on disk, once it says ACTA_OK */
        if (status == ACTA_OK) status = first_Jar_read(app, command.jar, &kitchen, NULL, &error);
        if (status == ACTA_OK) printf("%u coins are in the jar\n", kitchen.coins);
        acta_app_stop(app, 5000, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "first: %s\n", error.text);
    return status != ACTA_OK;
}
