/*
 * A random schema that has all of the language that actac carries, for tests:
 *
 *     generate NAME SEED TABLES SCHEMA.fbs SAME.inc
 *
 * SCHEMA.fbs: namespace NAME, enums, structs, unions, tables T0, T1, … whose fields are dealt from a deck of makers, so that each kind of
 * field comes again and again. Required tables are of a smaller number: there is always an end. Of eight tables two are events, two
 * commands, and one of each leads to texts, numbers and leaves alone, so that actac writes a straight line for it; one is such
 * a leaf; some are states. SAME.inc: DICE_ALL, C++ which asks
 * for each table, field by field, whether what flatc made and what actac made read the same (same.h).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum {
    TABLES_MAX = 1000,
    FIELDS_MAX = 90,
    ENUM_COUNT = 18,
    STRUCT_COUNT = 24,
    STRUCT_STEP = 7, /* prime to it */
    UNION_COUNT = 8,
    NAME_SIZE = 48,
    KEY_EVERY = 5,
    KEYS_A_SEED = 10
};

typedef struct field {
    char name[NAME_SIZE];
    char type[NAME_SIZE];
    char value[NAME_SIZE]; /* " = 7", or empty */
    bool required, key, deprecated, is_flex, identity;
    int nested;   /* the table whose buffer it is; or -1 */
    int table;    /* that it leads to; or -1 */
    int variants; /* the union that it is, or is a vector of; or -1 */
    unsigned id;
} field;

typedef struct table {
    unsigned number;
    field fields[FIELDS_MAX];
    unsigned field_count;
    bool has_ids;
} table;

/* Of a table, by its number. */
typedef enum role { ROLE_NONE, ROLE_EVENT, ROLE_COMMAND, ROLE_STATE } role;
enum { EIGHT = 8, QUICK_EVENT = 1, QUICK_COMMAND = 3, LEAF = 6, STATE_EVERY = 32, STATE = 2 };

typedef struct schema {
    random_source random;
    const char *name;
    unsigned seed, table_count;
    bool is_nested[TABLES_MAX]; /* some table has it as a field */
    bool has_zero[ENUM_COUNT];  /* or is of flags: structs can have it */
    unsigned deck_at, sorted_at, struct_at;
    unsigned had_default; /* a bit for each type of numbers: its last field */
    FILE *fbs, *same;
} schema;

static const char *const numbers[] = { "bool", "byte", "ubyte", "short", "ushort", "int", "uint", "long", "ulong",
    "float", "double" };
static const unsigned widths[] = { 1, 8, 8, 16, 16, 32, 32, 64, 64 };
enum { NUMBER_COUNT = sizeof numbers / sizeof numbers[0], INTEGER_COUNT = 9, KEY_TYPES = NUMBER_COUNT + 6 };

static void
say(char out[NAME_SIZE], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out, NAME_SIZE, format, args);
    va_end(args);
}

static unsigned
below(schema *s, unsigned bound)
{
    return (unsigned)random_below(&s->random, bound);
}

static role
role_of(unsigned number)
{
    if (number % STATE_EVERY == STATE) return ROLE_STATE;
    if (number % 4 == QUICK_EVENT) return ROLE_EVENT;
    return number % 4 == QUICK_COMMAND ? ROLE_COMMAND : ROLE_NONE;
}

static bool
is_leaf(unsigned number)
{
    return number % EIGHT == LEAF;
}

static bool
is_straight(unsigned number)
{
    return number % EIGHT == QUICK_EVENT || number % EIGHT == QUICK_COMMAND;
}

/* One of them; any table, where there is none. */
static unsigned
some_leaf(schema *s)
{
    unsigned leaf = below(s, s->table_count) / EIGHT * EIGHT + LEAF;
    return leaf < s->table_count ? leaf : leaf >= EIGHT ? leaf - EIGHT : 0;
}

/* -- enums: E0 to E17; bit flags are the last two, and a type is that of the number modulo eight -- */

