/*
 * Made by actac from kinds.fbs: change that, not this.
 */
#ifndef KINDS_ACTA_H
#define KINDS_ACTA_H

#include "acta/generated.h"

/* Of each T: T_vector, and T_ref where it is no union. */
ACTA_TABLE_VIEWS(kinds_Mixed);
ACTA_TABLE_VIEWS(kinds_Aligned);
ACTA_TABLE_VIEWS(kinds_Entry);
ACTA_TABLE_VIEWS(kinds_Tiny);
ACTA_TABLE_VIEWS(kinds_Maybe);
ACTA_TABLE_VIEWS(kinds_Structs);
ACTA_TABLE_VIEWS(kinds_Enums);
ACTA_TABLE_VIEWS(kinds_Included);
ACTA_TABLE_VIEWS(kinds_Circle);
ACTA_TABLE_VIEWS(kinds_Unions);
ACTA_TABLE_VIEWS(kinds_Vectors);
ACTA_TABLE_VIEWS(kinds_All);
ACTA_UNION_VIEWS(kinds_Shape);

#include "parts.acta.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const acta_schema kinds_schema;

typedef enum kinds_Colour ACTA_ENUM_TYPE {
    kinds_Colour_red = -1,
    kinds_Colour_none = 0,
    kinds_Colour_blue = 3,
} kinds_Colour;
/* kinds_Colour_optional */
ACTA_OPTIONAL(kinds_Colour);
const char *kinds_Colour_name(kinds_Colour value); /* as in the schema; "unknown" for any other */

typedef uint32_t kinds_Wide;
#define kinds_Wide_none UINT64_C(0)
#define kinds_Wide_most UINT64_C(4294967295)
/* kinds_Wide_optional */
ACTA_OPTIONAL(kinds_Wide);
const char *kinds_Wide_name(kinds_Wide value); /* as in the schema; "unknown" for any other */

typedef enum kinds_Shape_type ACTA_ENUM_TYPE {
    kinds_Shape_NONE = 0,
    kinds_Shape_Circle = 1,
    kinds_Shape_Point = 2,
    /* Only its name. */
    kinds_Shape_name = 3,
    kinds_Shape_tagged = 4,
    kinds_Shape_inner_Note = 5,
    kinds_Shape_Mixed = 6,
    kinds_Shape_Aligned = 7,
} kinds_Shape_type;
const char *kinds_Shape_type_name(kinds_Shape_type value); /* as in the schema; "unknown" for any other */

/* A table, a struct, a string, and what other files and namespaces have. */
typedef struct kinds_Shape {
    kinds_Shape_type type ACTA_ZERO;
    union {
        kinds_Circle_ref Circle ACTA_ZERO;
        kinds_Point_ref Point;
        acta_str name;
        kinds_Label_ref tagged;
        kinds_inner_Note_ref inner_Note;
        kinds_Mixed_ref Mixed;
        kinds_Aligned_ref Aligned;
    };
} kinds_Shape;
/* kinds_Shape_union, _vector_at */
ACTA_UNION(kinds_Shape, UINT64_C(0xfe), UINT64_C(0x8));

/* Each kind of member, with gaps between them. */
typedef struct kinds_Mixed {
    bool flag ACTA_ZERO;
    kinds_Colour colour ACTA_ZERO;
    int64_t big ACTA_ZERO;
    /* A fixed array. */
    uint8_t bytes[3] ACTA_ZERO;
    double reals[2] ACTA_ZERO;
    kinds_Point points[2] ACTA_ZERO;
    kinds_Colour colours[3] ACTA_ZERO;
    bool flags[2] ACTA_ZERO;
    kinds_Mask mask ACTA_ZERO;
    kinds_Wide wide ACTA_ZERO;
    kinds_inner_Deep deep ACTA_ZERO;
} kinds_Mixed;
ACTI_READ_STRUCT(kinds_Mixed)
{
    value_out->flag = acti_load_uint8(at + 0) != 0;
    value_out->colour = (kinds_Colour)acti_load_int8(at + 1);
    value_out->big = acti_load_int64(at + 8);
    ACTI_READ_EACH(value_out->bytes, acti_load_uint8(at + 16 + i * 1));
    ACTI_READ_EACH(value_out->reals, acti_load_double(at + 24 + i * 8));
    ACTI_READ_STRUCTS(kinds_Point, value_out->points, at + 40 + i * 8);
    ACTI_READ_EACH(value_out->colours, (kinds_Colour)acti_load_int8(at + 56 + i * 1));
    ACTI_READ_EACH(value_out->flags, acti_load_uint8(at + 59 + i * 1) != 0);
    value_out->mask = (kinds_Mask)acti_load_uint64(at + 64);
    value_out->wide = (kinds_Wide)acti_load_uint32(at + 72);
    acti_read_kinds_inner_Deep(at + 76, &value_out->deep);
}
/* kinds_Mixed_table, _optional, _vector_at, _ref_get */
ACTA_STRUCT(kinds_Mixed, 88);

