/*
 * What flatc generated for the random schema, table by table, beside what actac did. dice.inc has a line for each field
 * of each table: it is read once to declare, once to define, and once for the list.
 */
#include "official.h"
#include "acta/file.h"
#include "dice.acta.h"
#include "dice_generated.h"
#include "same.h"

#define SAME_STRUCT(S)                                                                                                 \
    static bool same(const dice::S &official, const dice_##S &ours);                                                   \
    static inline bool same(const dice::S *official, const dice_##S &ours)                                             \
    {                                                                                                                  \
        return official != nullptr && same(*official, ours);                                                           \
    }                                                                                                                  \
    static inline bool same(const dice::S *official, const dice_##S##_optional &ours)                                  \
    {                                                                                                                  \
        return official == nullptr ? !ours.is_set : ours.is_set && same(*official, ours.value);                        \
    }                                                                                                                  \
    static inline bool same(const flatbuffers::Vector<const dice::S *> *official, const dice_##S##_vector &ours)       \
    {                                                                                                                  \
        return same_structs<dice::S, dice_##S>(official, ours, dice_##S##_table);                                      \
    }                                                                                                                  \
    static inline bool same(const dice::S *official, const dice_##S##_ref &ours)                                       \
    {                                                                                                                  \
        return same_nested<dice::S, dice_##S>(official, ours, dice_##S##_table);                                       \
    }                                                                                                                  \
    template <uint16_t Length>                                                                                         \
    static inline bool same(const flatbuffers::Array<dice::S, Length> *official, const dice_##S(&ours)[Length])        \
    {                                                                                                                  \
        return same_array(official, ours);                                                                             \
    }
#define SAME_UNION(U)                                                                                                  \
    static bool same_##U(int type, const void *official, const dice_##U &ours);                                        \
    template <typename T, typename O>                                                                                  \
    static bool same_##U(                                                                                              \
        const flatbuffers::Vector<T> *types, const flatbuffers::Vector<O> *official, const dice_##U##_vector &ours)    \
    {                                                                                                                  \
        if (official == nullptr || ours.encoded == nullptr) return official == nullptr && ours.encoded == nullptr;     \
        if (official->size() != ours.count) return false;                                                              \
        for (uint32_t i = 0; i < ours.count; i++) {                                                                    \
            dice_##U value;                                                                                            \
            if (!dice_##U##_vector_at(ours, i, &value)) return false;                                                  \
            if (!same_##U(types->Get(i), official->Get(i), value)) return false;                                       \
        }                                                                                                              \
        return true;                                                                                                   \
    }
#define SAME_MEMBER(U, name, T)
#define SAME_TEXT(U, name)
#define SAME_UNION_END
#define SAME_UNION_FIELD(U, field)
#define SAME_TABLE(T) static bool same(const dice::T *official, const dice_##T &ours);
#define SAME_FIELD(field)
#define SAME_END
#define ALONE(T)
#define NESTED(T)                                                                                                      \
    static inline bool same(const dice::T *official, const dice_##T##_ref &ours)                                       \
    {                                                                                                                  \
        return same_nested<dice::T, dice_##T>(official, ours, dice_##T##_table);                                       \
    }                                                                                                                  \
    static inline bool same(                                                                                           \
        const flatbuffers::Vector<flatbuffers::Offset<dice::T>> *official, const dice_##T##_vector &ours)              \
    {                                                                                                                  \
        return same_tables<dice::T, dice_##T>(official, ours, dice_##T##_table);                                       \
    }
#include "dice.inc"
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
    static bool same_##U(int type, const void *official, const dice_##U &ours)                                         \
    {                                                                                                                  \
        if (type != static_cast<int>(ours.type)) return false;                                                         \
        switch (type) {
#define SAME_MEMBER(U, name, T)                                                                                        \
    case dice::U##_##name:                                                                                             \
        return same(static_cast<const dice::T *>(official), ours.name);
#define SAME_TEXT(U, name)                                                                                             \
    case dice::U##_##name:                                                                                             \
        return same(static_cast<const flatbuffers::String *>(official), ours.name);
#define SAME_UNION_END                                                                                                 \
    default:                                                                                                           \
        return type == 0 && official == nullptr;                                                                       \
        }                                                                                                              \
        }
#define SAME_UNION_FIELD(U, field)                                                                                     \
    if (!same_##U(official->field##_type(), official->field(), ours.field)) return differs(table, #field);
#define SAME_STRUCT(S)                                                                                                 \
    static bool same(const dice::S &official_value, const dice_##S &ours)                                              \
    {                                                                                                                  \
        const char *table = #S;                                                                                        \
        const dice::S *official = &official_value;
#define SAME_TABLE(T)                                                                                                  \
    static bool same(const dice::T *official, const dice_##T &ours)                                                    \
    {                                                                                                                  \
        const char *table = #T;                                                                                        \
        (void)table, (void)official, (void)ours;
#define SAME_FIELD(field)                                                                                              \
    if (!same(official->field(), ours.field)) return differs(table, #field);
#define SAME_END                                                                                                       \
    return true;                                                                                                       \
    }
#define NESTED(T)
#include "dice.inc"
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
#define ALONE(T)  { &dice_##T##_table, accepts<dice::T>, same_root<dice::T, dice_##T>, accepts_file<dice::T> },
#define NESTED(T) ALONE(T)
const official_table official_dice_tables[] = {
#include "dice.inc"
};
const size_t official_dice_count = sizeof official_dice_tables / sizeof official_dice_tables[0];
