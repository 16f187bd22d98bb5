/*
 * What flatc generated for the official test schemas, beside what actac did.
 */
#include "acta/generated.h"
/* Apart, and first, because a table without a namespace is called TableA by both. */
namespace ours {
#include "monster_test.acta.h"
} // namespace ours
struct TableA; /* the official headers that include each other need it */

#include "acta/file.h"
#include "annotated_binary.acta.h"
#include "annotated_binary_generated.h"
#include "arrays_test.acta.h"
#include "arrays_test_generated.h"
#include "monster_extra.acta.h"
#include "monster_extra_generated.h"
#include "official.h"
#include "monster_test_generated.h"
#include "optional_scalars.acta.h"
#include "optional_scalars_generated.h"
#include "reflection.acta.h"
#include "vector_has_test.acta.h"
#include "vector_has_test_generated.h"

#include <flatbuffers/reflection_generated.h>

template <typename T>
static bool
accepts(const uint8_t *bytes, size_t size)
{
    flatbuffers::Verifier verifier(bytes, size);
    return verifier.VerifyBuffer<T>(nullptr);
}

template <typename T>
static bool
accepts_file(const uint8_t *bytes, size_t size, unsigned form)
{
    flatbuffers::Verifier verifier(bytes, size);
    const char *identifier = form & ACTA_FILE_IDENTIFIER ? MyGame::Example::MonsterIdentifier() : nullptr;
    return form & ACTA_FILE_SIZE ? verifier.VerifySizePrefixedBuffer<T>(identifier)
                                 : verifier.VerifyBuffer<T>(identifier);
}

const official_table official_schemas_tables[] = {
    { &AnnotatedBinary_Foo_table, accepts<AnnotatedBinary::Foo>, nullptr, nullptr },
    { &MyGame_Example_ArrayTable_table, accepts<MyGame::Example::ArrayTable>, nullptr, nullptr },
    { &MyGame_MonsterExtra_table, accepts<MyGame::MonsterExtra>, nullptr, nullptr },
    { &ours::MyGame_Example_Monster_table, accepts<MyGame::Example::Monster>, nullptr,
        accepts_file<MyGame::Example::Monster> },
    { &ours::MyGame_Example_TypeAliases_table, accepts<MyGame::Example::TypeAliases>, nullptr, nullptr },
    { &ours::MyGame_OtherNameSpace_TableB_table, accepts<MyGame::OtherNameSpace::TableB>, nullptr, nullptr },
    { &optional_scalars_ScalarStuff_table, accepts<optional_scalars::ScalarStuff>, nullptr, nullptr },
    { &Swift_Tests_Vectors_table, accepts<Swift::Tests::Vectors>, nullptr, nullptr },
    { &reflection_SchemaFile_table, accepts<reflection::SchemaFile>, nullptr, nullptr },
    { &reflection_Service_table, accepts<reflection::Service>, nullptr, nullptr },
    { &reflection_Schema_table, accepts<reflection::Schema>, nullptr, nullptr },
};
const size_t official_schemas_count = sizeof official_schemas_tables / sizeof official_schemas_tables[0];
