/*
 * Verify the indexes of read models against their rows, without the schema: of which kind a field is shows in its entries.
 *
 *     indexes   bank.AccountRow 0 owner                          which there are
 *     ri.bank.accountrow.owner      ada 0 acc-17     ->  rm.bank.accountrow   acc-17, whose buffer holds the string "ada"
 *     ri.bank.accountrow.balance    8 bytes acc-17   ->  rm.bank.accountrow   acc-17; as many entries as rows
 *
 * What only the schema tells isn't seen: a number in the row that is another one, and a string that has no entry. For these an
 * application has acta_read_model_check.
 */
#include "verify.h"

#include <stdio.h>

#include "acta/crc.h"

enum { TABLE_NAME_MAX = 64, KEY_MAX = 4096, NUMBER = 8 };

/* Small letters, and what is too long cut, with a sum of all of it behind. Returns its size, with the zero byte. */
static size_t
table_name(char *to, const char *kind, const char *name, size_t name_size)
{
    size_t kind_size = strlen(kind), room = TABLE_NAME_MAX - kind_size, size = name_size > room ? room - 9 : name_size;
    int more = 0;

    memcpy(to, kind, kind_size);
    for (size_t i = 0; i < size; i++)
        to[kind_size + i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    size += kind_size;
    if (name_size > room) more = snprintf(to + size, 10, "-%08" PRIx32, acta_crc32c(0, name, name_size));
    to[size + (size_t)more] = '\0';
    return size + (size_t)more + 1;
}

/* An index that is compared. */
typedef struct index_of {
    char name[2 * 512 + 2]; /* TABLE.FIELD */
    char rows[TABLE_NAME_MAX + 16], entries[TABLE_NAME_MAX + 16];
    size_t rows_size, entries_size;
    uint64_t texts, numbers;
} index_of;

/* The row of this key, to be freed; NULL: none. */
static uint8_t *
row_of(verify *v, const index_of *index, const uint8_t *key, size_t key_size, size_t *size_out)
{
    uint8_t room[KEY_MAX];

    if (key_size == 0 || index->rows_size + key_size > sizeof room) return NULL;
    memcpy(room, index->rows, index->rows_size);
    memcpy(room + index->rows_size, key, key_size);
    return get(v, TABLES, room, index->rows_size + key_size, size_out);
}

/* As FlatBuffers has a string: its length, its bytes, a zero. */
static bool
holds_text(const uint8_t *row, size_t size, const uint8_t *text, size_t text_size)
{
    uint8_t room[4 + KEY_MAX];

    if (text_size + 5 > sizeof room) return false;
    for (int i = 0; i < 4; i++)
        room[i] = (uint8_t)(text_size >> (8 * i));
    memcpy(room + 4, text, text_size);
    room[4 + text_size] = 0;
    return memmem(row, size, room, text_size + 5) != NULL;
}

static void
check_entry(verify *v, index_of *index, const uint8_t *key, size_t size)
{
    const uint8_t *end = memchr(key, 0, size);
    size_t text_size = end != NULL ? (size_t)(end - key) : size, row_size;
    uint8_t *row = end != NULL ? row_of(v, index, end + 1, size - text_size - 1, &row_size) : NULL;

    v->index_rows++;
    if (row != NULL) {
        index->texts++;
        if (!holds_text(row, row_size, key, text_size))
            damaged(v, "index of %s: the row of '%.*s' has it not", index->name, (int)text_size, key);
        rocksdb_free(row);
        return;
    }
    row = size > NUMBER ? row_of(v, index, key + NUMBER, size - NUMBER, &row_size) : NULL;
    if (row != NULL) {
        index->numbers++;
        rocksdb_free(row);
    } else if (end != NULL && end > key && key[0] != 0x80 && key[0] != 0x7f)
        damaged(v, "index of %s: '%.*s' leads to no row", index->name, (int)text_size, key);
    else
        damaged(v, "index of %s: an entry of %zu bytes leads to no row", index->name, size);
}

/* Call `act`, which may be NULL, for what is behind the table's name in each of its keys; returns how many there are. */
static uint64_t
each_of_table(verify *v, const char *table, size_t table_size, index_of *index,
    void (*act)(verify *v, index_of *index, const uint8_t *key, size_t size))
{
    rocksdb_iterator_t *iterator = scan(v, TABLES);
    uint64_t count = 0;
    entry e;

    for (rocksdb_iter_seek(iterator, table, table_size); entry_at(v, TABLES, iterator, &e);
         rocksdb_iter_next(iterator)) {
        if (e.key_size < table_size || memcmp(e.key, table, table_size) != 0) break;
        count++;
        if (act != NULL) act(v, index, e.key + table_size, e.key_size - table_size);
    }
    rocksdb_iter_destroy(iterator);
    return count;
}

static void
check_index(verify *v, index_of *unused, const uint8_t *key, size_t size)
{
    const char *name = (const char *)key, *end = memchr(key, 0, size);
    index_of index = { .texts = 0 };
    (void)unused;

    if (end == NULL || size >= sizeof index.name) {
        damaged(v, "indexes: a row of %zu bytes", size);
        return;
    }
    size_t table_size = (size_t)(end - name);
    snprintf(index.name, sizeof index.name, "%.*s.%.*s", (int)table_size, name, (int)(size - table_size - 1), end + 1);
    index.rows_size = table_name(index.rows, "rm.", name, table_size);
    index.entries_size = table_name(index.entries, "ri.", index.name, strlen(index.name));
    uint64_t entries = each_of_table(v, index.entries, index.entries_size, &index, check_entry);
    uint64_t rows = each_of_table(v, index.rows, index.rows_size, NULL, NULL);
    v->indexes++;
    if (entries > rows || (index.numbers > 0 && index.texts == 0 && entries < rows))
        damaged(v, "index of %s: %" PRIu64 " entries for %" PRIu64 " rows", index.name, entries, rows);
}

void
verify_indexes(verify *v)
{
    each_of_table(v, "indexes", sizeof "indexes", NULL, check_index);
}
