/*
 * What flatc generated for the random schema DICE, table by table, beside what actac did. DICE_ALL has a line for each field
 * of each table: it is said once to declare, once to define, and once for the list. The build includes both headers, and that.
 * Which of the functions are used depends on what fields the dice gave.
 */
#include "official.h"
#include "acta/file.h"
#include "same.h"

#define NAMED_AS(a, b) a##_##b
#define NAMED(a, b)    NAMED_AS(a, b)
#define OURS(name)     NAMED(DICE, name)

namespace theirs = DICE;

#define SAME_STRUCT(S)                                                                                                 \
    [[maybe_unused]] static bool same(const theirs::S &official, const OURS(S) & ours);                                \
    [[maybe_unused]] static bool same(const theirs::S *official, const OURS(S) & ours)                                 \
    {                                                                                                                  \
        return official != nullptr && same(*official, ours);                                                           \
    }                                                                                                                  \
    [[maybe_unused]] static bool same(const theirs::S *official, const OURS(S##_optional) & ours)                      \
    {                                                                                                                  \
        return official == nullptr ? !ours.is_set : ours.is_set && same(*official, ours.value);                        \
    }                                                                                                                  \
    [[maybe_unused]] static bool same(                                                                                 \
        const flatbuffers::Vector<const theirs::S *> *official, const OURS(S##_vector) & ours)                         \
    {                                                                                                                  \
        return same_structs<theirs::S, OURS(S)>(official, ours, OURS(S##_table));                                      \
    }                                                                                                                  \
    [[maybe_unused]] static bool same(const theirs::S *official, const OURS(S##_ref) & ours)                           \
    {                                                                                                                  \
        return same_nested<theirs::S, OURS(S)>(official, ours, OURS(S##_table));                                       \
    }                                                                                                                  \
    template <uint16_t Length>                                                                                         \
    [[maybe_unused]] static bool same(                                                                                 \
        const flatbuffers::Array<theirs::S, Length> *official, const OURS(S)(&ours)[Length])                           \
    {                                                                                                                  \
        return same_array(official, ours);                                                                             \
    }
#define SAME_UNION(U)                                                                                                  \
    [[maybe_unused]] static bool same_##U(int type, const void *official, const OURS(U) & ours);                       \
    template <typename T, typename O>                                                                                  \
    [[maybe_unused]] static bool same_##U(                                                                             \
        const flatbuffers::Vector<T> *types, const flatbuffers::Vector<O> *official, const OURS(U##_vector) & ours)    \
    {                                                                                                                  \
        if (official == nullptr || ours.encoded == nullptr) return official == nullptr && ours.encoded == nullptr;     \
        if (official->size() != ours.count) return false;                                                              \
        for (uint32_t i = 0; i < ours.count; i++) {                                                                    \
            OURS(U) value;                                                                                             \
            if (!OURS(U##_vector_at)(ours, i, &value)) return false;                                                   \
            if (!same_##U(types->Get(i), official->Get(i), value)) return false;                                       \
        }                                                                                                              \
        return true;                                                                                                   \
    }
#define SAME_MEMBER(U, name, T)
#define SAME_TEXT(U, name)
#define SAME_UNION_END
#define SAME_UNION_FIELD(U, field)
#define SAME_TABLE(T) [[maybe_unused]] static bool same(const theirs::T *official, const OURS(T) & ours);
#define SAME_FIELD(field)
#define SAME_END
#define ALONE(T)
#define NESTED(T)                                                                                                      \
    [[maybe_unused]] static bool same(const theirs::T *official, const OURS(T##_ref) & ours)                           \
    {                                                                                                                  \
        return same_nested<theirs::T, OURS(T)>(official, ours, OURS(T##_table));                                       \
    }                                                                                                                  \
    [[maybe_unused]] static bool same(                                                                                 \
        const flatbuffers::Vector<flatbuffers::Offset<theirs::T>> *official, const OURS(T##_vector) & ours)            \
    {                                                                                                                  \
        return same_tables<theirs::T, OURS(T)>(official, ours, OURS(T##_table));                                       \
    }
DICE_ALL
#undef SAME_UNION
#undef SAME_MEMBER
#undef SAME_TEXT
#undef SAME_UNION_END
#undef SAME_UNION_FIELD
#undef SAME_STRUCT
#undef SAME_TABLE
#undef SAME_FIELD
#undef SAME_END
#undef NESTED

#define SAME_UNION(U)                                                                                                  \
    [[maybe_unused]] static bool same_##U(int type, const void *official, const OURS(U) & ours)                        \
    {                                                                                                                  \
        if (type != static_cast<int>(ours.type)) return false;                                                         \
        switch (type) {
#define SAME_MEMBER(U, name, T)                                                                                        \
    case theirs::U##_##name:                                                                                           \
        return same(static_cast<const theirs::T *>(official), ours.name);
#define SAME_TEXT(U, name)                                                                                             \
    case theirs::U##_##name:                                                                                           \
        return same(static_cast<const flatbuffers::String *>(official), ours.name);
#define SAME_UNION_END                                                                                                 \
    default:                                                                                                           \
        return type == 0 && official == nullptr;                                                                       \
        }                                                                                                              \
        }
#define SAME_UNION_FIELD(U, field)                                                                                     \
    if (!same_##U(official->field##_type(), official->field(), ours.field)) return differs(table, #field);
#define SAME_STRUCT(S)                                                                                                 \
    [[maybe_unused]] static bool same(const theirs::S &official_value, const OURS(S) & ours)                           \
    {                                                                                                                  \
        const char *table = #S;                                                                                        \
        const theirs::S *official = &official_value;
#define SAME_TABLE(T)                                                                                                  \
    [[maybe_unused]] static bool same(const theirs::T *official, const OURS(T) & ours)                                 \
    {                                                                                                                  \
        const char *table = #T;                                                                                        \
        (void)table, (void)official, (void)ours;
#define SAME_FIELD(field)                                                                                              \
    if (!same(official->field(), ours.field)) return differs(table, #field);
#define SAME_END                                                                                                       \
    return true;                                                                                                       \
    }
#define NESTED(T)
DICE_ALL
#undef SAME_UNION
#undef SAME_MEMBER
#undef SAME_TEXT
#undef SAME_UNION_END
#undef SAME_UNION_FIELD
#undef SAME_STRUCT
#undef SAME_TABLE
#undef SAME_FIELD
#undef SAME_END
#undef ALONE
#undef NESTED

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
    const char *identifier = form & ACTA_FILE_IDENTIFIER ? "DICE" : nullptr;
    return form & ACTA_FILE_SIZE ? verifier.VerifySizePrefixedBuffer<T>(identifier)
                                 : verifier.VerifyBuffer<T>(identifier);
}

template <typename T, typename C>
static bool
same_root(const uint8_t *bytes, const void *value)
{
    return same(flatbuffers::GetRoot<T>(bytes), *static_cast<const C *>(value));
}

#define SAME_UNION(U)
#define SAME_MEMBER(U, name, T)
#define SAME_TEXT(U, name)
#define SAME_UNION_END
#define SAME_UNION_FIELD(U, field)
#define SAME_STRUCT(S)
#define SAME_TABLE(T)
#define SAME_FIELD(field)
#define SAME_END
#define ALONE(T)  { &OURS(T##_table), accepts<theirs::T>, same_root<theirs::T, OURS(T)>, accepts_file<theirs::T> },
#define NESTED(T) ALONE(T)
extern "C" const official_table OURS(official)[];
extern "C" const size_t OURS(official_count);
const official_table OURS(official)[] = { DICE_ALL };
const size_t OURS(official_count) = sizeof OURS(official) / sizeof OURS(official)[0];
