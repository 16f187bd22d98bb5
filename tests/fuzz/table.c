/*
 * FZ-02: any bytes, taken for a buffer of each of the bank's tables. What verify lets through can be read, copied, written
 * again and printed without reaching outside; what was written again passes verify too.
 */
#include "bank.acta.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
use(const acta_table *table, acta_bytes buffer, acta_memory *memory)
{
    acta_error error;
    acta_str text;
    void *value = acta_memory_alloc(memory, table->struct_size);
    acta_memory_sink sink = acta_memory_sink_of(memory);

    table->read(buffer, value);
    acta_status status = table->write(value, &sink.sink, &error);
    if (status == ACTA_OK && table->verify(sink.bytes, &error) != ACTA_OK) abort();
    if (status != ACTA_OK && status != ACTA_INVALID) abort(); /* a string that is no UTF-8 can be read, not written */
    if (table->load != NULL) {
        memset(value, 0, table->struct_size);
        if (table->load(value, buffer, memory) != ACTA_OK) abort();
        table->clear(value, memory);
    }
    status = acta_json_print(table, buffer, memory, &text, &error);
    if (status == ACTA_OK && (text.size == 0 || text.data[text.size] != '\0')) abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    const acta_table *table = bank_schema.tables[data[0] % bank_schema.table_count];
    acta_memory *memory = acta_memory_create(NULL);
    uint8_t *bytes = acta_memory_alloc(memory, size - 1);
    acta_error error;

    memcpy(bytes, data + 1, size - 1);
    if (table->verify(acta_bytes_from(bytes, size - 1), &error) == ACTA_OK)
        use(table, acta_bytes_from(bytes, size - 1), memory);
    acta_memory_destroy(memory);
    return 0;
}
