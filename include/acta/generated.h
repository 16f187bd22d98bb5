/*
 * What the headers made by actac stand on: each macro declares typed functions over the untyped ones of the other headers. A
 * generated header names, above each use, the functions that it brings.
 *
 *     generated_table.h    the types of a schema: reading, verifying, writing
 *     generated_role.h     what commands, events, states and read models can do
 *     generated_struct.h   the structs of typed functions, and the switches that call them
 *     generated_code.h     the untyped side of a table, for the generated source
 */
#ifndef ACTA_GENERATED_H
#define ACTA_GENERATED_H

#include "acta/generated_code.h"
#include "acta/generated_role.h"
#include "acta/generated_struct.h"
#include "acta/generated_table.h"

#endif
