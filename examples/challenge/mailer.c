/*
 * "Sorry, you've lost 8th place": a mail to whoever has a worse place than before, into a maildir.
 *
 *     Ranked -> for each place that was lost: mail/tmp/NAME -- link --> mail/new/NAME
 *
 * Invariants
 *  - A mail is there whole or not at all: it is written beside, and then given its name.
 *  - No mail twice. Its name is the event's position and the rank; an event that comes again finds it there.
 *  - No mail for what is long past: the handler begins at the end of the log, when it is new and when it was reset.
 */
#include "challenge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 128 };

static const char *
ordinal(uint32_t rank)
{
    if (rank % 100 >= 11 && rank % 100 <= 13) return "th";
    switch (rank % 10) {
    case 1:
        return "st";
    case 2:
        return "nd";
    case 3:
        return "rd";
    default:
        return "th";
    }
}

/* Names come from outside: a line end in one would be a header of the mail. */
static void
write_name(FILE *file, acta_str name)
{
    for (size_t i = 0; i < name.size; i++)
        fputc((unsigned char)name.data[i] < ' ' ? '?' : name.data[i], file);
}

static bool
write_mail(const char *path, const challenge_Place *place, acta_str challenge_name)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) return false;
    uint32_t lost = place->rank - place->was;
    fputs("To: ", file);
    write_name(file, place->athlete);
    fprintf(file, "\nSubject: Sorry, you've lost %" PRIu32 "%s place\n\n", place->was, ordinal(place->was));
    fprintf(file, "You just lost %" PRIu32 " place%s on ", lost, lost == 1 ? "" : "s");
    write_name(file, challenge_name);
    fprintf(file, ".\nYou are now in %" PRIu32 "%s place.\n", place->rank, ordinal(place->rank));
    bool is_written = ferror(file) == 0;
    return fclose(file) == 0 && is_written;
}

/* link gives a name to what is whole, and refuses one that is there. */
static acta_status
deliver(const char *name, const challenge_Place *place, acta_str challenge_name, acta_error *error)
{
    char beside[PATH_BYTES], path[PATH_BYTES];

    snprintf(beside, sizeof beside, "mail/tmp/%s", name);
    snprintf(path, sizeof path, "mail/new/%s", name);
    bool is_there = write_mail(beside, place, challenge_name) && (link(beside, path) == 0 || errno == EEXIST);
    int why = errno;
    unlink(beside);
    return is_there ? ACTA_OK : acta_error_set(error, ACTA_IO, "cannot deliver '%s': %s", path, strerror(why));
}

static acta_status
mail_losers(void *user, challenge_Ranked event, const acta_recorded *recorded, acta_error *error)
{
    char name[64];
    challenge_Place place;

    (void)user;
    mkdir("mail", 0777); /* they may be there */
    mkdir("mail/tmp", 0777);
    mkdir("mail/new", 0777);
    mkdir("mail/cur", 0777);
    for (uint32_t i = 0; challenge_Place_vector_at(event.places, i, &place); i++) {
        if (place.was == 0 || place.rank <= place.was) continue;
        snprintf(name, sizeof name, "%020" PRIu64 ".%" PRIu32 ".challenge", recorded->position, place.rank);
        acta_status status = deliver(name, &place, event.name, error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

const challenge_event_handler challenge_mailer =
    CHALLENGE_EVENT_HANDLER(.name = "mailer", .start_from = ACTA_FROM_CURRENT, .on = { .Ranked = mail_losers });
