/*
 * Probes: places in Acta that bpftrace, perf and SystemTap can look at in a program that runs (USDT), by the provider "acta".
 * docs/tracing.md lists them with their arguments.
 *
 *     bpftrace -e 'usdt:./bank:acta:spawn { @[str(arg1)] = count(); }' -p PID
 *
 * A probe that nobody has attached to is one nop, and a note in the program that says where its arguments are. They are there
 * when Acta was built where <sys/sdt.h> is (-Dprobes); otherwise nothing is left of them.
 */
#ifndef ACTA_PROBE_H
#define ACTA_PROBE_H

#if defined(ACTA_PROBES) && ACTA_PROBES
#include <sys/sdt.h>

#define ACTA_PROBE2(name, a, b)       DTRACE_PROBE2(acta, name, a, b)
#define ACTA_PROBE3(name, a, b, c)    DTRACE_PROBE3(acta, name, a, b, c)
#define ACTA_PROBE4(name, a, b, c, d) DTRACE_PROBE4(acta, name, a, b, c, d)
#else
#define ACTA_PROBE2(name, a, b)       ((void)(a), (void)(b))
#define ACTA_PROBE3(name, a, b, c)    ((void)(a), (void)(b), (void)(c))
#define ACTA_PROBE4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif

#endif
