/*
 * Programs that die on purpose: how, and what they said on stderr until then.
 */
#ifndef ACTA_TESTS_RUNTIME_DEATH_H
#define ACTA_TESTS_RUNTIME_DEATH_H

#include "harness.h"

typedef struct death {
    int status; /* of waitpid */
    char text[1 << 16];
} death;

/* Run `program way`. Valid until the next. */
const death *death_by(const char *program, const char *way);

void assert_died_of(const death *d, int signal);

/* All of these, in this order; ended by NULL. */
void assert_said(const death *d, const char *const *words);
#define ASSERT_SAID(d, ...) assert_said((d), (const char *const[]){ __VA_ARGS__, NULL })

#endif
