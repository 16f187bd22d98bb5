/*
 * FZ-12: keys of the store sort as what they are made of, and say it again; and so do the words of a command line that stand
 * for a time or a path.
 *
 *     [number: 8] [number: 8] [number: 8] [number: 8] [size of the first text: 1] two texts, and a key in each
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "commands.h"
#include "keys.h"
#include "row_index.h"
#include "shop.acta.h"

enum { NUMBERS = 4, HEAD = 8 * NUMBERS + 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
sign(int order)
{
    return (order > 0) - (order < 0);
}

static int
order_of_bytes(acta_bytes a, acta_bytes b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least > 0 ? memcmp(a.data, b.data, least) : 0;

    return order != 0 ? sign(order) : (a.size > b.size) - (a.size < b.size);
}

static int
order_of_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* -- the log, the index, rows -- */

static void
must_sort(acti_key a, acti_key b, int wanted)
{
    if (order_of_bytes(acti_key_view(&a), acti_key_view(&b)) != wanted) abort();
}

static void
positions_must_sort(const uint64_t *numbers)
{
    int first = order_of_numbers(numbers[0], numbers[2]), second = order_of_numbers(numbers[1], numbers[3]);

    must_sort(acti_log_key(numbers[0]), acti_log_key(numbers[1]), order_of_numbers(numbers[0], numbers[1]));
    must_sort(acti_batch_key(numbers[0]), acti_batch_key(numbers[1]), order_of_numbers(numbers[0], numbers[1]));
    must_sort(
        acti_index_key(numbers[0], numbers[1]), acti_index_key(numbers[2], numbers[3]), first != 0 ? first : second);
}

/* -- indexes of read models -- */

typedef struct entry {
    shop_ArticleRow row;
    acta_str key;
    uint8_t room[ACTI_INDEX_KEY_MAX];
} entry;

static const acta_field *
field_named(const char *name)
{
    for (uint32_t i = 0; i < shop_ArticleRow_table.field_count; i++)
        if (strcmp(shop_ArticleRow_table.fields[i].name, name) == 0) return &shop_ArticleRow_table.fields[i];
    abort();
}

static acta_bytes
put(const char *field, entry *e)
{
    acta_bytes bytes = acti_index_entry(field_named(field), &e->row, e->key, e->room);
    size_t begin = bytes.size > 0 ? acti_index_key_begin(field_named(field), bytes) : 0;

    if (bytes.size == 0) return bytes; /* too long, or without a value */
    if (begin == 0) return e->key.size > 0 ? (abort(), bytes) : acta_bytes_from(NULL, 0);
    if (!acta_str_equal(acta_str_from(bytes.data + begin, bytes.size - begin), e->key)) abort();
    return bytes;
}

static void
entries_must_sort(const char *field, entry *a, entry *b, int by_value)
{
    acta_bytes first = put(field, a), second = put(field, b);
    int by_key = order_of_bytes(acta_str_bytes(a->key), acta_str_bytes(b->key));

    if (first.size == 0 || second.size == 0) return;
    if (order_of_bytes(first, second) != (by_value != 0 ? by_value : by_key)) abort();
}

/* -- a command line -- */

static void
time_must_come_round(const char *text)
{
    int64_t at_us, again_us;
    char back[64];

    if (!time_of_text(text, &at_us)) return;
    time_t seconds = (time_t)(at_us >= 0 ? at_us / 1000000 : (at_us - 999999) / 1000000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL || utc.tm_year < -899 || utc.tm_year > 8000) return; /* of four digits */
    size_t size = strftime(back, sizeof back, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(back + size, sizeof back - size, ".%06dZ", (int)(at_us - (int64_t)seconds * 1000000));
    if (!time_of_text(back, &again_us) || again_us != at_us) abort();
}

static int
digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A segment holds nothing that a server would take for anything else, and is the text. */
static void
segment_must_come_round(acta_str text, acta_memory *memory)
{
    client_path path = client_path_begin(memory, "");
    client_path_segment(&path, text);
    const char *at = client_path_end(&path);

    if (at == NULL || *at++ != '/') abort();
    for (size_t i = 0; i < text.size; i++, at++) {
        int c = (unsigned char)*at;
        if (c == '%') {
            int high = digit_of(at[1]), low = high >= 0 ? digit_of(at[2]) : -1;
            if (low < 0) abort();
            c = high << 4 | low;
            at += 2;
        } else if (strchr("/?#&=+ \r\n", c) != NULL || c >= 0x7f)
            abort();
        if (c != (unsigned char)text.data[i]) abort();
    }
    if (*at != '\0') abort();
}

/* -- the input -- */

/* The text ends at its first NUL, as one of a schema does, and the key is what stands behind that. */
static entry
entry_of(int64_t price, acta_str text)
{
    const char *nul = text.size > 0 ? memchr(text.data, 0, text.size) : NULL;
    size_t size = nul != NULL ? (size_t)(nul - text.data) : text.size;
    entry e = { .row = { .price = price, .group = acta_str_from(text.data, size) }, .key = acta_str_of("") };

    if (nul != NULL) e.key = acta_str_from(nul + 1, text.size - size - 1);
    if (e.key.size > 0 && memchr(e.key.data, 0, e.key.size) != NULL) e.key = acta_str_of("key");
    return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t numbers[NUMBERS];
    if (size < HEAD) return 0;
    acta_memory *memory = acta_memory_create(NULL);
    size_t rest = size - HEAD, first_size = data[HEAD - 1] < rest ? data[HEAD - 1] : rest;
    acta_str first = acta_str_from(data + HEAD, first_size);
    acta_str second = acta_str_from(data + HEAD + first_size, rest - first_size);

    memcpy(numbers, data, sizeof numbers);
    positions_must_sort(numbers);
    entry a = entry_of((int64_t)numbers[0], first), b = entry_of((int64_t)numbers[1], second);
    entries_must_sort("price", &a, &b, (a.row.price > b.row.price) - (a.row.price < b.row.price));
    entries_must_sort("group", &a, &b, order_of_bytes(acta_str_bytes(a.row.group), acta_str_bytes(b.row.group)));

    char *text = acta_memory_alloc(memory, first.size + 1);
    memcpy(text, first.data, first.size);
    text[first.size] = '\0';
    time_must_come_round(text);
    segment_must_come_round(second, memory);
    acta_memory_destroy(memory);
    return 0;
}
