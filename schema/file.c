/*
 * What stands around a buffer: a size before it, an identifier behind its root's offset. What is inside is write.c's and
 * verify.c's.
 */
#include <inttypes.h>

#include "acta/file.h"

#include "internal.h"

/* NULL, and an error: the schema has none. */
static const char *
identifier_of(const acta_table *table, acta_error *error)
{
    const char *identifier = table->schema != NULL ? table->schema->file_identifier : NULL;

    if (identifier == NULL)
        acta_error_set(error, ACTA_INVALID,
            "the schema of %s has no file_identifier; give it one of four letters, or leave ACTA_FILE_IDENTIFIER out",
            table->name);
    return identifier;
}

acta_status
acta_file_write(const acta_table *table, const void *value, unsigned form, acta_sink *sink, acta_error *error)
{
    acti_framing framing = { .has_size = (form & ACTA_FILE_SIZE) != 0 };

    if (form & ACTA_FILE_IDENTIFIER) {
        framing.identifier = identifier_of(table, error);
        if (framing.identifier == NULL) return ACTA_INVALID;
    }
    return acti_write_framed(table, value, framing, sink, error);
}

acta_status
acta_file_verify(const acta_table *table, acta_bytes file, unsigned form, acta_error *error)
{
    size_t begin = form & ACTA_FILE_SIZE ? 4 : 0;
    const char *identifier = NULL;

    if (form & ACTA_FILE_IDENTIFIER) {
        identifier = identifier_of(table, error);
        if (identifier == NULL) return ACTA_INVALID;
    }
    if (file.data == NULL || file.size < begin + 4 + ACTA_IDENTIFIER_SIZE)
        return acta_error_set(error, ACTA_CORRUPT, "damaged file of %s: %zu bytes are too few", table->name, file.size);
    if (begin != 0 && acta_file_size(file) != file.size)
        return acta_error_set(error, ACTA_CORRUPT,
            "damaged file of %s: it should have %" PRIu64 " bytes by its size, and has %zu", table->name,
            acta_file_size(file), file.size);
    if (identifier != NULL && memcmp(file.data + begin + 4, identifier, ACTA_IDENTIFIER_SIZE) != 0)
        return acta_error_set(
            error, ACTA_CORRUPT, "file of something else: the identifier of %s is '%s'", table->name, identifier);
    return acti_verify_from(table, file, begin, error);
}

acta_bytes
acta_file_buffer(acta_bytes file, unsigned form)
{
    return form & ACTA_FILE_SIZE ? acta_bytes_from(file.data + 4, file.size - 4) : file;
}

uint64_t
acta_file_size(acta_bytes bytes)
{
    return bytes.size >= 4 ? UINT64_C(4) + acti_load_uint32(bytes.data) : 0;
}
