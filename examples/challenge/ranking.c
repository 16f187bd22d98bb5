/*
 * The ranking of a challenge: competitors in their order, each with the rank that he had before.
 */
#include "challenge.h"

#include <stdlib.h>

static int
compare(const void *left, const void *right)
{
    const challenge_Place *a = left, *b = right;
    size_t size = a->athlete.size < b->athlete.size ? a->athlete.size : b->athlete.size;

    if (a->metres != b->metres) return a->metres > b->metres ? -1 : 1;
    if (a->seconds != b->seconds) return a->seconds < b->seconds ? -1 : 1;
    int order = size > 0 ? memcmp(a->athlete.data, b->athlete.data, size) : 0;
    if (order != 0) return order;
    return a->athlete.size < b->athlete.size ? -1 : a->athlete.size > b->athlete.size;
}

uint32_t
challenge_rank(const challenge_Competitor *competitors, uint32_t count, challenge_Place *places_out)
{
    uint32_t place_count = 0;

    for (uint32_t i = 0; i < count; i++) {
        const challenge_Competitor *c = &competitors[i];
        if (c->metres == 0) continue;
        places_out[place_count++] = ACTA_INIT(
            challenge_Place, .was = c->rank, .athlete = c->athlete, .metres = c->metres, .seconds = c->seconds);
    }
    qsort(places_out, place_count, sizeof *places_out, compare);
    for (uint32_t i = 0; i < place_count; i++)
        places_out[i].rank = i + 1;
    return place_count;
}
