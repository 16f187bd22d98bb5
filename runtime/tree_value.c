/*
 * A node as a number, a word, a text; a mapping by its keys. What doesn't fit is refused at its place, with what was
 * expected and the nearest known word.
 *
 * A number is written plain and in decimal: quoted it is a text, and 010 would be eight to some and ten to others.
 */
#include "tree_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_MAX = 60 };

#define SHOWN(s) (int)((s).size < SHOWN_MAX ? (s).size : SHOWN_MAX), (s).data

/* -- words -- */

static const char *
word_at(const void *words, size_t stride, size_t index)
{
    const char *word;

    memcpy(&word, (const char *)words + stride * index, sizeof word);
    return word;
}

const char *
acti_tree_hint(char hint[ACTI_HINT_MAX], acta_str word, const void *words, size_t count, size_t stride)
{
    acta_nearest nearest = acta_nearest_to(word);

    hint[0] = '\0';
    for (size_t i = 0; i < count; i++)
        acta_nearest_offer(&nearest, acta_str_of(word_at(words, stride, i)));
    if (nearest.word.data != NULL) {
        snprintf(hint, ACTI_HINT_MAX, "; did you mean '%.100s'?", nearest.word.data);
        return hint;
    }
    for (size_t i = 0, used = 0; i < count && used < ACTI_HINT_MAX; i++)
        used += (size_t)snprintf(
            hint + used, ACTI_HINT_MAX - used, "%s%s", i > 0 ? ", " : "; expected one of: ", word_at(words, stride, i));
    return hint;
}

/* -- scalars -- */

static const char *
kind_name(const acti_yaml *node)
{
    return node->kind == ACTI_YAML_LIST ? "a list" : "a mapping";
}

/* A scalar that says something. */
static acta_status
scalar(acti_loader *loader, const char *key, const acti_yaml *node, const char *expected, acta_str *text_out)
{
    const acti_yaml *n = acti_yaml_follow(node);

    if (n->kind != ACTI_YAML_SCALAR)
        return acti_tree_refuse(loader, node, "'%s' is %s; expected %s", key, kind_name(n), expected);
    bool is_null = acta_str_equal(n->text, acta_str_of("~")) || acta_str_equal(n->text, acta_str_of("null"));
    if (!n->is_quoted && (n->text.size == 0 || is_null))
        return acti_tree_refuse(loader, node, "'%s' has no value; expected %s", key, expected);
    *text_out = n->text;
    return ACTA_OK;
}

static acta_status
plain(acti_loader *loader, const char *key, const acti_yaml *node, const char *expected, acta_str *text_out)
{
    acta_status status = scalar(loader, key, node, expected, text_out);

    if (status == ACTA_OK && acti_yaml_follow(node)->is_quoted)
        return acti_tree_refuse(loader, node, "'%s' is a text in quotes; expected %s", key, expected);
    return status;
}

bool
acti_yaml_is_word(const acti_yaml *node)
{
    const acti_yaml *n = acti_yaml_follow(node);
    return n->kind == ACTI_YAML_SCALAR && n->text.size > 0 && n->text.data[0] > '9';
}

acta_status
acti_tree_word(acti_loader *loader, const char *key, const acti_yaml *node, const char *what, const acti_word *words,
    int *value_out)
{
    char hint[ACTI_HINT_MAX];
    size_t count = 0;
    acta_str text;

    acta_status status = scalar(loader, key, node, what, &text);
    if (status != ACTA_OK) return status;
    for (; words[count].word != NULL; count++) {
        if (!acta_str_equal(text, acta_str_of(words[count].word))) continue;
        *value_out = words[count].value;
        return ACTA_OK;
    }
    return acti_tree_refuse(
        loader, node, "'%.*s' is not %s%s", SHOWN(text), what, acti_tree_hint(hint, text, words, count, sizeof *words));
}

