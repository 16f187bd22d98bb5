/*
 * Progress of a long step: a bar that redraws itself on a terminal, and plain lines where it would be noise.
 */
#ifndef BANK_PROGRESS_H
#define BANK_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    const char *title; /* "transfers" */
    const char *unit;  /* behind the numbers: " bytes", or "" */
    uint64_t total;    /* 0: not known */
    uint64_t begun_ns;
    uint64_t shown_ns; /* when it was drawn last */
    bool was_shown;
    bool is_terminal;
    bool is_coloured; /* a terminal, and NO_COLOR says nothing */
    bool is_unicode;
} progress;

/* Begin on stderr. The texts must outlive it. */
void progress_begin(progress *p, const char *title, uint64_t total, const char *unit);

/* So much is done. Draws now and then: as often as eyes can follow, or a plain line each two seconds. */
void progress_show(progress *p, uint64_t done);

/* The step has ended with so much done; its last line stays. */
void progress_end(progress *p, uint64_t done);

/* The same for a step that need not be told of when it was too short to be seen. */
void progress_end_if_shown(progress *p, uint64_t done);

#endif
