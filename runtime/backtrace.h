/*
 * Who called whom, and by which names. Everything here may be called in a signal handler: no heap, no locks, no dlopen.
 */
#ifndef ACTI_RUNTIME_BACKTRACE_H
#define ACTI_RUNTIME_BACKTRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "safe_text.h"

enum { ACTI_FRAME_MAX = 24, ACTI_SYMBOL_MAX = 64, ACTI_OBJECT_MAX = 32 };

/* The calls that this thread is in, the innermost first, without this function and the `skip` innermost others, up to a
 * call of `until` (NULL: all). Each is an address within the calling instruction, or the interrupted one where a signal
 * came in between. */
uint32_t acti_backtrace(uintptr_t *frames, uint32_t frame_max, uint32_t skip, void (*until)(void));

/* In a signal handler: the calls that it interrupted at `pc`, which is the first, up to one in the code from until_start to
 * until_end (both 0: all). 0: they can't be found. */
uint32_t acti_backtrace_from(
    uintptr_t pc, uintptr_t *frames, uint32_t frame_max, uintptr_t until_start, uintptr_t until_end);

/* In a signal handler: are the interrupted calls all within start to end, from `pc` out to a first one within `to`? */
bool acti_calls_lead_to(uintptr_t pc, uintptr_t start, uintptr_t end, uintptr_t to_start, uintptr_t to_end);

/* From where to where the program or library reaches that the address lies in. False: it lies in none. */
bool acti_code_bounds(uintptr_t address, const void **start_out, const void **end_out);

/* Does it lie in a program or library that is loaded? */
bool acti_is_code(uintptr_t address);

/* What an address belongs to; of the names, "" is unknown. Both are cut. */
typedef struct acti_symbol {
    uintptr_t offset;             /* in the object, as addr2line takes it; the address itself if there is no object */
    char object[ACTI_OBJECT_MAX]; /* the file's name without folders */
    char function[ACTI_SYMBOL_MAX];
} acti_symbol;

void acti_symbols_find(const uintptr_t *addresses, uint32_t count, acti_symbol *symbols);

/* "function (object+0x1234)". */
void acti_text_symbol(acti_text *text, const acti_symbol *symbol);

#endif
