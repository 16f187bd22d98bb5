/*
 * FZ-14: any bytes, put into what others read: JSON (the gateway's answers, its server-sent events, spans), lines of the log,
 * labels of metrics. Each is what it was when it is read again, and holds nothing that would end it early.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acta/environment.h"
#include "acta/writer.h"
#include "internal.h"
#include "json.h"

enum { LINE_MAX = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char replacement[] = "\xef\xbf\xbd"; /* for a byte that is no character */

/* Bytes of the character that `text` begins with; 0: it is none. */
static size_t
character_size(acta_str text)
{
    for (size_t size = 1; size <= 4 && size <= text.size; size++)
        if (text.data[0] == '\0' || acta_str_is_utf8(acta_str_from(text.data, size))) return size;
    return 0;
}

/* Is `text` the bytes, but for those that are no characters? */
static void
must_say(acta_str text, acta_str bytes)
{
    while (bytes.size > 0) {
        size_t size = character_size(bytes);
        acta_str wanted = size > 0 ? acta_str_from(bytes.data, size) : acta_str_of(replacement);
        if (text.size < wanted.size || memcmp(text.data, wanted.data, wanted.size) != 0) abort();
        text = acta_str_from(text.data + wanted.size, text.size - wanted.size);
        size = size > 0 ? size : 1;
        bytes = acta_str_from(bytes.data + size, bytes.size - size);
    }
    if (text.size != 0) abort();
}

/* One line, that is a string, and that a browser takes for nothing else. */
static void
json_must_come_round(acta_str bytes, acta_memory *memory)
{
    const acta_environment environment = acta_environment_or_default(NULL);
    acta_writer writer = { .allocator = &environment.allocator };
    const json_value *value;
    acta_error error;

    acta_writer_json(&writer, bytes);
    acta_str text = acta_str_from(writer.data, writer.size);
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || strchr("<>&\x7f", text.data[i]) != NULL) abort();
    if (json_read(text, memory, &value, &error) != ACTA_OK || value->kind != JSON_STRING) abort();
    must_say(value->text, bytes);
    acta_writer_clear(&writer);
}

/* A text ends at a NUL. */
static void
label_must_come_round(const char *label)
{
    const acta_environment environment = acta_environment_or_default(NULL);
    acta_writer writer = { .allocator = &environment.allocator };
    const char *wanted = label;

    acti_metrics_add_label(&writer, label);
    for (size_t i = 0; i < writer.size; i++, wanted++) {
        char c = writer.data[i];
        if (c == '"' || c == '\n') abort();
        if (c == '\\' && ++i == writer.size) abort();
        if (c == '\\') c = writer.data[i] == 'n' ? '\n' : writer.data[i];
        if (c != *wanted) abort();
    }
    if (*wanted != '\0') abort();
    acta_writer_clear(&writer);
}

/* What the hook writes to `file` for one record with the bytes in it. */
static acta_str
log_line(acta_str bytes, FILE *file, acta_memory *memory)
{
    acta_log_json json = { .fd = fileno(file) };
    const acta_environment environment = { .log = acta_log_json_hook(&json) };
    char *room = acta_memory_alloc(memory, LINE_MAX);

    rewind(file);
    if (ftruncate(fileno(file), 0) != 0) abort();
    acta_log_event(&environment, ACTA_LOG_WARNING, "fuzz.line",
        ACTA_LOG_FIELDS(acta_log_text("bytes", bytes), acta_log_number("size", bytes.size)), "%.*s", (int)bytes.size,
        bytes.data);
    ssize_t size = pread(fileno(file), room, LINE_MAX, 0);
    if (size <= 0) abort();
    return acta_str_from(room, (size_t)size);
}

static void
line_must_be_one(acta_str bytes, FILE *file, acta_memory *memory)
{
    acta_str line = log_line(bytes, file, memory);
    const json_value *value;
    acta_error error;

    if (memchr(line.data, '\n', line.size) != line.data + line.size - 1) abort();
    if (json_read(acta_str_from(line.data, line.size - 1), memory, &value, &error) != ACTA_OK) abort();
    if (value->kind != JSON_OBJECT || !acta_str_equal(json_text(value, "event"), acta_str_of("fuzz.line"))) abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *file;
    if (file == NULL) file = tmpfile();
    if (file == NULL) abort();
    acta_memory *memory = acta_memory_create(NULL);
    char *text = acta_memory_alloc(memory, size + 1);

    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    json_must_come_round(acta_str_from(text, size), memory);
    label_must_come_round(text);
    line_must_be_one(acta_str_from(text, size), file, memory);
    acta_memory_destroy(memory);
    return 0;
}
