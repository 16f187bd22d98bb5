/*
 * What the tests of trees register: behaviours that do nothing, one with a field of every kind.
 */
#ifndef ACTA_TESTS_TREE_BEHAVIOURS_H
#define ACTA_TESTS_TREE_BEHAVIOURS_H

#include "acta/tree.h"

typedef struct everything {
    bool flag;
    int8_t tiny;
    int16_t small;
    int64_t wide;
    uint8_t level;
    uint16_t port;
    uint32_t count;
    uint64_t bytes;
    uint32_t pause_ms;
    uint64_t keep_ms;
    const char *label;
    const char *path;
} everything;

typedef struct ticker_options {
    uint32_t every_ms;
} ticker_options;

static const acta_tree_field everything_fields[] = {
    { "flag", ACTA_TREE_BOOL, ACTA_TREE_MEMBER(everything, flag), false, 0, 0 },
    { "tiny", ACTA_TREE_INT, ACTA_TREE_MEMBER(everything, tiny), false, 0, 0 },
    { "small", ACTA_TREE_INT, ACTA_TREE_MEMBER(everything, small), false, -5, 0 },
    { "wide", ACTA_TREE_INT, ACTA_TREE_MEMBER(everything, wide), false, 0, 0 },
    { "level", ACTA_TREE_UINT, ACTA_TREE_MEMBER(everything, level), false, 0, 9 },
    { "port", ACTA_TREE_UINT, ACTA_TREE_MEMBER(everything, port), false, 1, 0 },
    { "count", ACTA_TREE_UINT, ACTA_TREE_MEMBER(everything, count), false, 0, 0 },
    { "bytes", ACTA_TREE_UINT, ACTA_TREE_MEMBER(everything, bytes), false, 0, 0 },
    { "pause_ms", ACTA_TREE_DURATION, ACTA_TREE_MEMBER(everything, pause_ms), false, 0, 60000 },
    { "keep_ms", ACTA_TREE_DURATION, ACTA_TREE_MEMBER(everything, keep_ms), false, 0, 0 },
    { "label", ACTA_TREE_STRING, ACTA_TREE_MEMBER(everything, label), false, 0, 8 },
    { "path", ACTA_TREE_STRING, ACTA_TREE_MEMBER(everything, path), false, 1, 0 },
};
static const acta_tree_field ticker_fields[] = {
    { "every_ms", ACTA_TREE_DURATION, ACTA_TREE_MEMBER(ticker_options, every_ms), true, 1, 0 },
};

static const acta_behaviour everything_behaviour = { .name = "everything" };
static const acta_behaviour ticker_behaviour = { .name = "a name for reports" };
static const acta_behaviour worker_behaviour = { .name = "worker" };

static const acta_tree_behaviour tree_behaviours[] = {
    { NULL, &everything_behaviour, sizeof(everything), everything_fields,
        sizeof everything_fields / sizeof everything_fields[0] },
    { "ticker", &ticker_behaviour, sizeof(ticker_options), ticker_fields, 1 },
    { NULL, &worker_behaviour, 0, NULL, 0 },
};

static const acta_tree_registry tree_registry = { tree_behaviours, sizeof tree_behaviours / sizeof tree_behaviours[0],
    NULL };

#endif
