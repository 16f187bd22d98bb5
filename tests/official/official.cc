/*
 * The official library by the schema as data: random buffers from its builder, JSON from its printer and parser.
 *
 * A buffer is made back to front, as the builder wants it: first all that a table leads to, then the table. Numbers are
 * written by their place in the vtable and their size; the builder doesn't know what they mean.
 */
#include "official.h"

#include "acta/file.h"

#include <flatbuffers/flexbuffers.h>
#include <flatbuffers/idl.h>
#include <flatbuffers/reflection.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;

namespace {

enum { DEPTH_MAX = 4, TABLES_MAX = 60, ELEMENTS_MAX = 4, NESTING_MAX = 2 };

/* In the order of acta_field_kind: Bool is 2 there, Double 12. */
const int first_number = reflection::Bool;

bool
is_number(reflection::BaseType type)
{
    return type >= reflection::UType && type <= reflection::Double;
}

/* What of a table is there: a number, a struct's bytes, or the offset to the rest. */
struct part {
    voffset_t place;
    size_t size; /* of a number; of a struct, its alignment */
    uint64_t bits;
    bool is_offset;
    std::vector<uint8_t> bytes;
};

class maker {
  public:
    maker(const reflection::Schema &schema_in, random_source *random_in, bool for_json_in, features *seen_in)
        : schema(schema_in), random(random_in), for_json(for_json_in), seen(seen_in)
    {
    }

    acta_bytes root(const reflection::Object &object, unsigned form, acta_memory *memory)
    {
        const char *identifier = form & ACTA_FILE_IDENTIFIER ? schema.file_ident()->c_str() : nullptr;
        flatbuffers::Offset<flatbuffers::Table> at(table(object, 0, random_below(random, 20)));

        if (form & ACTA_FILE_IDENTIFIER) count(FEATURE_FILE_IDENTIFIER);
        if (form & ACTA_FILE_SIZE) count(FEATURE_FILE_SIZE);
        if (form & ACTA_FILE_SIZE)
            builder.FinishSizePrefixed(at, identifier);
        else
            builder.Finish(at, identifier);
        auto *copy = static_cast<uint8_t *>(acta_memory_alloc(memory, builder.GetSize()));
        if (copy == nullptr) return acta_bytes_from(nullptr, 0);
        std::memcpy(copy, builder.GetBufferPointer(), builder.GetSize());
        return acta_bytes_from(copy, builder.GetSize());
    }

  private:
    void count(int row)
    {
        seen->counts[row]++;
    }

    void count_number(reflection::BaseType type, int row)
    {
        if (type >= first_number) count((type - first_number) * FEATURE_NUMBERS + row);
    }

    /* -- numbers -- */

    uint64_t real(reflection::BaseType type)
    {
        uint64_t bits = random_next(random);
        double value = (static_cast<double>(random_below(random, 20001)) - 10000) / 4;
        float single = static_cast<float>(value);

        if (!for_json && random_one_in(random, 2)) {
            count(FEATURE_REAL_OF_ANY_BITS);
            return type == reflection::Float ? bits & UINT32_MAX : bits;
        }
        bits = 0;
        if (type == reflection::Float)
            std::memcpy(&bits, &single, sizeof single);
        else
            std::memcpy(&bits, &value, sizeof value);
        return bits;
    }

    static uint64_t cut(uint64_t bits, reflection::BaseType type)
    {
        size_t size = flatbuffers::GetTypeSize(type);
        return size == 8 ? bits : bits & ((UINT64_C(1) << 8 * size) - 1);
    }

