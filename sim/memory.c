/*
 * Memory of a simulation: filling, poisoning, quarantine, and the allocation that fails.
 */
#include "memory.h"

#include <string.h>

#include "faults.h"
#include "internal.h"

enum { POISON = 0xdb, NO_MEMORY_MAX = 1 << 16, SPREAD = 8 };

void
acti_fault_memory_draw(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    if ((faults->kinds & ACTA_SIM_FAULT_MEMORY) == 0) return;
    acti_countdown_begin(sim, &faults->no_memory, NO_MEMORY_MAX >> acta_sim_choose(sim, ACTA_SIM_FAULTS, SPREAD));
}

static void
fill(uint8_t *block, size_t size, uint64_t word)
{
    for (; size >= sizeof word; block += sizeof word, size -= sizeof word) {
        memcpy(block, &word, sizeof word);
        word = word * UINT64_C(0x5851f42d4c957f2d) + 1;
    }
    memcpy(block, &word, size);
}

void *
acti_memory_alloc(void *user, size_t size)
{
    acta_sim *sim = user;
    acti_memory *memory = acti_sim_memory(sim);
    acti_faults *faults = acti_sim_faults(sim);

    /* Not in a start: one that fails before it opens its store leaves the engine that it was given to nobody. */
    bool may_fail =
        acti_countdown_is_set(&faults->no_memory) && !faults->is_starting && !acti_sim_watch(sim)->is_looking;
    if (may_fail && acti_countdown_tick(sim, &faults->no_memory, ACTA_SIM_FAULT_MEMORY)) {
        acti_fault_tell(sim, ACTA_SIM_FAULT_MEMORY, "there is no memory for %zu bytes", size);
        return NULL;
    }
    uint8_t *block = memory->under.alloc(memory->under.user, size);
    if (block == NULL) return NULL;
    memory->live_bytes += size;
    memory->live_count++;
    if (memory->pattern != 0) fill(block, size, memory->pattern);
    return block;
}

static bool
is_poisoned(const acti_freed *freed)
{
    for (size_t i = 0; i < freed->size; i++)
        if (freed->block[i] != POISON) return false;
    return true;
}

static void
give_back(const acti_memory *memory, void *block, size_t size)
{
    memory->under.free(memory->under.user, block, size);
}

static void
let_oldest_go(acti_memory *memory)
{
    acti_freed *oldest = &memory->freed[memory->first];

    if (!is_poisoned(oldest)) memory->written_after_free++;
    memory->bytes -= oldest->size;
    memory->first = (memory->first + 1) % ACTI_QUARANTINE_COUNT;
    memory->count--;
    give_back(memory, oldest->block, oldest->size);
}

void
acti_memory_free(void *user, void *block, size_t size)
{
    acti_memory *memory = acti_sim_memory(user);

    memory->live_bytes -= size;
    memory->live_count--;
    if (memory->pattern == 0 || size > ACTI_QUARANTINE_BYTES) {
        give_back(memory, block, size);
        return;
    }
    memset(block, POISON, size);
    while (memory->count == ACTI_QUARANTINE_COUNT || memory->bytes + size > ACTI_QUARANTINE_BYTES)
        let_oldest_go(memory);
    memory->freed[(memory->first + memory->count++) % ACTI_QUARANTINE_COUNT] = (acti_freed){ block, size };
    memory->bytes += size;
}

bool
acti_memory_look(acta_sim *sim)
{
    acti_memory *memory = acti_sim_memory(sim);

    while (memory->count > 0)
        let_oldest_go(memory);
    return memory->written_after_free == 0;
}

void
acti_memory_pattern(acta_sim *sim, uint64_t pattern)
{
    acti_sim_memory(sim)->pattern = pattern;
}
