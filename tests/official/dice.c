/* The tables of all random schemas, which DICES names: EACH(dice1) EACH(dice2) … */
#include "official.h"

#define EACH(name)                                                                                                     \
    extern const official_table name##_official[];                                                                     \
    extern const size_t name##_official_count;
DICES
#undef EACH

size_t
official_dice_count(void)
{
    size_t count = 0;

#define EACH(name) count += name##_official_count;
    DICES
#undef EACH
    return count;
}

const official_table *
official_dice(size_t number)
{
    number %= official_dice_count();
#define EACH(name)                                                                                                     \
    if (number < name##_official_count) return &name##_official[number];                                               \
    number -= name##_official_count;
    DICES
#undef EACH
    return NULL;
}