    uint64_t number_of_enum(const reflection::Enum &of, reflection::BaseType type)
    {
        bool is_flags = of.attributes() != nullptr && of.attributes()->LookupByKey("bit_flags") != nullptr;

        if (random_one_in(random, 4)) {
            count(FEATURE_ENUM_UNNAMED);
            return cut(random_bits(random), type);
        }
        count(is_flags ? FEATURE_BIT_FLAGS : FEATURE_ENUM);
        if (flatbuffers::GetTypeSize(type) == 8) count(FEATURE_ENUM_WIDE);
        uint64_t bits = 0;
        do {
            auto index = static_cast<uoffset_t>(random_below(random, of.values()->size()));
            bits |= static_cast<uint64_t>(of.values()->Get(index)->value());
        } while (is_flags && random_one_in(random, 2));
        return cut(bits, type);
    }

    uint64_t number(reflection::BaseType type, int32_t enum_index)
    {
        if (enum_index >= 0) return number_of_enum(*schema.enums()->Get(static_cast<uoffset_t>(enum_index)), type);
        if (type == reflection::Float || type == reflection::Double) return real(type);
        return type == reflection::Bool ? random_next(random) & 1 : cut(random_bits(random), type);
    }

    static uint64_t default_of(const reflection::Field &field)
    {
        auto type = field.type()->base_type();
        double value = field.default_real();
        float single = static_cast<float>(value);
        uint64_t bits = 0;

        if (type == reflection::Float)
            std::memcpy(&bits, &single, sizeof single);
        else if (type == reflection::Double)
            std::memcpy(&bits, &value, sizeof value);
        else
            bits = static_cast<uint64_t>(field.default_integer());
        return cut(bits, type);
    }

    /* Keys of a vector go up from element to element. */
    static uint64_t key_number(reflection::BaseType type, uint64_t rank)
    {
        double value = static_cast<double>(rank) / 4 - 1;
        float single = static_cast<float>(value);
        uint64_t bits = 0;

        if (type == reflection::Float)
            std::memcpy(&bits, &single, sizeof single);
        else if (type == reflection::Double)
            std::memcpy(&bits, &value, sizeof value);
        else
            bits = type == reflection::Bool ? rank & 1 : rank;
        return bits;
    }

    void put_optional(const reflection::Field &field, std::vector<part> *parts)
    {
        auto type = field.type()->base_type();
        bool there = !random_one_in(random, 3);

        count_number(type, there ? NUMBER_OPTIONAL : NUMBER_NULL);
        if (!there) return;
        if (field.type()->index() >= 0) count(FEATURE_ENUM_OPTIONAL);
        uint64_t bits = random_one_in(random, 4) ? 0 : number(type, field.type()->index());
        parts->push_back({ field.offset(), flatbuffers::GetTypeSize(type), bits, false, {} });
    }

    void put_number(const reflection::Field &field, uint64_t rank, std::vector<part> *parts)
    {
        auto type = field.type()->base_type();
        uint64_t absent = default_of(field);

        if (field.optional()) {
            put_optional(field, parts);
            return;
        }
        uint64_t bits = field.key() ? key_number(type, rank) : number(type, field.type()->index());

        if (!field.key() && random_one_in(random, 3)) bits = absent;
        if (bits == absent && !random_one_in(random, 4)) {
            count_number(type, absent == 0 ? NUMBER_ZERO : NUMBER_DEFAULT);
            return;
        }
        if (bits == absent)
            count(FEATURE_NUMBER_AT_ITS_DEFAULT);
        else
            count_number(type, NUMBER_FIELD);
        parts->push_back({ field.offset(), flatbuffers::GetTypeSize(type), bits, false, {} });
    }

    /* -- structs -- */

    const reflection::Object &object_at(const reflection::Type &type)
    {
        return *schema.objects()->Get(static_cast<uoffset_t>(type.index()));
    }

    void fill_member(const reflection::Type &type, reflection::BaseType base, bool is_array, uint8_t *out)
    {
        if (base == reflection::Obj) {
            count(is_array ? FEATURE_STRUCT_ARRAY : FEATURE_STRUCT_NESTED);
            fill_struct(object_at(type), 0, out);
            return;
        }
        count_number(base, is_array ? NUMBER_ARRAY : NUMBER_MEMBER);
        uint64_t bits = number(base, type.index());
        std::memcpy(out, &bits, flatbuffers::GetTypeSize(base));
    }