acta_status
acti_tree_bool(acti_loader *loader, const char *key, const acti_yaml *node, bool *value_out)
{
    acta_str text;

    acta_status status = plain(loader, key, node, "true or false", &text);
    if (status != ACTA_OK) return status;
    *value_out = acta_str_equal(text, acta_str_of("true"));
    if (*value_out || acta_str_equal(text, acta_str_of("false"))) return ACTA_OK;
    return acti_tree_refuse(loader, node, "'%s' is '%.*s'; expected true or false", key, SHOWN(text));
}

/* -- numbers -- */

typedef enum number_fault { FITS, NO_NUMBER, TOO_LARGE } number_fault;

/* The digits at the start of `text`, without a leading zero; `rest_out` is what follows them. */
static number_fault
read_digits(acta_str text, uint64_t *value_out, acta_str *rest_out)
{
    uint64_t value = 0;
    size_t i = 0;

    for (; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) return TOO_LARGE;
        value = value * 10 + digit;
    }
    if (i == 0 || (i > 1 && text.data[0] == '0')) return NO_NUMBER;
    *value_out = value;
    *rest_out = acta_str_from(text.data + i, text.size - i);
    return FITS;
}

static acta_status
refuse_number(acti_loader *loader, const char *key, const acti_yaml *node, acta_str text, const char *expected)
{
    return acti_tree_refuse(loader, node, "'%s' is '%.*s'; expected %s", key, SHOWN(text), expected);
}

acta_status
acti_tree_uint(acti_loader *loader, const char *key, const acti_yaml *node, uint64_t min, uint64_t max,
    const char *words, uint64_t *value_out)
{
    char expected[120];
    acta_str text, rest;
    uint64_t value;

    snprintf(expected, sizeof expected, "a whole number of %" PRIu64 " to %" PRIu64 "%s", min, max, words);
    acta_status status = plain(loader, key, node, expected, &text);
    if (status != ACTA_OK) return status;
    if (read_digits(text, &value, &rest) != FITS || rest.size > 0 || value < min || value > max)
        return refuse_number(loader, key, node, text, expected);
    *value_out = value;
    return ACTA_OK;
}

acta_status
acti_tree_uint32(
    acti_loader *loader, const char *key, const acti_yaml *node, uint32_t min, uint32_t max, uint32_t *value_out)
{
    uint64_t value;

    acta_status status = acti_tree_uint(loader, key, node, min, max, "", &value);
    if (status == ACTA_OK) *value_out = (uint32_t)value;
    return status;
}

acta_status
acti_tree_int(acti_loader *loader, const char *key, const acti_yaml *node, int64_t min, int64_t max, int64_t *value_out)
{
    char expected[80];
    acta_str text, rest;
    uint64_t size;

    snprintf(expected, sizeof expected, "a whole number of %" PRId64 " to %" PRId64, min, max);
    acta_status status = plain(loader, key, node, expected, &text);
    if (status != ACTA_OK) return status;
    bool is_negative = text.size > 0 && text.data[0] == '-';
    acta_str digits = acta_str_from(text.data + is_negative, text.size - is_negative);
    if (read_digits(digits, &size, &rest) != FITS || rest.size > 0 || size > (uint64_t)INT64_MAX + is_negative)
        return refuse_number(loader, key, node, text, expected);
    int64_t value = is_negative ? (int64_t)(0 - size) : (int64_t)size;
    if (value < min || value > max) return refuse_number(loader, key, node, text, expected);
    *value_out = value;
    return ACTA_OK;
}

/* Milliseconds in a unit; 0: there is no such unit. */
static uint64_t
unit_ms(acta_str unit)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "min", 60 * 1000 }, { "h", 60 * 60 * 1000 } };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (acta_str_equal(unit, acta_str_of(units[i].name))) return units[i].ms;
    }
    return 0;
}

acta_status
acti_tree_duration(acti_loader *loader, const char *key, const acti_yaml *node, uint64_t min, uint64_t max,
    const char *words, uint64_t *value_out)
{
    char expected[160];
    acta_str text, unit;
    uint64_t value;

    snprintf(expected, sizeof expected, "%" PRIu64 " to %" PRIu64 " ms, or a number with ms, s, min or h%s", min, max,
        words);
    acta_status status = plain(loader, key, node, expected, &text);
    if (status != ACTA_OK) return status;
    if (read_digits(text, &value, &unit) != FITS) return refuse_number(loader, key, node, text, expected);
    uint64_t ms = unit_ms(unit);
    if (ms == 0 || value > max / ms || value * ms < min) return refuse_number(loader, key, node, text, expected);
    *value_out = value * ms;
    return ACTA_OK;
}

