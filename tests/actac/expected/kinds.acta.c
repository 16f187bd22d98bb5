/*
 * Made by actac from kinds.fbs: change that, not this.
 */
#include "kinds.acta.h"

const char *
kinds_Colour_name(kinds_Colour value)
{
    switch (value) {
    case kinds_Colour_red:
        return "red";
    case kinds_Colour_none:
        return "none";
    case kinds_Colour_blue:
        return "blue";
    }
    return "unknown";
}

const char *
kinds_Wide_name(kinds_Wide value)
{
    switch (value) {
    case kinds_Wide_none:
        return "none";
    case kinds_Wide_most:
        return "most";
    }
    return "unknown";
}

const char *
kinds_Shape_type_name(kinds_Shape_type value)
{
    switch (value) {
    case kinds_Shape_NONE:
        return "NONE";
    case kinds_Shape_Circle:
        return "Circle";
    case kinds_Shape_Point:
        return "Point";
    case kinds_Shape_name:
        return "name";
    case kinds_Shape_tagged:
        return "tagged";
    case kinds_Shape_inner_Note:
        return "inner_Note";
    case kinds_Shape_Mixed:
        return "Mixed";
    case kinds_Shape_Aligned:
        return "Aligned";
    }
    return "unknown";
}

static const acta_union_member kinds_Shape_members[] = {
    { .name = "Circle", .number = 1, .table = &kinds_Circle_table },
    { .name = "Point", .number = 2, .table = &kinds_Point_table },
    { .name = "name", .number = 3 },
    { .name = "tagged", .number = 4, .table = &kinds_Label_table },
    { .name = "inner_Note", .number = 5, .table = &kinds_inner_Note_table },
    { .name = "Mixed", .number = 6, .table = &kinds_Mixed_table },
    { .name = "Aligned", .number = 7, .table = &kinds_Aligned_table },
};
ACTA_UNION_CODE(kinds_Shape, "kinds.Shape");

static const acta_field kinds_Mixed_fields[] = {
    ACTA_MEMBER(kinds_Mixed, flag, 0, BOOL, 0, 0),
    ACTA_MEMBER(kinds_Mixed, colour, 1, INT8, ACTA_FIELD_ENUM, 0),
    ACTA_MEMBER(kinds_Mixed, big, 8, INT64, 0, 0),
    ACTA_MEMBER(kinds_Mixed, bytes, 16, UINT8, 0, 3),
    ACTA_MEMBER(kinds_Mixed, reals, 24, DOUBLE, 0, 2),
    ACTA_STRUCT_MEMBER(kinds_Mixed, points, 40, kinds_Point, 2),
    ACTA_MEMBER(kinds_Mixed, colours, 56, INT8, ACTA_FIELD_ENUM, 3),
    ACTA_MEMBER(kinds_Mixed, flags, 59, BOOL, 0, 2),
    ACTA_MEMBER(kinds_Mixed, mask, 64, UINT64, 0, 0),
    ACTA_MEMBER(kinds_Mixed, wide, 72, UINT32, 0, 0),
    ACTA_STRUCT_MEMBER(kinds_Mixed, deep, 76, kinds_inner_Deep, 0),
};
const acta_table kinds_Mixed_table = {
    .name = "kinds.Mixed",
    ACTA_STRUCT_MEMBERS(kinds_Mixed, UINT64_C(0x3e6c370410fd704e), kinds_schema, 88, 8),
};

static const acta_field kinds_Aligned_fields[] = {
    ACTA_MEMBER(kinds_Aligned, small, 0, UINT8, 0, 0),
};
const acta_table kinds_Aligned_table = {
    .name = "kinds.Aligned",
    ACTA_STRUCT_MEMBERS(kinds_Aligned, UINT64_C(0xec3b03c53ae5ae69), kinds_schema, 16, 16),
};

static const acta_field kinds_Entry_fields[] = {
    ACTA_MEMBER(kinds_Entry, place, 0, UINT16, ACTA_FIELD_KEY, 0),
    ACTA_MEMBER(kinds_Entry, value, 4, FLOAT, 0, 0),
};
const acta_table kinds_Entry_table = {
    .name = "kinds.Entry",
    ACTA_STRUCT_MEMBERS(kinds_Entry, UINT64_C(0xda9288d3fd8eeb2b), kinds_schema, 8, 4),
};

static const acta_field kinds_Tiny_fields[] = {
    ACTA_MEMBER(kinds_Tiny, a, 0, UINT8, 0, 0),
};
const acta_table kinds_Tiny_table = {
    .name = "kinds.Tiny",
    ACTA_STRUCT_MEMBERS(kinds_Tiny, UINT64_C(0x66da0386dabf19c1), kinds_schema, 1, 1),
};