    void fill_struct(const reflection::Object &object, uint64_t rank, uint8_t *out)
    {
        if (object.attributes() != nullptr && object.attributes()->LookupByKey("force_align") != nullptr)
            count(FEATURE_STRUCT_ALIGNED);
        for (const auto *field : *object.fields()) {
            const auto &type = *field->type();
            uint8_t *at = out + field->offset();
            if (field->key()) {
                uint64_t bits = key_number(type.base_type(), rank);
                std::memcpy(at, &bits, flatbuffers::GetTypeSize(type.base_type()));
            } else if (type.base_type() == reflection::Array) {
                bool is_struct = type.element() == reflection::Obj;
                size_t size = is_struct ? static_cast<size_t>(object_at(type).bytesize())
                                        : flatbuffers::GetTypeSize(type.element());
                for (uint16_t i = 0; i < type.fixed_length(); i++)
                    fill_member(type, type.element(), true, at + i * size);
            } else {
                fill_member(type, type.base_type(), false, at);
            }
        }
    }

    void put_struct(const reflection::Field &field, const reflection::Object &object, std::vector<part> *parts)
    {
        bool there = field.required() || !random_one_in(random, 3);

        count(field.required() ? FEATURE_STRUCT_REQUIRED : there ? FEATURE_STRUCT : FEATURE_STRUCT_ABSENT);
        if (!there) return;
        std::vector<uint8_t> bytes(static_cast<size_t>(object.bytesize()));
        fill_struct(object, random_below(random, 20), bytes.data());
        parts->push_back({ field.offset(), static_cast<size_t>(object.minalign()), 0, false, bytes });
    }

    uoffset_t vector_of_structs(const reflection::Object &object)
    {
        uint64_t elements = count_of_elements(), rank = random_below(random, 20);
        auto size = static_cast<size_t>(object.bytesize()), alignment = static_cast<size_t>(object.minalign());
        std::vector<uint8_t> bytes(elements * size);
        bool has_key = false;

        for (uint64_t i = 0; i < elements; i++)
            fill_struct(object, rank++, bytes.data() + i * size);
        for (const auto *field : *object.fields())
            has_key = has_key || field->key();
        if (elements > 0) count(FEATURE_STRUCT_VECTOR);
        if (elements > 1 && has_key) count(FEATURE_KEY_STRUCT);
        builder.StartVector(bytes.size() / alignment, alignment);
        builder.PushBytes(bytes.data(), bytes.size());
        return builder.EndVector(elements);
    }

    /* -- strings -- */

    uoffset_t string(const char *before)
    {
        static const char *const pieces[] = { "a", "Z", "0", " ", "\"", "\\", "\n", "\x01", "\x7f", "é", "ß", "€", "中",
            "😀", "/", "null", "{" };
        std::string text = before;

        if (text.empty() && last_string != 0 && random_one_in(random, 6)) {
            count(FEATURE_STRING_SHARED);
            return last_string;
        }
        bool is_wide = false;
        for (uint64_t left = random_below(random, 12); left > 0; left--) {
            const char *piece = pieces[random_below(random, sizeof pieces / sizeof pieces[0])];
            is_wide = is_wide || (*piece & 0x80) != 0;
            text += piece;
        }
        count(text.empty() ? FEATURE_STRING_EMPTY : is_wide ? FEATURE_STRING_WIDE : FEATURE_STRING);
        last_string = builder.CreateString(text).o;
        return last_string;
    }

    uoffset_t key_string(uint64_t rank)
    {
        const char before[] = { static_cast<char>('a' + rank % 26), '\0' };
        return string(before);
    }

    /* -- vectors -- */

    uint64_t count_of_elements()
    {
        uint64_t elements = random_below(random, ELEMENTS_MAX + 1);
        if (elements == 0) count(FEATURE_VECTOR_EMPTY);
        return elements;
    }

