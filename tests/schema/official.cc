/*
 * The official library's word on a buffer: the verifier that flatc generates for the tests' schema.
 */
#include "official.h"

#include <cstring>

#include "kinds_generated.h"
#include "shop_generated.h"

template <typename T>
static bool
accepts(const uint8_t *bytes, size_t size)
{
    flatbuffers::Verifier verifier(bytes, size);
    return verifier.VerifyBuffer<T>(nullptr);
}

bool
official_accepts(const char *table, const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *name;
        bool (*accepts)(const uint8_t *, size_t);
    } tables[] = {
        { "shop.Line", accepts<shop::Line> },
        { "shop.Weight", accepts<shop::Weight> },
        { "shop.Numbers", accepts<shop::Numbers> },
        { "shop.Everything", accepts<shop::Everything> },
        { "shop.Nothing", accepts<shop::Nothing> },
        { "shop.OpenCart", accepts<shop::OpenCart> },
        { "shop.LineAdded", accepts<shop::LineAdded> },
        { "shop.Cart", accepts<shop::Cart> },
        { "kinds.Label", accepts<kinds::Label> },
        { "kinds.inner.Note", accepts<kinds::inner::Note> },
        { "kinds.Maybe", accepts<kinds::Maybe> },
        { "kinds.Structs", accepts<kinds::Structs> },
        { "kinds.Enums", accepts<kinds::Enums> },
        { "kinds.Included", accepts<kinds::Included> },
        { "kinds.Circle", accepts<kinds::Circle> },
        { "kinds.Unions", accepts<kinds::Unions> },
        { "kinds.Vectors", accepts<kinds::Vectors> },
        { "kinds.All", accepts<kinds::All> },
    };
    for (const auto &candidate : tables) {
        if (std::strcmp(candidate.name, table) == 0) return candidate.accepts(bytes, size);
    }
    return false;
}