static unsigned
type_of_enum(unsigned number)
{
    return number >= ENUM_COUNT - 2 ? 2 + 2 * (number % 2) : 1 + number % 8;
}

static bool
is_flags(unsigned number)
{
    return number >= ENUM_COUNT - 2;
}

/* From a negative number, zero, or one above: not all have a zero. The value of each name is what the last one adds. */
static void
write_enum(schema *s, unsigned number)
{
    unsigned type = type_of_enum(number), count = 2 + below(s, 5);
    bool is_signed = type % 2 == 1;
    int64_t value = is_signed && below(s, 2) == 0 ? -3 - (int64_t)below(s, 100) : (int64_t)below(s, 3);

    if (below(s, 2) == 0) fprintf(s->fbs, "/// The enum number %u.\n", number);
    fprintf(s->fbs, "enum E%u : %s%s { ", number, numbers[type], is_flags(number) ? " (bit_flags)" : "");
    s->has_zero[number] = is_flags(number);
    for (unsigned i = 0; i < count; i++) {
        if (value == 0) s->has_zero[number] = true;
        if (is_flags(number))
            fprintf(s->fbs, "%sflag%u", i > 0 ? ", " : "", i);
        else
            fprintf(s->fbs, "%sv%u = %" PRId64, i > 0 ? ", " : "", i, value);
        value += 1 + (int64_t)below(s, 9);
    }
    fprintf(s->fbs, " }\n");
}

/*
 * -- structs: S0 to S23, in three levels: those of one have members of those below. Of each type of numbers there is an array,
 *    in the first ones, and a plain member, in those behind them; the last ones have arrays of structs, and structs --
 */

static void
write_member(schema *s, unsigned number, unsigned member, char type[NAME_SIZE])
{
    unsigned level = number / (STRUCT_COUNT / 3), kind = below(s, 8), length = 1 + below(s, 3);
    unsigned certain = number < NUMBER_COUNT ? 1 : 0; /* the member that is told here */
    bool is_number = member == certain && number < 2 * NUMBER_COUNT;
    bool is_struct = member < 2 && number >= 2 * NUMBER_COUNT;
    bool is_array = is_number ? number < NUMBER_COUNT : is_struct ? member == 0 : below(s, 4) == 0;
    unsigned of = below(s, ENUM_COUNT);
    char one[NAME_SIZE];

    if (is_number)
        say(one, "%s", numbers[number % NUMBER_COUNT]);
    else if (is_struct || (kind < 2 && level > 0))
        say(one, "S%u", (level - 1) * (STRUCT_COUNT / 3) + below(s, STRUCT_COUNT / 3));
    else if (kind < 4 && s->has_zero[of])
        say(one, "E%u", of);
    else
        say(one, "%s", numbers[(number + member + below(s, 3)) % NUMBER_COUNT]);
    if (is_array)
        say(type, "[%s:%u]", one, length);
    else
        say(type, "%s", one);
}

/* One in four has a key, one in six an alignment of its own. */
static void
write_struct(schema *s, unsigned number)
{
    static const char *const alignments[] = { " (force_align: 8)",
        " (force_align: 16)" }; /* the most that flatc --cpp can */
    unsigned count = 2 + below(s, 5);
    bool has_key = number % 4 == 1;
    char type[NAME_SIZE];

    fprintf(s->fbs, "struct S%u%s {", number,
        number % 6 == 2 ? alignments[number < STRUCT_COUNT / 3 ? below(s, 2) : 1] : "");
    fprintf(s->same, "SAME_STRUCT(S%u) \\\n", number);
    if (has_key) fprintf(s->fbs, " key:%s (key);", number % 8 == 1 ? "int" : "ushort");
    if (has_key) fprintf(s->same, "SAME_FIELD(key) \\\n");
    for (unsigned i = 0; i < count; i++) {
        write_member(s, number, i, type);
        fprintf(s->fbs, " m%u:%s;", i, type);
        fprintf(s->same, "SAME_FIELD(m%u) \\\n", i);
    }
    fprintf(s->fbs, " }\n");
    fprintf(s->same, "SAME_END \\\n");
}