    uoffset_t vector_of_numbers(reflection::BaseType type, int32_t enum_index)
    {
        uint64_t elements = count_of_elements();
        size_t size = flatbuffers::GetTypeSize(type);

        if (elements > 0) count_number(type, NUMBER_VECTOR);
        if (elements > 0 && enum_index >= 0) count(FEATURE_ENUM_VECTOR);
        builder.StartVector(elements, size);
        for (uint64_t i = 0; i < elements; i++) {
            uint64_t bits = number(type, enum_index);
            builder.PushBytes(reinterpret_cast<const uint8_t *>(&bits), size);
        }
        return builder.EndVector(elements);
    }

    uoffset_t vector_of_offsets(const std::vector<uoffset_t> &elements)
    {
        builder.StartVector(elements.size(), sizeof(uoffset_t));
        for (size_t i = elements.size(); i > 0; i--)
            builder.PushElement(builder.ReferTo(elements[i - 1]));
        return builder.EndVector(elements.size());
    }

    uoffset_t vector_of_strings()
    {
        std::vector<uoffset_t> elements(count_of_elements());
        for (auto &element : elements)
            element = string("");
        if (!elements.empty()) count(FEATURE_STRING_VECTOR);
        return vector_of_offsets(elements);
    }

    void count_key(const reflection::Object &object)
    {
        for (const auto *field : *object.fields()) {
            if (!field->key()) continue;
            auto type = field->type()->base_type();
            count(type == reflection::String                                ? FEATURE_KEY_STRING
                  : type == reflection::Float || type == reflection::Double ? FEATURE_KEY_REAL
                                                                            : FEATURE_KEY_INTEGER);
        }
    }

    uoffset_t vector_of_tables(const reflection::Object &object, int depth)
    {
        std::vector<uoffset_t> elements(is_deep(depth) ? 0 : count_of_elements());
        uint64_t rank = random_below(random, 5);

        if (key_is_bool(object)) {
            rank = 0;
            if (elements.size() > 2) elements.resize(2);
        }
        for (auto &element : elements)
            element = table(object, depth + 1, rank++);
        if (!elements.empty()) count(FEATURE_TABLE_VECTOR);
        if (elements.size() > 1) count_key(object);
        return vector_of_offsets(elements);
    }

    static bool key_is_bool(const reflection::Object &object)
    {
        for (const auto *field : *object.fields()) {
            if (field->key() && field->type()->base_type() == reflection::Bool) return true;
        }
        return false;
    }

    static bool has(const reflection::Field &field, const char *attribute)
    {
        return field.attributes() != nullptr && field.attributes()->LookupByKey(attribute) != nullptr;
    }

    uoffset_t vector_of_bytes(const uint8_t *bytes, size_t size)
    {
        builder.ForceVectorAlignment(size, 1, 8);
        return builder.CreateVector(bytes, size).o;
    }

    /* A buffer of its own, of a few tables. */
    uoffset_t nested(const reflection::Object &around, const reflection::Field &field)
    {
        const std::string name = field.attributes()->LookupByKey("nested_flatbuffer")->value()->str();
        const std::string beside = around.name()->str().substr(0, around.name()->str().rfind('.') + 1);
        const auto *object = schema.objects()->LookupByKey((beside + name).c_str());
        maker inner(schema, random, for_json, seen);

        count(FEATURE_NESTED);
        inner.table_count = TABLES_MAX - 2;
        inner.nesting = nesting + 1;
        inner.builder.Finish(flatbuffers::Offset<flatbuffers::Table>(inner.table(*object, DEPTH_MAX - 1, 0)));
        return vector_of_bytes(inner.builder.GetBufferPointer(), inner.builder.GetSize());
    }

