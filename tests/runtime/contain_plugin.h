/*
 * See contain_plugin.c.
 */
#ifndef ACTA_TESTS_RUNTIME_CONTAIN_PLUGIN_H
#define ACTA_TESTS_RUNTIME_CONTAIN_PLUGIN_H

#include "acta/gen_server.h"

ACTA_API acta_behaviour plugin_behaviour(void);

#endif
