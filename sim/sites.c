/*
 * Sites: the table by name, whether one fires, and what many runs have come to.
 *
 * A name is found by its address, since it is a constant; the same name at another address, which happens where one macro
 * stands in an inline function, finds the site that it was first seen as.
 */
#include "sites.h"
#include "faults.h"
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
    if (first && table->may_fire) site->is_active = acti_sim_chance_of(sim, ACTA_SIM_PLACES, percent, PERCENT);
    if (!site->is_active || !table->may_fire) return false;
    if (!acti_sim_chance_of(sim, ACTA_SIM_PLACES, percent, PERCENT)) return false;
    site->seen.firings++;
    acti_fault_count(sim, ACTA_SIM_FAULT_SITES);
    acti_fault_tell(sim, ACTA_SIM_FAULT_SITES, "%s", name);
    return true;
}

void
acti_sites_reached(void *user, const char *name)
{
    bool first = false;
    acti_site *site = find_site(acti_sim_sites(user), name, false, &first);

    if (site != NULL) site->seen.passages++;
}

/* -- over many runs -- */

/* NULL: there are too many. `hint`: where it often is. */
static acta_sim_site *
find_covered(acti_coverage *coverage, uint32_t hint, const char *name, bool is_chance)
{
    if (hint < coverage->count && coverage->sites[hint].name == name) return &coverage->sites[hint];
    for (uint32_t i = 0; i < coverage->count; i++)
        if (strcmp(coverage->sites[i].name, name) == 0) return &coverage->sites[i];
    if (coverage->count == ACTI_SITE_MAX) return NULL;
    acta_sim_site *site = &coverage->sites[coverage->count++];
    *site = (acta_sim_site){ .name = name, .is_chance = is_chance };
    return site;
}

static void
list(acti_coverage *coverage, acta_site_list places)
{
    for (const acta_site_place *const *at = places.begin; at != places.end; at++)
        find_covered(coverage, coverage->count, (*at)->name, (*at)->is_chance);
}

void
acti_coverage_begin(acti_coverage *coverage, const acta_scenario *scenario)
{
    static const acta_site_list library = ACTA_SITES;

    coverage->count = 0;
    list(coverage, library);
    list(coverage, scenario->sites);
}

static void
cover(acti_coverage *coverage, uint32_t hint, const acta_sim_site *seen)
{
    acta_sim_site *site = find_covered(coverage, hint, seen->name, seen->is_chance);

    if (site == NULL) return;
    site->passages += seen->passages;
    site->firings += seen->firings;
}

void
acti_coverage_add_run(acti_coverage *coverage, acta_sim *sim)
{
    const acti_site_table *table = acti_sim_sites(sim);

    for (uint32_t i = 0; i < table->count; i++)
        cover(coverage, i, &table->sites[i].seen);
}

void
acti_coverage_add(acti_coverage *coverage, const acti_coverage *more)
{
    for (uint32_t i = 0; i < more->count; i++)
        cover(coverage, i, &more->sites[i]);
}

void
acta_sim_sites(acta_sim *sim, void (*tell)(void *user, const acta_sim_site *site), void *user)
{
    const acti_site_table *table = acti_sim_sites(sim);

    for (uint32_t i = 0; i < table->count; i++)
        tell(user, &table->sites[i].seen);
}