    uoffset_t flex()
    {
        flexbuffers::Builder inner;

        count(FEATURE_FLEX);
        inner.Map([&]() {
            inner.Int("int", static_cast<int64_t>(random_below(random, 100000)));
            inner.String("text", "of a flexible kind");
            inner.Vector("many", [&]() {
                for (uint64_t left = random_below(random, 4); left > 0; left--)
                    inner.Double(static_cast<double>(left) / 4);
            });
        });
        inner.Finish();
        return vector_of_bytes(inner.GetBuffer().data(), inner.GetBuffer().size());
    }

    uoffset_t vector(const reflection::Object &object_in, const reflection::Field &field, int depth)
    {
        auto element = field.type()->element();

        if (has(field, "nested_flatbuffer")) return nested(object_in, field);
        if (has(field, "flexbuffer")) return flex();

        if (is_number(element)) return vector_of_numbers(element, field.type()->index());
        if (element == reflection::String) return vector_of_strings();
        const reflection::Object &object = object_of(field);
        return object.is_struct() ? vector_of_structs(object) : vector_of_tables(object, depth);
    }

    /* -- unions: the type, one byte, has the place before the rest -- */

    /* Is this value of the union a table? They are left out where it is deep enough. */
    bool is_table(const reflection::EnumVal &value)
    {
        return value.union_type()->base_type() == reflection::Obj && !object_at(*value.union_type()).is_struct();
    }

    bool is_deep(int depth) const
    {
        return depth >= DEPTH_MAX || table_count >= TABLES_MAX;
    }

    /* It is deep enough, and the union has nothing but tables. */
    bool only_leads_on(const reflection::Field &field, int depth)
    {
        if (!is_deep(depth)) return false;
        for (const auto *value : *schema.enums()->Get(static_cast<uoffset_t>(field.type()->index()))->values()) {
            if (value->value() != 0 && !is_table(*value)) return false;
        }
        return true;
    }

    uoffset_t variant(const reflection::Field &field, int depth, uint64_t *number_out)
    {
        const auto &values = *schema.enums()->Get(static_cast<uoffset_t>(field.type()->index()))->values();
        const reflection::EnumVal *value;
        bool no_tables = is_deep(depth) && !only_leads_on(field, depth);

        do {
            value = values.Get(static_cast<uoffset_t>(random_below(random, values.size())));
        } while (value->value() == 0 || (no_tables && is_table(*value)));
        *number_out = static_cast<uint64_t>(value->value());

        if (value->union_type()->base_type() == reflection::String) {
            count(FEATURE_UNION_OF_STRING);
            return string("");
        }
        const reflection::Object &object = object_at(*value->union_type());
        count(object.is_struct() ? FEATURE_UNION_OF_STRUCT : FEATURE_UNION_OF_TABLE);
        if (!object.is_struct()) return table(object, depth + 1, random_below(random, 20));
        std::vector<uint8_t> bytes(static_cast<size_t>(object.bytesize()));
        fill_struct(object, random_below(random, 20), bytes.data());
        builder.StartStruct(static_cast<size_t>(object.minalign()));
        builder.PushBytes(bytes.data(), bytes.size());
        return builder.EndStruct();
    }

    void put_union(const reflection::Field &field, int depth, std::vector<part> *parts)
    {
        uint64_t type = 0;

        if (field.required()) {
            count(FEATURE_UNION_REQUIRED);
        } else if (random_one_in(random, 3) || only_leads_on(field, depth)) {
            count(FEATURE_UNION_ABSENT);
            return;
        }
        uoffset_t at = variant(field, depth, &type);
        parts->push_back({ field.offset(), sizeof(uoffset_t), at, true, {} });
        parts->push_back({ static_cast<voffset_t>(field.offset() - 2), 1, type, false, {} });
    }

    void put_unions(const reflection::Field &field, int depth, std::vector<part> *parts)
    {
        if (!is_there(field, depth)) return;
        std::vector<uoffset_t> elements(only_leads_on(field, depth) ? 0 : count_of_elements());
        std::vector<uint8_t> types;

        for (auto &element : elements) {
            uint64_t type = 0;
            element = variant(field, depth, &type);
            types.push_back(static_cast<uint8_t>(type));
        }
        if (!elements.empty()) count(FEATURE_UNION_VECTOR);
        uoffset_t types_at = builder.CreateVector(types).o, at = vector_of_offsets(elements);
        parts->push_back({ field.offset(), sizeof(uoffset_t), at, true, {} });
        parts->push_back({ static_cast<voffset_t>(field.offset() - 2), sizeof(uoffset_t), types_at, true, {} });
    }