/* -- unions: U0 to U7, each of two tables, a struct, and a string; so that there is an end at any depth -- */

static void
write_union(schema *s, unsigned number)
{
    unsigned first = below(s, 2) == 0 ? some_leaf(s) : below(s, s->table_count), second = below(s, s->table_count),
             member = below(s, STRUCT_COUNT);

    fprintf(s->fbs, "union U%u { T%u, other:T%u, S%u, text:string }\n", number, first, second, member);
    fprintf(s->same, "SAME_UNION(U%u) \\\nSAME_MEMBER(U%u, T%u, T%u) \\\nSAME_MEMBER(U%u, other, T%u) \\\n", number,
        number, first, first, number, second);
    fprintf(s->same, "SAME_MEMBER(U%u, S%u, S%u) \\\nSAME_TEXT(U%u, text) \\\nSAME_UNION_END \\\n", number, member,
        member, number);
    s->is_nested[first] = s->is_nested[second] = true;
}

/* -- values that fields have when they are absent -- */

static void
default_of(schema *s, unsigned type, char out[NAME_SIZE])
{
    uint64_t bits = random_bits(&s->random);

    if (type >= INTEGER_COUNT) {
        say(out, " = %.2f", ((double)below(s, 2001) - 1000) / 4);
    } else if (type == 0) {
        say(out, " = true");
    } else if (type % 2 == 0) {
        bits &= (UINT64_C(1) << (widths[type] - 1)) - 1; /* flatc keeps 63 bits */
        if (type != 8 && below(s, 2) == 0) bits = bits << 1 | 1;
        say(out, " = %" PRIu64, bits);
    } else {
        int64_t value = (int64_t)(bits << (64 - widths[type])) >> (64 - widths[type]);
        say(out, " = %" PRId64, value);
    }
}

/* -- fields: each maker fills in a type, and what goes with it -- */

static void
number_field(schema *s, unsigned type, field *f)
{
    say(f->type, "%s", numbers[type]);
    s->had_default ^= 1u << type;
    if (s->had_default >> type & 1) default_of(s, type, f->value);
}

static void
enum_field(schema *s, unsigned number, field *f)
{
    say(f->type, "E%u", number);
    if (is_flags(number))
        say(f->value, below(s, 2) == 0 ? " = \"flag0 flag1\"" : "");
    else
        say(f->value, " = v%u", below(s, 2));
}

/* Half of the vectors are of tables with a key, each in turn, and all of those in states, as actac wants. */
static void
name_a_table(schema *s, const table *of, bool in_vector, field *f)
{
    bool is_sorted = in_vector && (below(s, 2) == 0 || role_of(of->number) == ROLE_STATE);
    unsigned other = below(s, 6) == 0 ? of->number : below(s, s->table_count);

    if (is_sorted) other = s->sorted_at++ * KEY_EVERY % s->table_count / KEY_EVERY * KEY_EVERY;
    f->required = other < of->number && below(s, 2) == 0;
    f->table = (int)other;
    say(f->type, in_vector ? "[T%u]" : "T%u", other);
}

static void
optional_field(schema *s, unsigned type, field *f)
{
    if (type < NUMBER_COUNT)
        say(f->type, "%s", numbers[type]);
    else
        say(f->type, "E%u", below(s, ENUM_COUNT));
    say(f->value, " = null");
}

static void
struct_field(schema *s, bool in_vector, field *f)
{
    say(f->type, in_vector ? "[S%u]" : "S%u", s->struct_at++ * STRUCT_STEP % STRUCT_COUNT);
    f->required = below(s, 4) == 0;
}

