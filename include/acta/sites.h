/*
 * Sites: places in a program where a simulation may do the unusual, and places that it must have come to.
 *
 *     if (ACTA_SIM_CHANCE(&environment, "mailbox.bound.tiny", 25)) bound = 1;
 *     ACTA_SOMETIMES(&environment, "transfer refunded after a crash");
 *
 * A chance site is active in 25 % of the seeds, and then fires in 25 % of its passages (FoundationDB's BUGGIFY). A simulation
 * counts the passages of both kinds, and names those that no seed has reached (simulate.h). Outside of a simulation, and
 * where the library is built with -Dsim_sites=disabled (as a release build is), a chance is false and costs nothing.
 *
 * A site's name is a string constant, unlike any other: two words by a point at least, what is bent first.
 *
 * Each place is noted in a section of its object, so that a place that no seed comes to is known too. A scenario that has
 * places of its own says ACTA_SITES (simulate.h); one that shares its object with others gives the section of its files a
 * name before it includes anything: #define ACTA_SITES_SECTION "shop_sites".
 */
#ifndef ACTA_SITES_H
#define ACTA_SITES_H

#include "acta/environment.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A place as the program has it. */
typedef struct acta_site_place {
    const char *name;
    bool is_chance; /* else an ACTA_SOMETIMES */
} acta_site_place;

/* Those of an object; all NULL: none are known. */
typedef struct acta_site_list {
    const acta_site_place *const *begin, *const *end;
} acta_site_list;

#ifdef ACTA_SIM_SITES
#define ACTA_SIM_CHANCE(environment, site, percent)                                                                    \
    __extension__({                                                                                                    \
        ACTA_SITES_NOTE((site), true);                                                                                 \
        acta_sites_chance((environment), (site), (percent));                                                           \
    })
#define ACTA_SOMETIMES(environment, what)                                                                              \
    __extension__({                                                                                                    \
        ACTA_SITES_NOTE((what), false);                                                                                \
        acta_sites_reached((environment), (what));                                                                     \
    })

#ifndef ACTA_SITES_SECTION
#define ACTA_SITES_SECTION "acta_sites"
#endif
#define ACTA_SITES_NOTE(name, is_chance)                                                                               \
    static const acta_site_place acta_site_here = { (name), (is_chance) };                                             \
    static const acta_site_place *const acta_site_noted __attribute__((section(ACTA_SITES_SECTION), used)) =           \
        &acta_site_here

/* The linker's: where the notes of this object begin and end. weak: it may have none. */
extern const acta_site_place *const acta_sites_begin[] __asm__("__start_" ACTA_SITES_SECTION)
    __attribute__((weak, visibility("hidden")));
extern const acta_site_place *const acta_sites_end[] __asm__("__stop_" ACTA_SITES_SECTION)
    __attribute__((weak, visibility("hidden")));
#define ACTA_SITES                                                                                                     \
    {                                                                                                                  \
        acta_sites_begin, acta_sites_end                                                                               \
    }
#else
#define ACTA_SIM_CHANCE(environment, site, percent) (false)
#define ACTA_SOMETIMES(environment, what)           ((void)(environment))
#define ACTA_SITES                                                                                                     \
    {                                                                                                                  \
        NULL, NULL                                                                                                     \
    }
#endif

/* What the macros call: environment->sites, when it has any. */
static inline bool
acta_sites_chance(const acta_environment *environment, const char *site, uint32_t percent)
{
    const acta_sites *sites = &environment->sites;
    return sites->chance != NULL && sites->chance(sites->user, site, percent);
}

static inline void
acta_sites_reached(const acta_environment *environment, const char *what)
{
    const acta_sites *sites = &environment->sites;
    if (sites->reached != NULL) sites->reached(sites->user, what);
}

#ifdef __cplusplus
}
#endif
#endif