    /* -- tables -- */

    const reflection::Object &object_of(const reflection::Field &field)
    {
        return object_at(*field.type());
    }

    /* Is a field that leads elsewhere there? Counts it either way. */
    bool is_there(const reflection::Field &field, int depth)
    {
        auto type = field.type()->base_type();
        bool leads_to_tables =
            type == reflection::Obj || (type == reflection::Vector && field.type()->element() == reflection::Obj);
        bool there = !random_one_in(random, 3);
        int absent = type == reflection::String ? FEATURE_STRING_ABSENT
                     : type == reflection::Obj  ? FEATURE_TABLE_ABSENT
                                                : FEATURE_VECTOR_ABSENT;

        if (leads_to_tables && is_deep(depth)) there = false;
        if (field.required()) {
            there = true;
            count(type == reflection::String ? FEATURE_STRING_REQUIRED
                  : type == reflection::Obj  ? FEATURE_TABLE_REQUIRED
                                             : FEATURE_VECTOR_REQUIRED);
        } else if (!there) {
            count(absent);
        }
        return there;
    }

    void put_offset(const reflection::Object &object, const reflection::Field &field, int depth, uint64_t rank,
        std::vector<part> *parts)
    {
        uoffset_t at = 0;

        if (!is_there(field, depth)) return;
        switch (field.type()->base_type()) {
        case reflection::String:
            at = field.key() ? key_string(rank) : string("");
            break;
        case reflection::Obj:
            count(&object_of(field) == &object ? FEATURE_TABLE_OF_ITSELF : FEATURE_TABLE);
            at = table(object_of(field), depth + 1, random_below(random, 20));
            break;
        default:
            at = vector(object, field, depth);
        }
        parts->push_back({ field.offset(), sizeof(uoffset_t), at, true, {} });
    }

    void put(const reflection::Object &object, const reflection::Field &field, int depth, uint64_t rank,
        std::vector<part> *parts)
    {
        if (field.deprecated()) {
            if (for_json || !random_one_in(random, 2)) return;
            count(FEATURE_DEPRECATED);
        }
        bool is_nested = has(field, "nested_flatbuffer");
        if (for_json && (is_nested || has(field, "flexbuffer"))) return; /* it would come back as other bytes */
        if (is_nested && nesting == NESTING_MAX) return;
        auto type = field.type()->base_type(), element = field.type()->element();
        if (type == reflection::UType || element == reflection::UType) return; /* with the union */
        if (type == reflection::Union)
            put_union(field, depth, parts);
        else if (element == reflection::Union)
            put_unions(field, depth, parts);
        else if (is_number(type))
            put_number(field, rank, parts);
        else if (type == reflection::Obj && object_of(field).is_struct())
            put_struct(field, object_of(field), parts);
        else
            put_offset(object, field, depth, rank, parts);
    }

    void add_struct(const part &p)
    {
        builder.Align(p.size);
        builder.PushBytes(p.bytes.data(), p.bytes.size());
        builder.AddStructOffset(p.place, builder.GetSize());
    }

    void add(const part &p)
    {
        if (p.is_offset)
            builder.AddOffset(p.place, flatbuffers::Offset<void>(static_cast<uoffset_t>(p.bits)));
        else if (!p.bytes.empty())
            add_struct(p);
        else if (p.size == 1)
            builder.AddElement(p.place, static_cast<uint8_t>(p.bits));
        else if (p.size == 2)
            builder.AddElement(p.place, static_cast<uint16_t>(p.bits));
        else if (p.size == 4)
            builder.AddElement(p.place, static_cast<uint32_t>(p.bits));
        else
            builder.AddElement(p.place, p.bits);
    }