static const acta_field kinds_Maybe_fields[] = {
    ACTA_OPTIONAL_FIELD(kinds_Maybe, a, 0, BOOL, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, b, 1, INT8, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, c, 2, UINT8, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, d, 3, INT16, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, e, 4, UINT16, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, f, 5, INT32, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, g, 6, UINT32, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, h, 7, INT64, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, i, 8, UINT64, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, j, 9, FLOAT, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, k, 10, DOUBLE, 0),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, colour, 11, INT8, ACTA_FIELD_ENUM),
    ACTA_OPTIONAL_FIELD(kinds_Maybe, mask, 12, UINT64, 0),
    ACTA_NUMBER_FIELD(kinds_Maybe, plain, 13, INT32, 0, UINT64_C(0x7)),
};
ACTA_CHECKED_CODE(kinds_Maybe);
const acta_table kinds_Maybe_table = {
    .name = "kinds.Maybe",
    ACTA_TABLE_MEMBERS(kinds_Maybe, PLAIN, UINT64_C(0xdd0fbbd60cd63b1a), kinds_schema),
    ACTA_CHECKED_FIELDS(kinds_Maybe),
};

static const acta_field kinds_Structs_fields[] = {
    ACTA_OPTIONAL_STRUCT_FIELD(kinds_Structs, mixed, 0, kinds_Mixed, 0),
    ACTA_OPTIONAL_STRUCT_FIELD(kinds_Structs, aligned, 1, kinds_Aligned, 0),
    ACTA_OPTIONAL_STRUCT_FIELD(kinds_Structs, tiny, 2, kinds_Tiny, 0),
    ACTA_STRUCT_FIELD(kinds_Structs, always, 3, kinds_Point, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(kinds_Structs, points, 4, STRUCT_VECTOR, kinds_Point, 0),
    ACTA_TABLE_FIELD(kinds_Structs, mixes, 5, STRUCT_VECTOR, kinds_Mixed, 0),
    ACTA_TABLE_FIELD(kinds_Structs, aligneds, 6, STRUCT_VECTOR, kinds_Aligned, 0),
    ACTA_TABLE_FIELD(kinds_Structs, entries, 7, STRUCT_VECTOR, kinds_Entry, 0),
    ACTA_TABLE_FIELD(kinds_Structs, tinies, 8, STRUCT_VECTOR, kinds_Tiny, 0),
    ACTA_OPTIONAL_STRUCT_FIELD(kinds_Structs, deep, 9, kinds_inner_Deep, 0),
};
ACTA_CHECKED_CODE(kinds_Structs);
const acta_table kinds_Structs_table = {
    .name = "kinds.Structs",
    ACTA_TABLE_MEMBERS(kinds_Structs, PLAIN, UINT64_C(0x299c6a98f7f2574d), kinds_schema),
    ACTA_CHECKED_FIELDS(kinds_Structs),
};

static const acta_field kinds_Enums_fields[] = {
    ACTA_NUMBER_FIELD(kinds_Enums, abilities, 0, UINT8, ACTA_FIELD_ENUM, UINT64_C(0x81)),
    ACTA_NUMBER_FIELD(kinds_Enums, mask, 1, UINT64, 0, UINT64_C(0x3)),
    ACTA_NUMBER_FIELD(kinds_Enums, offset, 2, INT64, 0, UINT64_C(0xffffffffffffffff)),
    ACTA_NUMBER_FIELD(kinds_Enums, wide, 3, UINT32, 0, UINT64_C(0xffffffff)),
    ACTA_VECTOR_FIELD(kinds_Enums, masks, 4, UINT64, 0),
    ACTA_VECTOR_FIELD(kinds_Enums, offsets, 5, INT64, 0),
    ACTA_VECTOR_FIELD(kinds_Enums, wides, 6, UINT32, 0),
    ACTA_VECTOR_FIELD(kinds_Enums, many, 7, UINT8, 0),
};
ACTA_CHECKED_CODE(kinds_Enums);
const acta_table kinds_Enums_table = {
    .name = "kinds.Enums",
    ACTA_TABLE_MEMBERS(kinds_Enums, PLAIN, UINT64_C(0xa9814ad1ffd79f9f), kinds_schema),
    ACTA_CHECKED_FIELDS(kinds_Enums),
};

static const acta_field kinds_Included_fields[] = {
    ACTA_TABLE_FIELD(kinds_Included, label, 0, TABLE, kinds_Label, 0),
    ACTA_TABLE_FIELD(kinds_Included, labels, 1, TABLE_VECTOR, kinds_Label, 0),
    ACTA_TABLE_FIELD(kinds_Included, note, 2, TABLE, kinds_inner_Note, 0),
    ACTA_TABLE_FIELD(kinds_Included, notes, 3, TABLE_VECTOR, kinds_inner_Note, 0),
    ACTA_TABLE_FIELD(kinds_Included, deeps, 4, STRUCT_VECTOR, kinds_inner_Deep, 0),
    ACTA_UNION_FIELD(kinds_Included, text, 6, UNION, kinds_Text, 0),
    ACTA_UNION_FIELD(kinds_Included, texts, 8, UNION_VECTOR, kinds_Text, 0),
};
ACTA_CHECKED_CODE(kinds_Included);
const acta_table kinds_Included_table = {
    .name = "kinds.Included",
    ACTA_TABLE_MEMBERS(kinds_Included, PLAIN, UINT64_C(0xdf91542e671a1be8), kinds_schema),
    ACTA_CHECKED_FIELDS(kinds_Included),
};

static const acta_field kinds_Circle_fields[] = {
    ACTA_NUMBER_FIELD(kinds_Circle, radius, 0, DOUBLE, 0, 0),
    ACTA_UNION_FIELD(kinds_Circle, inside, 2, UNION, kinds_Shape, 0),
};
ACTA_CHECKED_CODE(kinds_Circle);
const acta_table kinds_Circle_table = {
    .name = "kinds.Circle",
    ACTA_TABLE_MEMBERS(kinds_Circle, PLAIN, UINT64_C(0x917859cb233c4718), kinds_schema),
    ACTA_CHECKED_FIELDS(kinds_Circle),
};

static const acta_field kinds_Unions_fields[] = {
    ACTA_UNION_FIELD(kinds_Unions, shape, 1, UNION, kinds_Shape, 0),
    ACTA_UNION_FIELD(kinds_Unions, shapes, 3, UNION_VECTOR, kinds_Shape, 0),
    ACTA_UNION_FIELD(kinds_Unions, must, 5, UNION, kinds_Shape, ACTA_FIELD_REQUIRED),
    ACTA_UNION_FIELD(kinds_Unions, musts, 7, UNION_VECTOR, kinds_Shape, ACTA_FIELD_REQUIRED),
};
ACTA_CHECKED_CODE(kinds_Unions);
const acta_table kinds_Unions_table = {
    .name = "kinds.Unions",
    ACTA_TABLE_MEMBERS(kinds_Unions, PLAIN, UINT64_C(0x12ee3893db370806), kinds_schema),
    ACTA_CHECKED_FIELDS(kinds_Unions),
};

static const acta_field kinds_Vectors_fields[] = {
    ACTA_NESTED_FIELD(kinds_Vectors, inner, 0, kinds_Circle, 0, 0),
    ACTA_NESTED_FIELD(kinds_Vectors, note, 1, kinds_inner_Note, ACTA_FIELD_REQUIRED, 0),
    ACTA_ALIGNED_FIELD(kinds_Vectors, aligned, 2, UINT8, 0, 16),
    ACTA_ALIGNED_FIELD(kinds_Vectors, wide, 3, FLOAT, 0, 32),
    ACTA_ALIGNED_STRUCTS_FIELD(kinds_Vectors, entries, 4, kinds_Entry, 0, 16),
};
ACTA_CHECKED_CODE(kinds_Vectors);
const acta_table kinds_Vectors_table = {
    .name = "kinds.Vectors",
    ACTA_TABLE_MEMBERS(kinds_Vectors, PLAIN, UINT64_C(0x50805395354596e0), kinds_schema),
    ACTA_CHECKED_FIELDS(kinds_Vectors),
};

static const acta_field kinds_All_fields[] = {
    ACTA_TABLE_FIELD(kinds_All, maybe, 0, TABLE, kinds_Maybe, 0),
    ACTA_TABLE_FIELD(kinds_All, structs, 1, TABLE, kinds_Structs, 0),
    ACTA_TABLE_FIELD(kinds_All, enums, 2, TABLE, kinds_Enums, 0),
    ACTA_TABLE_FIELD(kinds_All, included, 3, TABLE, kinds_Included, 0),
    ACTA_TABLE_FIELD(kinds_All, alls, 4, TABLE_VECTOR, kinds_All, 0),
    ACTA_TABLE_FIELD(kinds_All, unions, 5, TABLE, kinds_Unions, 0),
    ACTA_TABLE_FIELD(kinds_All, vectors, 6, TABLE, kinds_Vectors, 0),
};
ACTA_CHECKED_CODE(kinds_All);
const acta_table kinds_All_table = {
    .name = "kinds.All",
    ACTA_TABLE_MEMBERS(kinds_All, PLAIN, UINT64_C(0x0fb4ca54d45c77d3), kinds_schema),
    ACTA_CHECKED_FIELDS(kinds_All),
};


static const acta_table *const tables[] = {
    &kinds_Maybe_table,
    &kinds_Structs_table,
    &kinds_Enums_table,
    &kinds_Included_table,
    &kinds_Circle_table,
    &kinds_Unions_table,
    &kinds_Vectors_table,
    &kinds_All_table,
};

const acta_schema kinds_schema = {
    .name = "kinds",
    .binary = { binary, sizeof binary },
    .tables = tables,
    .table_count = 8,
    .hash = UINT64_C(0xe3e4d98d84a3c39f),
    .file_identifier = "KIND",
};