acta_status
acti_tree_ms(acti_loader *loader, const char *key, const acti_yaml *node, const char *words, uint32_t *value_out)
{
    uint64_t value;

    acta_status status = acti_tree_duration(loader, key, node, 1, INT32_MAX, words, &value);
    if (status == ACTA_OK) *value_out = (uint32_t)value;
    return status;
}

acta_status
acti_tree_text(acti_loader *loader, const char *key, const acti_yaml *node, size_t min, size_t max, acta_str *value_out)
{
    char expected[80];
    acta_str text;

    snprintf(expected, sizeof expected, "a text of %zu to %zu bytes", min, max);
    acta_status status = scalar(loader, key, node, expected, &text);
    if (status != ACTA_OK) return status;
    if (text.size < min || text.size > max)
        return acti_tree_refuse(loader, node, "'%s' has %zu bytes; expected %s", key, text.size, expected);
    if (memchr(text.data, '\0', text.size) != NULL)
        return acti_tree_refuse(loader, node, "'%s' has a NUL in it; expected %s without", key, expected);
    char *copy = acta_memory_alloc(loader->memory, text.size + 1);
    if (copy == NULL) return acti_tree_no_memory(loader);
    if (text.size > 0) memcpy(copy, text.data, text.size);
    *value_out = acta_str_from(copy, text.size);
    return ACTA_OK;
}

/* -- mappings -- */

acta_status
acti_tree_must_be_mapping(acti_loader *loader, const char *what, const acti_yaml *node)
{
    const acti_yaml *n = acti_yaml_follow(node);

    if (n->kind == ACTI_YAML_MAPPING) return ACTA_OK;
    return acti_tree_refuse(loader, node, "%s is a mapping of keys to values; this is %s", what,
        n->kind == ACTI_YAML_LIST ? "a list" : "a single value");
}

acta_status
acti_tree_find_key(acti_loader *loader, const char *lacks, const acti_yaml *key, const void *words, size_t count,
    size_t stride, const acti_yaml **seen, size_t *index_out)
{
    acta_str name = acti_yaml_follow(key)->text;
    char hint[ACTI_HINT_MAX];
    size_t i = 0;

    while (i < count && !acta_str_equal(name, acta_str_of(word_at(words, stride, i))))
        i++;
    if (i == count)
        return acti_tree_refuse(
            loader, key, "%s '%.*s'%s", lacks, SHOWN(name), acti_tree_hint(hint, name, words, count, stride));
    if (seen[i] != NULL)
        return acti_tree_refuse(
            loader, key, "'%.*s' is there twice; the first is in line %u", SHOWN(name), seen[i]->line);
    seen[i] = key;
    *index_out = i;
    return ACTA_OK;
}

acta_status
acti_tree_mapping(acti_loader *loader, const char *what, const acti_yaml *node, const acti_key *keys, void *into,
    const acti_yaml *seen_out[ACTI_TREE_KEYS_MAX])
{
    char lacks[80];
    size_t count = 0, i;

    while (keys[count].name != NULL)
        count++;
    memset(seen_out, 0, count * sizeof *seen_out);
    snprintf(lacks, sizeof lacks, "%s has no", what);
    acta_status status = acti_tree_must_be_mapping(loader, what, node);
    if (status != ACTA_OK) return status;
    for (const acti_yaml *key = acti_yaml_follow(node)->first; key != NULL; key = key->next) {
        status = acti_tree_find_key(loader, lacks, key, keys, count, sizeof *keys, seen_out, &i);
        if (status == ACTA_OK && keys[i].read != NULL) status = keys[i].read(loader, keys[i].name, key->value, into);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}
