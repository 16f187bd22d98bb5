/*
 * Buffers as files and messages of others have them: with the schema's file identifier, with their size before them, or
 * both. Events and commands need neither; what a program exchanges with other users of FlatBuffers often does.
 *
 *     [size] [root's offset] [identifier] [vtable | table | …]
 *      4      4               4
 *
 * The bytes are the official library's: its FinishSizePrefixed, its VerifySizePrefixedBuffer, its identifiers. Numbers are
 * aligned from the first byte on, so a buffer with a size before it isn't one without it moved along.
 */
#ifndef ACTA_FILE_H
#define ACTA_FILE_H

#include "acta/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_IDENTIFIER_SIZE = 4 };

/* What stands around a buffer: any of these, or 0. */
enum {
    ACTA_FILE_IDENTIFIER = 1, /* the schema's (file_identifier "BANK";) */
    ACTA_FILE_SIZE = 2        /* the number of bytes behind the size's own four */
};

/*
 * As T_write does.
 *   form  of the above
 * Errors: as T_write, and ACTA_INVALID: the table's schema has no file_identifier. Nothing is reserved after one.
 * Threads: any.
 */
ACTA_API acta_status acta_file_write(
    const acta_table *table, const void *value, unsigned form, acta_sink *sink, acta_error *error);

/*
 * As T_verify does, and that what stands around the buffer is as it must be: the identifier the schema's, the size that of
 * what is there.
 * Errors: as T_verify, and ACTA_INVALID as above.
 * Threads: any.
 */
ACTA_API acta_status acta_file_verify(const acta_table *table, acta_bytes file, unsigned form, acta_error *error);

/* What T_decode and T_read take of a verified file: the file from its root's offset on. Points into it. */
ACTA_API acta_bytes acta_file_buffer(acta_bytes file, unsigned form);

/*
 * The size of a file of the form ACTA_FILE_SIZE that `bytes` begin with, its own four bytes included: how many to read from a
 * stream. 0: there are fewer than four bytes.
 */
ACTA_API uint64_t acta_file_size(acta_bytes bytes);

#ifdef __cplusplus
}
#endif
#endif
