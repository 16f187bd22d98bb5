/*
 * Made by actac from kinds.fbs: change that, not this.
 */
#ifndef KINDS_ACTA_H
#define KINDS_ACTA_H

#include "acta/generated.h"

/* kinds_Mixed_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Mixed);
/* kinds_Aligned_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Aligned);
/* kinds_Entry_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Entry);
/* kinds_Tiny_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Tiny);
/* kinds_Maybe_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Maybe);
/* kinds_Structs_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Structs);
/* kinds_Enums_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Enums);
/* kinds_Included_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Included);
/* kinds_Circle_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Circle);
/* kinds_Unions_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Unions);
/* kinds_Vectors_vector, _ref */
ACTA_TABLE_VIEWS(kinds_Vectors);
/* kinds_All_vector, _ref */
ACTA_TABLE_VIEWS(kinds_All);
/* kinds_Shape_vector */
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
ACTA_UNION(kinds_Shape);

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
/* kinds_Mixed_table, _optional */
ACTA_STRUCT(kinds_Mixed);
/* kinds_Mixed_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Mixed);

typedef struct kinds_Aligned {
    uint8_t small ACTA_ZERO;
} kinds_Aligned;
/* kinds_Aligned_table, _optional */
ACTA_STRUCT(kinds_Aligned);
/* kinds_Aligned_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Aligned);

typedef struct kinds_Entry {
    uint16_t place ACTA_ZERO; /* key */
    float value ACTA_ZERO;
} kinds_Entry;
/* kinds_Entry_table, _optional */
ACTA_STRUCT(kinds_Entry);
/* kinds_Entry_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Entry);
/* kinds_Entry_vector_find, _sort */
ACTA_KEYED(kinds_Entry, uint16_t);

typedef struct kinds_Tiny {
    uint8_t a ACTA_ZERO;
} kinds_Tiny;
/* kinds_Tiny_table, _optional */
ACTA_STRUCT(kinds_Tiny);
/* kinds_Tiny_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Tiny);

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
/* kinds_Maybe_table, _verify, _decode, _write, _read */
ACTA_TABLE(kinds_Maybe);
/* kinds_Maybe_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Maybe);

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
/* kinds_Structs_table, _verify, _decode, _write, _read */
ACTA_TABLE(kinds_Structs);
/* kinds_Structs_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Structs);

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
/* kinds_Enums_table, _verify, _decode, _write, _read */
ACTA_TABLE(kinds_Enums);
/* kinds_Enums_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Enums);

typedef struct kinds_Included {
    kinds_Label_ref label ACTA_ZERO;
    kinds_Label_vector labels ACTA_ZERO;
    kinds_inner_Note_ref note ACTA_ZERO;
    kinds_inner_Note_vector notes ACTA_ZERO;
    kinds_inner_Deep_vector deeps ACTA_ZERO;
    kinds_Text text ACTA_ZERO;
    kinds_Text_vector texts ACTA_ZERO;
} kinds_Included;
/* kinds_Included_table, _verify, _decode, _write, _read */
ACTA_TABLE(kinds_Included);
/* kinds_Included_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Included);

typedef struct kinds_Circle {
    double radius ACTA_ZERO;
    kinds_Shape inside ACTA_ZERO;
} kinds_Circle;
/* kinds_Circle_table, _verify, _decode, _write, _read */
ACTA_TABLE(kinds_Circle);
/* kinds_Circle_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Circle);

typedef struct kinds_Unions {
    kinds_Shape shape ACTA_ZERO;
    kinds_Shape_vector shapes ACTA_ZERO;
    kinds_Shape must ACTA_ZERO;         /* required */
    kinds_Shape_vector musts ACTA_ZERO; /* required */
} kinds_Unions;
/* kinds_Unions_table, _verify, _decode, _write, _read */
ACTA_TABLE(kinds_Unions);
/* kinds_Unions_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Unions);

/* Vectors with more to them: buffers in a buffer, and wide alignments. */
typedef struct kinds_Vectors {
    acta_uint8_vector inner ACTA_ZERO;
    acta_uint8_vector note ACTA_ZERO; /* required */
    acta_uint8_vector aligned ACTA_ZERO;
    acta_float_vector wide ACTA_ZERO;
    kinds_Entry_vector entries ACTA_ZERO;
} kinds_Vectors;
/* kinds_Vectors_table, _verify, _decode, _write, _read */
ACTA_TABLE(kinds_Vectors);
/* kinds_Vectors_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_Vectors);
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
/* kinds_All_table, _verify, _decode, _write, _read */
ACTA_TABLE(kinds_All);
/* kinds_All_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(kinds_All);

#ifdef __cplusplus
}
#endif

#endif
