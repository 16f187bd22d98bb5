/*
 * Servers written in C++, for tests in C.
 */
#ifndef ACTA_TESTS_RUNTIME_CPP_SERVERS_H
#define ACTA_TESTS_RUNTIME_CPP_SERVERS_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CPP_GET = 1, CPP_ADD, CPP_THROW, CPP_THROW_ODD, CPP_CHECK, CPP_CONTINUE, CPP_THROW_LATER };
enum { CPP_FINE, CPP_REFUSES, CPP_HAS_NO_MEMORY, CPP_IS_ODD };

/* Argument: an int of the list above. */
extern const acta_behaviour cpp_counter;
/* Nothing but a destructor. */
extern const acta_behaviour cpp_bare;

/* Objects constructed and not destroyed: of servers, and of frames that were left by exceptions. */
extern int cpp_server_count, cpp_frame_count;
extern char cpp_ended[300]; /* what terminate saw */

#ifdef __cplusplus
}
#endif
#endif
