/*
 * FZ-03: any text, taken for the JSON of each of the bank's tables: refused with a reason, or a buffer that passes verify
 * and prints as JSON that parses to the same buffer again.
 */
#include "bank.acta.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_come_round(const acta_table *table, acta_bytes buffer, acta_memory *memory)
{
    acta_error error;
    acta_str first, second;
    acta_bytes again;

    if (table->verify(buffer, &error) != ACTA_OK) abort();
    if (acta_json_print(table, buffer, memory, &first, &error) != ACTA_OK) return; /* strings that are no UTF-8 */
    if (acta_json_parse(table, first, memory, &again, &error) != ACTA_OK) abort();
    if (acta_json_print(table, again, memory, &second, &error) != ACTA_OK) abort();
    if (!acta_str_equal(first, second)) abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    const acta_table *table = bank_schema.tables[data[0] % bank_schema.table_count];
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes buffer;
    acta_error error;

    char *text = acta_memory_alloc(memory, size); /* no NUL behind it: the size counts */
    memcpy(text, data + 1, size - 1);
    acta_status status = acta_json_parse(table, acta_str_from(text, size - 1), memory, &buffer, &error);
    void *value = acta_memory_alloc(memory, table->struct_size);
    if (acta_json_read(table, acta_str_from(text, size - 1), memory, value, &error) != status) abort();
    if (status == ACTA_OK) must_come_round(table, buffer, memory);
    if (status != ACTA_OK && (status != ACTA_INVALID || error.text[0] == '\0')) abort();
    acta_memory_destroy(memory);
    return 0;
}
