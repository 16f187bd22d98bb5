/*
 * Do flatc's accessors and actac's struct read the same? same(what the accessor gave, the struct's member) for each pair
 * of types; tables' own functions are made of same.inc by official_dice.cc.
 */
#ifndef ACTA_TESTS_OFFICIAL_SAME_H
#define ACTA_TESTS_OFFICIAL_SAME_H

#include <flatbuffers/flatbuffers.h>

#include <cstdio>
#include <cstring>
#include <type_traits>

#include "acta/buffer.h"

/* Numbers bit by bit. Small enums of ours are an int, whatever flatc has. */
template <typename A, typename B>
inline typename std::enable_if<std::is_arithmetic<A>::value || std::is_enum<A>::value, bool>::type
same(A official, B ours)
{
    if (std::is_floating_point<A>::value)
        return sizeof(A) == sizeof(B) && std::memcmp(&official, &ours, sizeof ours) == 0;
    const uint64_t mask = sizeof(B) == 8 ? UINT64_MAX : UINT32_MAX;
    return (static_cast<uint64_t>(official) & mask) == (static_cast<uint64_t>(ours) & mask);
}

template <typename T, typename O>
inline bool
same(const flatbuffers::Optional<T> &official, const O &ours)
{
    if (!official.has_value()) return !ours.is_set;
    return ours.is_set && same(*official, ours.value);
}

/* A fixed array of numbers or enums. */
template <typename T, uint16_t Length, typename B>
inline typename std::enable_if<!std::is_class<T>::value, bool>::type
same(const flatbuffers::Array<T, Length> *official, const B (&ours)[Length])
{
    for (uint16_t i = 0; i < Length; i++) {
        if (!same(official->Get(i), ours[i])) return false;
    }
    return true;
}

inline bool
same(const flatbuffers::String *official, acta_str ours)
{
    if (official == nullptr || ours.data == nullptr) return official == nullptr && ours.data == nullptr;
    return official->size() == ours.size && std::memcmp(official->c_str(), ours.data, ours.size) == 0;
}

template <typename T, typename V>
inline bool
same(const flatbuffers::Vector<T> *official, const V &ours)
{
    if (official == nullptr || ours.data == nullptr) return official == nullptr && ours.data == nullptr;
    if (official->size() != ours.count) return false;
    static_assert(sizeof(T) == sizeof *ours.data, "elements of one size");
    return ours.count == 0 || std::memcmp(official->Data(), ours.data, ours.count * sizeof(T)) == 0;
}

inline bool
same(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>> *official, const acta_str_vector &ours)
{
    if (official == nullptr || ours.encoded == nullptr) return official == nullptr && ours.encoded == nullptr;
    if (official->size() != ours.count) return false;
    for (uint32_t i = 0; i < ours.count; i++) {
        if (!same(official->Get(i), acta_str_vector_at(ours, i))) return false;
    }
    return true;
}

/* A table, its struct, and its functions' names. */
template <typename T, typename C, typename Ref>
inline bool
same_nested(const T *official, const Ref &ours, const acta_table &table)
{
    C value;
    if (!acta_table_ref_get(&table, &ours, &value)) return official == nullptr;
    return official != nullptr && same(official, value);
}

template <typename T, typename C, typename V>
inline bool
same_tables(const flatbuffers::Vector<flatbuffers::Offset<T>> *official, const V &ours, const acta_table &table)
{
    if (official == nullptr || ours.encoded == nullptr) return official == nullptr && ours.encoded == nullptr;
    if (official->size() != ours.count) return false;
    for (uint32_t i = 0; i < ours.count; i++) {
        C value;
        if (!acta_table_vector_at(&table, &ours, i, &value) || !same(official->Get(i), value)) return false;
    }
    return true;
}

/* Structs: those of an array by reference, in a vector, or perhaps there. */
template <typename T, uint16_t Length, typename C>
inline bool
same_array(const flatbuffers::Array<T, Length> *official, const C (&ours)[Length])
{
    for (uint16_t i = 0; i < Length; i++) {
        if (!same(*official->Get(i), ours[i])) return false;
    }
    return true;
}

template <typename T, typename C, typename V>
inline bool
same_structs(const flatbuffers::Vector<const T *> *official, const V &ours, const acta_table &table)
{
    if (official == nullptr || ours.encoded == nullptr) return official == nullptr && ours.encoded == nullptr;
    if (official->size() != ours.count) return false;
    for (uint32_t i = 0; i < ours.count; i++) {
        C value;
        if (!acta_table_vector_at(&table, &ours, i, &value) || !same(*official->Get(i), value)) return false;
    }
    return true;
}

inline bool
differs(const char *table, const char *field)
{
    std::fprintf(stderr, "%s.%s reads otherwise than by the official code\n", table, field);
    return false;
}

#endif
