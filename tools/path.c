/*
 * See client.h: paths of requests, piece by piece.
 */
#include "client.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
add(client_path *path, const char *text, size_t size)
{
    if (path->failed) return;
    if (size >= path->room - path->size) {
        size_t room = 2 * path->room + size;
        char *longer = acta_memory_alloc(path->memory, room);
        path->failed = longer == NULL;
        if (path->failed) return;
        if (path->size > 0) memcpy(longer, path->text, path->size);
        acta_memory_free(path->memory, path->text);
        path->text = longer;
        path->room = room;
    }
    memcpy(path->text + path->size, text, size);
    path->size += size;
}

static void
add_encoded(client_path *path, acta_str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        char escaped[4];
        if (c < 0x80 && (isalnum(c) || (c != '\0' && strchr("-._~", c) != NULL)))
            add(path, text.data + i, 1);
        else
            add(path, escaped, (size_t)sprintf(escaped, "%%%02X", c));
    }
}

client_path
client_path_begin(acta_memory *memory, const char *first)
{
    client_path path = { .memory = memory, .text = acta_memory_alloc(memory, 256), .room = 256 };

    path.failed = path.text == NULL;
    add(&path, first, strlen(first));
    return path;
}

void
client_path_segment(client_path *path, acta_str segment)
{
    add(path, "/", 1);
    add_encoded(path, segment);
}

void
client_path_query(client_path *path, const char *name, const char *value)
{
    if (value == NULL) return;
    add(path, path->has_query ? "&" : "?", 1);
    path->has_query = true;
    add(path, name, strlen(name));
    add(path, "=", 1);
    add_encoded(path, acta_str_of(value));
}

void
client_path_number(client_path *path, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    client_path_query(path, name, text);
}

const char *
client_path_end(client_path *path)
{
    add(path, "", 1);
    return path->failed ? NULL : path->text;
}