    uoffset_t table(const reflection::Object &object, int depth, uint64_t rank)
    {
        std::vector<part> parts;

        table_count++;
        for (const auto *field : *object.fields())
            put(object, *field, depth, rank, &parts);
        if (parts.empty()) count(FEATURE_TABLE_EMPTY);
        if (object.fields()->size() > 64) count(FEATURE_TABLE_WIDE);
        if (object.fields()->size() > 0 && object.fields()->Get(0)->attributes() != nullptr &&
            object.fields()->Get(0)->attributes()->LookupByKey("id") != nullptr)
            count(FEATURE_IDS);

        uoffset_t start = builder.StartTable();
        for (size_t i = parts.size(); i > 0; i--) {
            std::swap(parts[i - 1], parts[random_below(random, i)]);
            add(parts[i - 1]);
        }
        return builder.EndTable(start);
    }

    const reflection::Schema &schema;
    random_source *random;
    bool for_json;
    features *seen;
    flatbuffers::FlatBufferBuilder builder;
    uoffset_t last_string = 0;
    int table_count = 0, nesting = 0;
};

/* The parser of the schema in use; made once, as that takes milliseconds. */
flatbuffers::Parser &
parser_of(const acta_table *table)
{
    static flatbuffers::Parser *parser;
    static const acta_schema *schema;

    if (schema != table->schema) {
        flatbuffers::IDLOptions options;
        options.strict_json = true;
        options.output_default_scalars_in_json = true;
        options.indent_step = -1;
        delete parser;
        parser = new flatbuffers::Parser(options);
        schema = table->schema;
        if (!parser->Deserialize(schema->binary.data, schema->binary.size)) std::fprintf(stderr, "no binary schema\n");
    }
    if (!parser->SetRootType(table->name)) std::fprintf(stderr, "%s is not in its schema\n", table->name);
    return *parser;
}

} // namespace

acta_bytes
official_make(const acta_table *table, random_source *random, bool for_json, features *seen, acta_memory *memory)
{
    const reflection::Schema *schema = reflection::GetSchema(table->schema->binary.data);
    return maker(*schema, random, for_json, seen).root(*schema->objects()->LookupByKey(table->name), 0, memory);
}

acta_bytes
official_make_file(const acta_table *table, unsigned form, random_source *random, features *seen, acta_memory *memory)
{
    const reflection::Schema *schema = reflection::GetSchema(table->schema->binary.data);
    return maker(*schema, random, false, seen).root(*schema->objects()->LookupByKey(table->name), form, memory);
}

acta_str
official_print(const acta_table *table, acta_bytes buffer, acta_memory *memory)
{
    std::string text;

    if (!flatbuffers::GenerateText(parser_of(table), buffer.data, &text)) return acta_str_from(nullptr, 0);
    auto *copy = static_cast<char *>(acta_memory_alloc(memory, text.size() + 1));
    if (copy == nullptr) return acta_str_from(nullptr, 0);
    std::memcpy(copy, text.c_str(), text.size() + 1);
    return acta_str_from(copy, text.size());
}

acta_bytes
official_parse(const acta_table *table, acta_str text, acta_memory *memory)
{
    flatbuffers::Parser &parser = parser_of(table);

    if (!parser.ParseJson(std::string(text.data, text.size).c_str())) {
        std::fprintf(stderr, "%s\n%.*s\n", parser.error_.c_str(), static_cast<int>(text.size), text.data);
        return acta_bytes_from(nullptr, 0);
    }
    auto *copy = static_cast<uint8_t *>(acta_memory_alloc(memory, parser.builder_.GetSize()));
    if (copy == nullptr) return acta_bytes_from(nullptr, 0);
    std::memcpy(copy, parser.builder_.GetBufferPointer(), parser.builder_.GetSize());
    return acta_bytes_from(copy, parser.builder_.GetSize());
}
