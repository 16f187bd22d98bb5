/*
 * A CSV file by libcsv. See csv_file.h.
 *
 *     file -> line (bounded) -> libcsv, a character at a time -> fields, each with its column
 *
 * libcsv tells no places and, given a quote that is never closed, swallows the rest of the file. So each line is parsed
 * alone, as a whole file of one record: a field may not contain a line end, and a bad line costs only itself.
 */
#include "csv_file.h"

#include <csv.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct csv_file {
    const char *path;
    FILE *stream;
    uint64_t size;
    uint64_t offset;
    uint64_t line;
    struct csv_parser parser;
    csv_record *record; /* being filled */
    size_t text_size;   /* of `text` used */
    char bytes[CSV_LINE_MAX];
    char text[CSV_LINE_MAX]; /* the fields, unquoted */
};

enum { PARSER_OPTIONS = CSV_STRICT | CSV_STRICT_FINI };

acta_status
csv_file_error(const csv_file *file, uint64_t line, uint32_t column, acta_error *error, const char *format, ...)
{
    char text[ACTA_ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return acta_error_set(error, ACTA_INVALID, "%s:%llu:%u: %s", file->path, (unsigned long long)line, column, text);
}

acta_status
csv_file_check(const char *path, acta_error *error)
{
    struct stat about;

    if (stat(path, &about) != 0 || access(path, R_OK) != 0)
        return acta_error_set(error, ACTA_IO, "cannot read '%s': %s", path, strerror(errno));
    if (S_ISDIR(about.st_mode)) return acta_error_set(error, ACTA_IO, "cannot read '%s': it is a directory", path);
    return ACTA_OK;
}

acta_status
csv_file_open(const char *path, csv_file **file_out, acta_error *error)
{
    struct stat about = { 0 };
    csv_file *file = calloc(1, sizeof *file);
    if (file == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read '%s': no memory", path);

    file->path = path;
    csv_init(&file->parser, PARSER_OPTIONS);
    acta_status status = csv_file_check(path, error);
    if (status == ACTA_OK) {
        file->stream = fopen(path, "re");
        if (file->stream == NULL || fstat(fileno(file->stream), &about) != 0)
            status = acta_error_set(error, ACTA_IO, "cannot read '%s': %s", path, strerror(errno));
    }
    if (status != ACTA_OK) {
        csv_file_close(file);
        return status;
    }
    file->size = S_ISREG(about.st_mode) ? (uint64_t)about.st_size : 0;
    *file_out = file;
    return ACTA_OK;
}

void
csv_file_close(csv_file *file)
{
    if (file == NULL) return;
    if (file->stream != NULL) fclose(file->stream);
    csv_free(&file->parser);
    free(file);
}

/* The next line without its end into `bytes`. ACTA_NOT_FOUND, ACTA_INVALID (too long, and passed over), ACTA_IO. */
static acta_status
read_line(csv_file *file, size_t *size_out, acta_error *error)
{
    size_t size = 0;
    bool fits = true;
    int c;

    while ((c = getc_unlocked(file->stream)) != EOF && c != '\n') {
        file->offset++;
        if (size < sizeof file->bytes - 1)
            file->bytes[size++] = (char)c;
        else
            fits = false;
    }
    if (ferror(file->stream))
        return acta_error_set(error, ACTA_IO, "cannot read '%s' any further: %s", file->path, strerror(errno));
    if (c == EOF && size == 0) return ACTA_NOT_FOUND;

    file->offset++;
    file->line++;
    if (!fits)
        return csv_file_error(file, file->line, CSV_LINE_MAX, error,
            "the line is longer than %d bytes; is it CSV with a line for each record?", CSV_LINE_MAX - 1);
    if (size > 0 && file->bytes[size - 1] == '\r') size--;
    *size_out = size;
    return ACTA_OK;
}

/* libcsv has a whole field. */
static void
take_field(void *data, size_t size, void *user)
{
    csv_file *file = user;
    csv_record *record = file->record;
    uint32_t index = record->field_count++;

    if (index >= CSV_FIELD_MAX) return;
    if (size > 0) memcpy(file->text + file->text_size, data, size); /* no field is longer than what it is made of */
    record->fields[index] = acta_str_from(file->text + file->text_size, size);
    file->text_size += size;
}

static void
reset_parser(csv_file *file)
{
    csv_free(&file->parser);
    csv_init(&file->parser, PARSER_OPTIONS);
}

static acta_status
no_csv(csv_file *file, uint32_t column, acta_error *error, const char *why)
{
    int code = csv_error(&file->parser);
    reset_parser(file);
    if (code == CSV_ENOMEM) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read '%s': no memory", file->path);
    return csv_file_error(file, file->line, column, error, "%s", why);
}

static acta_status
check_text(const csv_file *file, const csv_record *record, acta_error *error)
{
    uint32_t count = record->field_count < CSV_FIELD_MAX ? record->field_count : CSV_FIELD_MAX;
    for (uint32_t i = 0; i < count; i++)
        if (!acta_str_is_utf8(record->fields[i]))
            return csv_file_error(file, record->line, record->columns[i], error, "the field is not valid UTF-8 text");
    return ACTA_OK;
}

static acta_status
parse_line(csv_file *file, size_t size, acta_error *error)
{
    csv_record *record = file->record;
    uint32_t column = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)file->bytes[i];
        uint32_t known_count = record->field_count;
        if ((byte & 0xc0) != 0x80) column++; /* not within a character */
        if (csv_parse(&file->parser, &byte, 1, take_field, NULL, file) != 1)
            return no_csv(file, column, error,
                "a quote out of place: write the whole field in quotes, and each quote in it twice");
        if (record->field_count > known_count && record->field_count <= CSV_FIELD_MAX)
            record->columns[record->field_count] = column + 1;
    }
    uint32_t last = record->field_count < CSV_FIELD_MAX ? record->field_count : CSV_FIELD_MAX;
    if (csv_fini(&file->parser, take_field, NULL, file) != 0)
        return no_csv(file, record->columns[last], error, "the quote that opens this field is not closed on its line");
    if (record->field_count < CSV_FIELD_MAX) record->columns[record->field_count] = column + 1;
    return check_text(file, record, error);
}

acta_status
csv_file_next(csv_file *file, csv_record *record_out, acta_error *error)
{
    size_t size = 0;
    acta_status status;

    do {
        status = read_line(file, &size, error);
        if (status != ACTA_OK) return status;
        if (file->line == 1 && size >= 3 && memcmp(file->bytes, "\xef\xbb\xbf", 3) == 0)
            memmove(file->bytes, file->bytes + 3, size -= 3);

        memset(record_out, 0, sizeof *record_out);
        record_out->line = file->line;
        record_out->columns[0] = 1;
        file->record = record_out;
        file->text_size = 0;
        status = parse_line(file, size, error);
    } while (status == ACTA_OK && record_out->field_count == 0);
    return status;
}

uint64_t
csv_file_line(const csv_file *file)
{
    return file->line;
}

uint64_t
csv_file_offset(const csv_file *file)
{
    return file->offset;
}

uint64_t
csv_file_size(const csv_file *file)
{
    return file->size;
}
