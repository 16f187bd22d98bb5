/*
 * What an actor keeps of its links and monitors: two lists in its side, each with the last in the first's `prev`. Links are
 * hashed by peer as well when they are many.
 *
 * The owner only. Not here: how both sides come to know of a tie and of its end (signal.c).
 */
#include "ties.h"

/* -- the list of links, hashed by peer when it is long -- */

enum { LINK_LIST_MAX = 8 };

static uint32_t
pid_hash(acta_pid pid)
{
    return (uint32_t)(pid.value * 0x9e3779b97f4a7c15u >> 32);
}

static acti_link **
chain_of(acti_relations *r, acta_pid peer)
{
    return &r->link_chains[pid_hash(peer) & (r->link_chain_count - 1)];
}

static bool
is_hashed(const acti_relations *r)
{
    return r != NULL && r->link_chains != NULL;
}

acti_link *
acti_link_find(acti_actor *actor, acta_pid peer)
{
    acti_relations *r = acti_relations_of(actor);
    bool hashed = is_hashed(r);

    for (acti_link *link = hashed ? *chain_of(r, peer) : acti_side_of(actor)->links; link != NULL;
         link = hashed ? link->chain : link->next) {
        if (acta_pid_equal(link->peer, peer)) return link;
    }
    return NULL;
}

/* A short list is counted each time. */
uint32_t
acti_link_count(const acti_actor *actor)
{
    const acti_relations *r = acti_relations_of(actor);
    uint32_t count = 0;

    if (is_hashed(r)) return r->link_count;
    for (const acti_link *link = acti_side_of(actor)->links; link != NULL; link = link->next)
        count++;
    return count;
}

static void
put_in_chain(acti_relations *r, acti_link *link)
{
    acti_link **chain = chain_of(r, link->peer);

    link->chain = *chain;
    *chain = link;
}

/* Without memory for it the list stays what it is: slower, and right. */
static void
hash_links(acti_actor *actor, uint32_t count)
{
    acti_relations *r = acti_actor_relations(actor);
    uint32_t wider = is_hashed(r) ? r->link_chain_count * 4 : 4 * LINK_LIST_MAX;
    acti_link **chains = r != NULL ? acti_alloc(actor->runtime, wider * sizeof(acti_link *)) : NULL;

    if (chains == NULL) return;
    memset(chains, 0, wider * sizeof(acti_link *));
    acti_free(actor->runtime, r->link_chains, r->link_chain_count * sizeof(acti_link *));
    r->link_chains = chains;
    r->link_chain_count = wider;
    r->link_count = count;
    for (acti_link *link = acti_side_of(actor)->links; link != NULL; link = link->next)
        put_in_chain(r, link);
}

void
acti_link_add(acti_actor *actor, acti_link *link)
{
    acti_relations *r = acti_relations_of(actor);
    acti_side *side = acti_side_of(actor);
    bool hashed = is_hashed(r);

    actor->sided = true;
    link->next = NULL;
    link->prev = link;
    if (side->links != NULL) {
        link->prev = side->links->prev;
        link->prev->next = link;
        side->links->prev = link;
    } else
        side->links = link;
    if (hashed) {
        r->link_count++;
        put_in_chain(r, link);
    }
    uint32_t count = acti_link_count(actor);
    if (count > (hashed ? r->link_chain_count * 2 : LINK_LIST_MAX)) hash_links(actor, count);
}

void
acti_link_remove(acti_actor *actor, acti_link *link)
{
    acti_relations *r = acti_relations_of(actor);
    acti_side *side = acti_side_of(actor);

    if (is_hashed(r)) {
        acti_link **at = chain_of(r, link->peer);
        while (*at != link)
            at = &(*at)->chain;
        *at = link->chain;
        r->link_count--;
    }
    if (link->next != NULL)
        link->next->prev = link->prev;
    else
        side->links->prev = link->prev;
    if (link != side->links)
        link->prev->next = link->next;
    else
        side->links = link->next;
}

/* -- the list of monitors that wait for this actor's end -- */

void
acti_monitor_add(acti_actor *actor, acti_monitor *monitor)
{
    acti_side *side = acti_side_of(actor);

    actor->sided = true;
    monitor->next = NULL;
    monitor->prev = monitor;
    if (side->monitors != NULL) {
        monitor->prev = side->monitors->prev;
        monitor->prev->next = monitor;
        side->monitors->prev = monitor;
    } else
        side->monitors = monitor;
}

void
acti_monitor_remove(acti_actor *actor, acti_monitor *monitor)
{
    acti_side *side = acti_side_of(actor);

    if (monitor->next != NULL)
        monitor->next->prev = monitor->prev;
    else
        side->monitors->prev = monitor->prev;
    if (monitor != side->monitors)
        monitor->prev->next = monitor->next;
    else
        side->monitors = monitor->next;
}

void
acti_link_free(acti_actor *actor, acti_link *link)
{
    acti_free(actor->runtime, link, sizeof *link);
}

void
acti_monitor_free(acti_actor *actor, acti_monitor *monitor)
{
    acti_free(actor->runtime, monitor, sizeof *monitor);
}