static void
union_field(schema *s, bool in_vector, field *f)
{
    f->variants = (int)below(s, UNION_COUNT);
    say(f->type, in_vector ? "[U%d]" : "U%d", f->variants);
    f->required = below(s, 4) == 0;
}

enum {
    DECK_NUMBER = 0,
    DECK_NUMBER_VECTOR = DECK_NUMBER + NUMBER_COUNT,
    DECK_ENUM = DECK_NUMBER_VECTOR + NUMBER_COUNT,
    DECK_ENUM_VECTOR = DECK_ENUM + ENUM_COUNT,
    DECK_STRING = DECK_ENUM_VECTOR + 6,
    DECK_STRING_VECTOR = DECK_STRING + 4,
    DECK_TABLE = DECK_STRING_VECTOR + 2,
    DECK_TABLE_VECTOR = DECK_TABLE + 4,
    DECK_OPTIONAL = DECK_TABLE_VECTOR + 5,
    DECK_STRUCT = DECK_OPTIONAL + NUMBER_COUNT + 5,
    DECK_STRUCT_VECTOR = DECK_STRUCT + 8,
    DECK_UNION = DECK_STRUCT_VECTOR + 6,
    DECK_UNION_VECTOR = DECK_UNION + 4,
    DECK_NESTED = DECK_UNION_VECTOR + 3,
    DECK_FLEX = DECK_NESTED + 2,
    DECK_SIZE = DECK_FLEX + 2,
    DECK_STEP = 31
};
_Static_assert(DECK_SIZE % DECK_STEP != 0, "a prime, and prime to the size");

/* The deck is gone through by a step that is prime to its size: all cards, in no order that one sees. */
static unsigned
next_card(schema *s)
{
    s->deck_at = (s->deck_at + DECK_STEP) % DECK_SIZE;
    return s->deck_at;
}

static void
make_field(schema *s, const table *of, field *f)
{
    unsigned card = next_card(s);

    f->table = f->variants = f->nested = -1;
    if (card < DECK_NUMBER_VECTOR) {
        number_field(s, card, f);
    } else if (card < DECK_ENUM) {
        say(f->type, "[%s]", numbers[card - DECK_NUMBER_VECTOR]);
    } else if (card < DECK_ENUM_VECTOR) {
        enum_field(s, card - DECK_ENUM, f);
    } else if (card < DECK_STRING) {
        say(f->type, "[E%u]", below(s, ENUM_COUNT));
    } else if (card < DECK_STRING_VECTOR) {
        say(f->type, "string");
    } else if (card < DECK_TABLE) {
        say(f->type, "[string]");
    } else if (card < DECK_OPTIONAL) {
        name_a_table(s, of, card >= DECK_TABLE_VECTOR, f);
    } else if (card < DECK_STRUCT) {
        optional_field(s, card - DECK_OPTIONAL, f);
    } else if (card < DECK_UNION) {
        struct_field(s, card >= DECK_STRUCT_VECTOR, f);
    } else if (card < DECK_NESTED) {
        union_field(s, card >= DECK_UNION_VECTOR, f);
    } else {
        say(f->type, "[ubyte]");
        f->is_flex = card >= DECK_FLEX;
        if (!f->is_flex) f->nested = (int)below(s, s->table_count);
        return;
    }
    if (f->type[0] == '[' || strcmp(f->type, "string") == 0) f->required = f->required || below(s, 6) == 0;
    f->deprecated = !f->required && f->variants < 0 && below(s, 12) == 0;
}

/* Of a leaf: a number or a text; of what leads to leaves: those too, and vectors. */
static void
make_straight_field(schema *s, const table *of, field *f)
{
    unsigned kind = below(s, is_leaf(of->number) ? 2 : 8);

    f->table = f->variants = f->nested = -1;
    if (kind == 0) {
        number_field(s, below(s, NUMBER_COUNT), f);
    } else if (kind == 3) {
        say(f->type, "[%s]", numbers[below(s, NUMBER_COUNT)]);
    } else if (kind == 4 || kind == 5) {
        f->table = (int)some_leaf(s);
        say(f->type, kind == 4 ? "T%d" : "[T%d]", f->table);
    } else if (kind == 6) {
        union_field(s, false, f);
    } else {
        say(f->type, kind == 2 ? "[string]" : "string");
        f->required = below(s, 6) == 0;
    }
}

