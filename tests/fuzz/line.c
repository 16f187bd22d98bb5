/*
 * Any text, taken for a line of an export, as somebody may have edited it: refused with what was expected, or it is written as
 * a line that reads as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "transfer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without its end of line. */
static acta_str
write_line(const transfer_line *line, acta_memory *memory)
{
    acta_str text;
    acta_error error;

    if (transfer_write(line, memory, &text, &error) != ACTA_OK) abort();
    if (text.size == 0 || memchr(text.data, '\n', text.size) != text.data + text.size - 1) abort();
    return acta_str_from(text.data, text.size - 1);
}

static void
must_come_round(const transfer_line *line, acta_memory *memory)
{
    transfer_line again;
    acta_error error;

    acta_str first = write_line(line, memory);
    if (transfer_read(first, memory, &again, &error) != ACTA_OK) abort();
    if (again.kind != line->kind) abort();
    if (!acta_str_equal(first, write_line(&again, memory))) abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    acta_memory *memory = acta_memory_create(NULL);
    transfer_line line;
    acta_error error;

    char *text = malloc(size > 0 ? size : 1); /* no NUL behind it: the size counts */
    if (text == NULL) abort();
    if (size > 0) memcpy(text, data, size);
    acta_status status = transfer_read(acta_str_from(text, size), memory, &line, &error);
    if (status == ACTA_OK) must_come_round(&line, memory);
    if (status != ACTA_OK && (status != ACTA_INVALID || error.text[0] == '\0')) abort();
    acta_memory_destroy(memory);
    free(text);
    return 0;
}