typedef struct kinds_Aligned {
    uint8_t small ACTA_ZERO;
} kinds_Aligned;
ACTI_READ_STRUCT(kinds_Aligned)
{
    value_out->small = acti_load_uint8(at + 0);
}
/* kinds_Aligned_table, _optional, _vector_at, _ref_get */
ACTA_STRUCT(kinds_Aligned, 16);

typedef struct kinds_Entry {
    uint16_t place ACTA_ZERO; /* key */
    float value ACTA_ZERO;
} kinds_Entry;
ACTI_READ_STRUCT(kinds_Entry)
{
    value_out->place = acti_load_uint16(at + 0);
    value_out->value = acti_load_float(at + 4);
}
/* kinds_Entry_table, _optional, _vector_at, _ref_get */
ACTA_STRUCT(kinds_Entry, 8);
/* kinds_Entry_vector_find, _sort */
ACTA_KEYED(kinds_Entry, uint16_t);

typedef struct kinds_Tiny {
    uint8_t a ACTA_ZERO;
} kinds_Tiny;
ACTI_READ_STRUCT(kinds_Tiny)
{
    value_out->a = acti_load_uint8(at + 0);
}
/* kinds_Tiny_table, _optional, _vector_at, _ref_get */
ACTA_STRUCT(kinds_Tiny, 1);

