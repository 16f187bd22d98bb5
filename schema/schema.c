/*
 * Schema: looking up a table, and the sink that puts buffers into a memory.
 */
#include "internal.h"

const acta_table *
acta_schema_find(const acta_schema *schema, acta_str name)
{
    size_t prefix = strlen(schema->name);

    for (uint32_t i = 0; i < schema->table_count; i++) {
        const char *candidate = schema->tables[i]->name;
        bool is_inside = strncmp(candidate, schema->name, prefix) == 0 && candidate[prefix] == '.';
        if (acta_str_equal(name, acta_str_of(candidate))) return schema->tables[i];
        if (is_inside && acta_str_equal(name, acta_str_of(candidate + prefix + 1))) return schema->tables[i];
    }
    return NULL;
}

static uint8_t *
reserve_in_memory(acta_sink *sink, size_t size)
{
    acta_memory_sink *self = (acta_memory_sink *)sink;
    uint8_t *bytes = acta_memory_alloc(self->memory, size);

    self->bytes = acta_bytes_from(bytes, bytes != NULL ? size : 0);
    return bytes;
}

acta_memory_sink
acta_memory_sink_of(acta_memory *memory)
{
    return (acta_memory_sink){ .sink = { reserve_in_memory }, .memory = memory };
}