/* -- tables -- */

static void
name_field(schema *s, unsigned index, field *f)
{
    static const char *const words[] = { "count", "is_open", "total", "x", "a_long_name_with_words", "id", "name",
        "value", "type_of", "data", "size", "bytes", "self", "result", "at", "memory" };
    say(f->name, "%s%u", words[below(s, sizeof words / sizeof words[0])], index);
}

/* One table in five has a key, of each type in turn; real numbers and strings come more often. A few schemas have them all. */
static void
make_key(const schema *s, const table *of, field *f)
{
    static const char *const others[] = { "string", "string", "string", "string", "float", "double" };
    unsigned type = (of->number / KEY_EVERY + s->seed * KEYS_A_SEED) % KEY_TYPES;

    say(f->type, "%s", type < NUMBER_COUNT ? numbers[type] : others[type - NUMBER_COUNT]);
    f->key = true;
    f->required = f->deprecated = f->is_flex = false;
    f->table = f->variants = f->nested = -1;
    f->value[0] = '\0';
}

static unsigned
count_of_fields(schema *s, const table *of)
{
    if (of->number % 40 == 7) return 0;
    if (of->number % 40 == 20) return 70 + below(s, FIELDS_MAX - 71);
    if (is_leaf(of->number) || is_straight(of->number)) return 1 + below(s, 6);
    return 1 + below(s, 14);
}