/* Numbers that may be absent. */
typedef struct kinds_Maybe {
    acta_bool_optional a ACTA_ZERO;
    acta_int8_optional b ACTA_ZERO;
    acta_uint8_optional c ACTA_ZERO;
    acta_int16_optional d ACTA_ZERO;
    acta_uint16_optional e ACTA_ZERO;
    acta_int32_optional f ACTA_ZERO;
    acta_uint32_optional g ACTA_ZERO;
    acta_int64_optional h ACTA_ZERO;
    acta_uint64_optional i ACTA_ZERO;
    acta_float_optional j ACTA_ZERO;
    acta_double_optional k ACTA_ZERO;
    kinds_Colour_optional colour ACTA_ZERO;
    kinds_Mask_optional mask ACTA_ZERO;
    int32_t plain ACTA_ZERO;
} kinds_Maybe;
ACTI_READ_TABLE(kinds_Maybe)
{
    value_out->plain = acta_view_int32(view, 13, 7);
    ACTI_READ_OPTIONAL(value_out->mask, 12, (kinds_Mask)acta_view_uint64(view, 12, UINT64_C(0)));
    ACTI_READ_OPTIONAL(value_out->colour, 11, (kinds_Colour)acta_view_int8(view, 11, 0));
    ACTI_READ_OPTIONAL(value_out->k, 10, acta_view_double(view, 10, 0));
    ACTI_READ_OPTIONAL(value_out->j, 9, acta_view_float(view, 9, (float)0));
    ACTI_READ_OPTIONAL(value_out->i, 8, acta_view_uint64(view, 8, UINT64_C(0)));
    ACTI_READ_OPTIONAL(value_out->h, 7, acta_view_int64(view, 7, INT64_C(0)));
    ACTI_READ_OPTIONAL(value_out->g, 6, acta_view_uint32(view, 6, 0));
    ACTI_READ_OPTIONAL(value_out->f, 5, acta_view_int32(view, 5, 0));
    ACTI_READ_OPTIONAL(value_out->e, 4, acta_view_uint16(view, 4, 0));
    ACTI_READ_OPTIONAL(value_out->d, 3, acta_view_int16(view, 3, 0));
    ACTI_READ_OPTIONAL(value_out->c, 2, acta_view_uint8(view, 2, 0));
    ACTI_READ_OPTIONAL(value_out->b, 1, acta_view_int8(view, 1, 0));
    ACTI_READ_OPTIONAL(value_out->a, 0, acta_view_bool(view, 0, false));
}
/* kinds_Maybe_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_Maybe);

typedef struct kinds_Structs {
    kinds_Mixed_optional mixed ACTA_ZERO;
    kinds_Aligned_optional aligned ACTA_ZERO;
    kinds_Tiny_optional tiny ACTA_ZERO;
    kinds_Point always ACTA_ZERO; /* required */
    kinds_Point_vector points ACTA_ZERO;
    kinds_Mixed_vector mixes ACTA_ZERO;
    kinds_Aligned_vector aligneds ACTA_ZERO;
    kinds_Entry_vector entries ACTA_ZERO;
    kinds_Tiny_vector tinies ACTA_ZERO;
    kinds_inner_Deep_optional deep ACTA_ZERO;
} kinds_Structs;
ACTI_READ_TABLE(kinds_Structs)
{
    value_out->deep.is_set = acti_kinds_inner_Deep_of(view, 9, &value_out->deep.value);
    value_out->tinies = acti_kinds_Tiny_vector_of(view, 8);
    value_out->entries = acti_kinds_Entry_vector_of(view, 7);
    value_out->aligneds = acti_kinds_Aligned_vector_of(view, 6);
    value_out->mixes = acti_kinds_Mixed_vector_of(view, 5);
    value_out->points = acti_kinds_Point_vector_of(view, 4);
    acti_kinds_Point_of(view, 3, &value_out->always);
    value_out->tiny.is_set = acti_kinds_Tiny_of(view, 2, &value_out->tiny.value);
    value_out->aligned.is_set = acti_kinds_Aligned_of(view, 1, &value_out->aligned.value);
    value_out->mixed.is_set = acti_kinds_Mixed_of(view, 0, &value_out->mixed.value);
}
/* kinds_Structs_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_Structs);

typedef struct kinds_Enums {
    kinds_Ability abilities ACTA_ZERO;
    kinds_Mask mask ACTA_ZERO;
    kinds_Offset offset ACTA_ZERO;
    kinds_Wide wide ACTA_ZERO;
    acta_uint64_vector masks ACTA_ZERO;
    acta_int64_vector offsets ACTA_ZERO;
    acta_uint32_vector wides ACTA_ZERO;
    acta_uint8_vector many ACTA_ZERO;
} kinds_Enums;
ACTI_READ_TABLE(kinds_Enums)
{
    value_out->many = acta_view_uint8_vector(view, 7);
    value_out->wides = acta_view_uint32_vector(view, 6);
    value_out->offsets = acta_view_int64_vector(view, 5);
    value_out->masks = acta_view_uint64_vector(view, 4);
    value_out->wide = (kinds_Wide)acta_view_uint32(view, 3, 4294967295);
    value_out->offset = (kinds_Offset)acta_view_int64(view, 2, INT64_C(-1));
    value_out->mask = (kinds_Mask)acta_view_uint64(view, 1, UINT64_C(3));
    value_out->abilities = (kinds_Ability)acta_view_uint8(view, 0, 129);
}
/* kinds_Enums_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_Enums);

typedef struct kinds_Included {
    kinds_Label_ref label ACTA_ZERO;
    kinds_Label_vector labels ACTA_ZERO;
    kinds_inner_Note_ref note ACTA_ZERO;
    kinds_inner_Note_vector notes ACTA_ZERO;
    kinds_inner_Deep_vector deeps ACTA_ZERO;
    kinds_Text text ACTA_ZERO;
    kinds_Text_vector texts ACTA_ZERO;
} kinds_Included;
ACTI_READ_TABLE(kinds_Included)
{
    value_out->texts = acti_kinds_Text_vector_of(view, 8);
    value_out->text = acti_kinds_Text_of(view, 6);
    value_out->deeps = acti_kinds_inner_Deep_vector_of(view, 4);
    value_out->notes = acti_kinds_inner_Note_vector_of(view, 3);
    value_out->note = acti_kinds_inner_Note_ref_of(view, 2);
    value_out->labels = acti_kinds_Label_vector_of(view, 1);
    value_out->label = acti_kinds_Label_ref_of(view, 0);
}
/* kinds_Included_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_Included);

typedef struct kinds_Circle {
    double radius ACTA_ZERO;
    kinds_Shape inside ACTA_ZERO;
} kinds_Circle;
ACTI_READ_TABLE(kinds_Circle)
{
    value_out->inside = acti_kinds_Shape_of(view, 2);
    value_out->radius = acta_view_double(view, 0, 0);
}
/* kinds_Circle_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_Circle);

typedef struct kinds_Unions {
    kinds_Shape shape ACTA_ZERO;
    kinds_Shape_vector shapes ACTA_ZERO;
    kinds_Shape must ACTA_ZERO;         /* required */
    kinds_Shape_vector musts ACTA_ZERO; /* required */
} kinds_Unions;
ACTI_READ_TABLE(kinds_Unions)
{
    value_out->musts = acti_kinds_Shape_vector_of(view, 7);
    value_out->must = acti_kinds_Shape_of(view, 5);
    value_out->shapes = acti_kinds_Shape_vector_of(view, 3);
    value_out->shape = acti_kinds_Shape_of(view, 1);
}
/* kinds_Unions_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_Unions);

/* Vectors with more to them: buffers in a buffer, and wide alignments. */
typedef struct kinds_Vectors {
    acta_uint8_vector inner ACTA_ZERO;
    acta_uint8_vector note ACTA_ZERO; /* required */
    acta_uint8_vector aligned ACTA_ZERO;
    acta_float_vector wide ACTA_ZERO;
    kinds_Entry_vector entries ACTA_ZERO;
} kinds_Vectors;
ACTI_READ_TABLE(kinds_Vectors)
{
    value_out->entries = acti_kinds_Entry_vector_of(view, 4);
    value_out->wide = acta_view_float_vector(view, 3);
    value_out->aligned = acta_view_uint8_vector(view, 2);
    value_out->note = acta_view_uint8_vector(view, 1);
    value_out->inner = acta_view_uint8_vector(view, 0);
}
/* kinds_Vectors_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_Vectors);
/* kinds_Vectors_inner_decode */
ACTA_NESTED(kinds_Vectors, inner, kinds_Circle);
/* kinds_Vectors_note_decode */
ACTA_NESTED(kinds_Vectors, note, kinds_inner_Note);

typedef struct kinds_All {
    kinds_Maybe_ref maybe ACTA_ZERO;
    kinds_Structs_ref structs ACTA_ZERO;
    kinds_Enums_ref enums ACTA_ZERO;
    kinds_Included_ref included ACTA_ZERO;
    kinds_All_vector alls ACTA_ZERO;
    kinds_Unions_ref unions ACTA_ZERO;
    kinds_Vectors_ref vectors ACTA_ZERO;
} kinds_All;
ACTI_READ_TABLE(kinds_All)
{
    value_out->vectors = acti_kinds_Vectors_ref_of(view, 6);
    value_out->unions = acti_kinds_Unions_ref_of(view, 5);
    value_out->alls = acti_kinds_All_vector_of(view, 4);
    value_out->included = acti_kinds_Included_ref_of(view, 3);
    value_out->enums = acti_kinds_Enums_ref_of(view, 2);
    value_out->structs = acti_kinds_Structs_ref_of(view, 1);
    value_out->maybe = acti_kinds_Maybe_ref_of(view, 0);
}
/* kinds_All_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_All);

#ifdef __cplusplus
}
#endif

#endif
