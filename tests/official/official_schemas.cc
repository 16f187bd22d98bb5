/*
 * What flatc generated for the official test schemas, beside what actac did.
 */
#include "annotated_binary.acta.h"
#include "annotated_binary_generated.h"
#include "arrays_test.acta.h"
#include "arrays_test_generated.h"
#include "monster_extra.acta.h"
#include "monster_extra_generated.h"
#include "official.h"
#include "optional_scalars.acta.h"
#include "optional_scalars_generated.h"
#include "vector_has_test.acta.h"
#include "vector_has_test_generated.h"

template <typename T>
static bool
accepts(const uint8_t *bytes, size_t size)
{
    flatbuffers::Verifier verifier(bytes, size);
    return verifier.VerifyBuffer<T>(nullptr);
}

const official_table official_schemas_tables[] = {
    { &AnnotatedBinary_Foo_table, accepts<AnnotatedBinary::Foo>, nullptr },
    { &MyGame_Example_ArrayTable_table, accepts<MyGame::Example::ArrayTable>, nullptr },
    { &MyGame_MonsterExtra_table, accepts<MyGame::MonsterExtra>, nullptr },
    { &optional_scalars_ScalarStuff_table, accepts<optional_scalars::ScalarStuff>, nullptr },
    { &Swift_Tests_Vectors_table, accepts<Swift::Tests::Vectors>, nullptr },
};
const size_t official_schemas_count = sizeof official_schemas_tables / sizeof official_schemas_tables[0];
