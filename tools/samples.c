/*
 * See samples.h.
 */
#include "samples.h"

#include <string.h>

/* Up to where the labels end, from behind their '{'; SIZE_MAX: nowhere. */
static size_t
end_of_labels(acta_str text)
{
    bool is_quoted = false;

    for (size_t i = 0; i < text.size; i++) {
        if (is_quoted && text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            is_quoted = !is_quoted;
        else if (text.data[i] == '}' && !is_quoted)
            return i;
    }
    return SIZE_MAX;
}

/* "name 17", "name{label="value"} 17" */
static bool
read_sample(acta_str line, sample *out)
{
    size_t size = 0;

    if (line.size == 0 || line.data[0] == '#') return false;
    while (size < line.size && line.data[size] != '{' && line.data[size] != ' ')
        size++;
    out->name = acta_str_from(line.data, size);
    out->labels = acta_str_from(NULL, 0);
    if (size < line.size && line.data[size] == '{') {
        acta_str rest = acta_str_from(line.data + size + 1, line.size - size - 1);
        size_t end = end_of_labels(rest);
        if (end == SIZE_MAX) return false;
        out->labels = acta_str_from(rest.data, end);
        size += end + 2;
    }
    if (size == 0 || size >= line.size || line.data[size] != ' ') return false;
    out->value = acta_str_from(line.data + size + 1, line.size - size - 1);
    return out->value.size > 0;
}

bool
sample_next(acta_str *text, sample *sample_out)
{
    while (text->size > 0) {
        const char *end = memchr(text->data, '\n', text->size);
        size_t size = end != NULL ? (size_t)(end - text->data) : text->size, passed = size + (end != NULL);
        acta_str line = acta_str_from(text->data, size);
        *text = acta_str_from(text->data + passed, text->size - passed);
        if (read_sample(line, sample_out)) return true;
    }
    return false;
}

bool
sample_label(acta_str *labels, acta_str *name_out, acta_str *value_out)
{
    const char *equals = labels->size > 0 ? memchr(labels->data, '=', labels->size) : NULL;
    size_t at = equals != NULL ? (size_t)(equals - labels->data) : labels->size;

    if (labels->size - at < 3 || labels->data[at + 1] != '"') return false;
    size_t begin = at + 2, end = begin;
    while (end < labels->size && labels->data[end] != '"')
        end += labels->data[end] == '\\' ? 2 : 1;
    if (end >= labels->size) return false;
    *name_out = acta_str_from(labels->data, at);
    *value_out = acta_str_from(labels->data + begin, end - begin);
    size_t passed = end + 1;
    if (passed < labels->size && labels->data[passed] == ',') passed++;
    *labels = acta_str_from(labels->data + passed, labels->size - passed);
    return true;
}
