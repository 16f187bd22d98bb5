/*
 * Sites: the table by name, and whether one fires.
 *
 * A name is found by its address, since it is a constant; the same name at another address, which happens where one macro
 * stands in an inline function, finds the site that it was first seen as.
 */
#include "sites.h"
#include "internal.h"

#include <string.h>

enum { PERCENT = 100 };

static acti_site *
add_site(acti_site_table *table, const char *name, bool is_chance)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (strcmp(table->sites[i].seen.name, name) == 0) return &table->sites[i];
    if (table->count == ACTI_SITE_MAX) return NULL;
    acti_site *site = &table->sites[table->count++];
    *site = (acti_site){ .seen = { .name = name, .is_chance = is_chance } };
    return site;
}

/* *first_out: it was never come to before. NULL: there are too many. */
static acti_site *
find_site(acti_site_table *table, const char *name, bool is_chance, bool *first_out)
{
    size_t slot = ((uintptr_t)name >> 2) % ACTI_SITE_SLOTS;

    for (uint32_t i = 0; i < ACTI_SITE_SLOTS && table->slots[slot].name != NULL; i++) {
        if (table->slots[slot].name == name) return &table->sites[table->slots[slot].number];
        slot = (slot + 1) % ACTI_SITE_SLOTS;
    }
    uint32_t count = table->count;
    acti_site *site = add_site(table, name, is_chance);
    *first_out = table->count > count;
    if (site == NULL || table->slots[slot].name != NULL) return site;
    table->slots[slot].name = name;
    table->slots[slot].number = (uint32_t)(site - table->sites);
    return site;
}

bool
acti_sites_chance(void *user, const char *name, uint32_t percent)
{
    acta_sim *sim = user;
    acti_site_table *table = acti_sim_sites(sim);
    bool first = false;

    if (acti_sim_watch(sim)->is_looking) return false; /* the watcher's own reading */
    acti_site *site = find_site(table, name, true, &first);
    if (site == NULL) return false;
    site->seen.passages++;
    if (first && table->may_fire) site->is_active = acta_sim_choose(sim, ACTA_SIM_PLACES, PERCENT) >= PERCENT - percent;
    if (!site->is_active || !table->may_fire) return false;
    if (acta_sim_choose(sim, ACTA_SIM_PLACES, PERCENT) < PERCENT - percent) return false;
    site->seen.firings++;
    return true;
}

void
acti_sites_reached(void *user, const char *name)
{
    bool first = false;
    acti_site *site = find_site(acti_sim_sites(user), name, false, &first);

    if (site != NULL) site->seen.passages++;
}

void
acta_sim_sites(acta_sim *sim, void (*tell)(void *user, const acta_sim_site *site), void *user)
{
    const acti_site_table *table = acti_sim_sites(sim);

    for (uint32_t i = 0; i < table->count; i++)
        tell(user, &table->sites[i].seen);
}