/* In any order; a union takes two, of which its own is the second. */
static void
give_ids(schema *s, table *t)
{
    unsigned order[FIELDS_MAX], next = 0;

    t->has_ids = true;
    for (unsigned i = 0; i < t->field_count; i++) {
        unsigned other = below(s, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    for (unsigned i = 0; i < t->field_count; i++) {
        field *f = &t->fields[order[i]];
        if (f->variants >= 0) next++;
        f->id = next++;
    }
}

static void
add_identity(table *t)
{
    field *f = &t->fields[t->field_count++];

    say(f->name, "host_id");
    say(f->type, "string");
    f->identity = f->required = true;
    f->table = f->variants = f->nested = -1;
}

static void
make_table(schema *s, unsigned number, table *t)
{
    memset(t, 0, sizeof *t);
    t->number = number;
    t->field_count = count_of_fields(s, t);
    for (unsigned i = 0; i < t->field_count; i++) {
        name_field(s, i, &t->fields[i]);
        if (is_leaf(number) || is_straight(number))
            make_straight_field(s, t, &t->fields[i]);
        else
            make_field(s, t, &t->fields[i]);
    }
    if (t->field_count > 0 && number % KEY_EVERY == 0) make_key(s, t, &t->fields[below(s, t->field_count)]);
    if (role_of(number) == ROLE_COMMAND) add_identity(t);
    if (below(s, 4) == 0) give_ids(s, t);
}

static void
write_attributes(FILE *out, const table *t, const field *f)
{
    const char *before = " (";

    if (f->key) fprintf(out, "%skey", before), before = ", ";
    if (f->required) fprintf(out, "%srequired", before), before = ", ";
    if (f->identity) fprintf(out, "%sidentity", before), before = ", ";
    if (f->deprecated) fprintf(out, "%sdeprecated", before), before = ", ";
    if (f->is_flex) fprintf(out, "%sflexbuffer", before), before = ", ";
    if (f->nested >= 0) fprintf(out, "%snested_flatbuffer: \"T%d\"", before, f->nested), before = ", ";
    if (t->has_ids) fprintf(out, "%sid: %u", before, f->id), before = ", ";
    fprintf(out, "%s;\n", before[0] == ',' ? ")" : "");
}

/* What there is of each state: a command and an event. */
static void
write_company(schema *s, const char *state)
{
    fprintf(s->fbs, "table Call%s (command: \"%s\") { host_id:string (identity, required); }\n", state, state);
    fprintf(s->fbs, "table Done%s (event: \"%s\") { at:long; }\n", state, state);
}

static void
write_table(schema *s, const table *t)
{
    static const char *const roles[] = { "", " (event: \"Host\")", " (command: \"Host\")", " (state)" };
    role is = role_of(t->number);

    fprintf(s->fbs, "\n/// The table number %u.\ntable T%u%s {\n", t->number, t->number, roles[is]);
    for (unsigned i = 0; i < t->field_count; i++) {
        const field *f = &t->fields[i];
        fprintf(s->fbs, "  %s:%s%s", f->name, f->type, f->value);
        write_attributes(s->fbs, t, f);
    }
    fprintf(s->fbs, "}\n");
    if (is == ROLE_STATE) {
        char name[NAME_SIZE];
        say(name, "T%u", t->number);
        write_company(s, name);
    }

    fprintf(s->same, "SAME_TABLE(T%u) \\\n", t->number);
    for (unsigned i = 0; i < t->field_count; i++) {
        const field *f = &t->fields[i];
        if (f->deprecated) continue;
        if (f->variants < 0)
            fprintf(s->same, "SAME_FIELD(%s) \\\n", f->name);
        else
            fprintf(s->same, "SAME_UNION_FIELD(U%d, %s) \\\n", f->variants, f->name);
        if (f->table >= 0) s->is_nested[f->table] = true;
    }
    fprintf(s->same, "SAME_END \\\n");
}

static void
write_all(schema *s)
{
    static table t;

    fprintf(s->fbs,
        "// A random schema, for tests.\nnamespace %s;\n\n"
        "attribute \"command\";\nattribute \"event\";\nattribute \"identity\";\nattribute \"state\";\n\n"
        "table Host (state) { calls:ulong; }\n",
        s->name);
    write_company(s, "Host");
    fprintf(s->same, "#define DICE_ALL \\\n");
    for (unsigned i = 0; i < ENUM_COUNT; i++)
        write_enum(s, i);
    for (unsigned i = 0; i < STRUCT_COUNT; i++)
        write_struct(s, i);
    for (unsigned i = 0; i < UNION_COUNT; i++)
        write_union(s, i);
    for (unsigned i = 0; i < s->table_count; i++) {
        make_table(s, i, &t);
        write_table(s, &t);
    }
    fprintf(s->fbs, "\nroot_type T0;\nfile_identifier \"DICE\";\n");
    for (unsigned i = 0; i < s->table_count; i++)
        fprintf(s->same, s->is_nested[i] ? "NESTED(T%u) \\\n" : "ALONE(T%u) \\\n", i);
}

int
main(int argc, char **argv)
{
    schema s = { 0 };

    if (argc != 6) {
        fprintf(stderr, "usage: generate NAME SEED TABLES SCHEMA.fbs SAME.inc\n");
        return 2;
    }
    s.name = argv[1];
    s.random.state = strtoull(argv[2], NULL, 10);
    s.seed = (unsigned)(s.random.state % KEY_TYPES);
    s.table_count = (unsigned)strtoul(argv[3], NULL, 10);
    if (s.table_count < 1 || s.table_count > TABLES_MAX) return 2;
    s.fbs = fopen(argv[4], "w");
    s.same = fopen(argv[5], "w");
    if (s.fbs == NULL || s.same == NULL) {
        perror("generate");
        return 1;
    }
    write_all(&s);
    fputs("\n", s.same); /* the macro ends */
    return fclose(s.fbs) == 0 && fclose(s.same) == 0 ? 0 : 1;
}
