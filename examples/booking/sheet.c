/*
 * Sheets of paper: what goes out of the house, a file for each event, named by its position in the log.
 */
#include "booking.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

acta_status
booking_write_sheet(const char *folder, const acta_recorded *recorded, acta_error *error, const char *format, ...)
{
    char path[256];
    va_list arguments;

    snprintf(path, sizeof path, "%s/%020" PRIu64 ".txt", folder, recorded->position);
    mkdir(folder, 0777); /* it may be there */
    FILE *file = fopen(path, "w");
    if (file == NULL) return acta_error_set(error, ACTA_IO, "cannot write '%s': %s", path, strerror(errno));
    va_start(arguments, format);
    bool is_written = vfprintf(file, format, arguments) >= 0;
    va_end(arguments);
    if (fclose(file) != 0 || !is_written)
        return acta_error_set(error, ACTA_IO, "cannot write '%s': %s", path, strerror(errno));
    return ACTA_OK;
}
