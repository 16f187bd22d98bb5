/*
 * What a simulation must never call: the real clock, real random numbers, threads, waiting. The linker leads each such call
 * of the program here (--wrap, see meson.build), where it ends it, and names itself.
 */
#include <stdio.h>
#include <stdlib.h>

#define FORBIDDEN(name)                                                                                                \
    _Noreturn void __wrap_##name(void);                                                                                \
    _Noreturn void __wrap_##name(void)                                                                                 \
    {                                                                                                                  \
        fputs("a simulation called " #name ", which is outside of it\n", stderr);                                      \
        abort();                                                                                                       \
    }

FORBIDDEN(clock_gettime)
FORBIDDEN(time)
FORBIDDEN(gettimeofday)
FORBIDDEN(nanosleep)
FORBIDDEN(usleep)
FORBIDDEN(rand)
FORBIDDEN(random)
FORBIDDEN(getrandom)
FORBIDDEN(getentropy)
FORBIDDEN(pthread_create)
FORBIDDEN(pthread_cond_wait)
FORBIDDEN(pthread_cond_timedwait)
FORBIDDEN(epoll_wait)
FORBIDDEN(poll)
FORBIDDEN(socket)
