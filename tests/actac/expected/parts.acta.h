/*
 * Made by actac from parts.fbs: change that, not this.
 */
#ifndef PARTS_ACTA_H
#define PARTS_ACTA_H

#include "acta/generated.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const acta_schema parts_schema;

/* What a thing may do. */
typedef enum kinds_Ability ACTA_ENUM_TYPE {
    kinds_Ability_fly = 1,
    kinds_Ability_swim = 2,
    kinds_Ability_dig = 128,
} kinds_Ability;
/* kinds_Ability_optional */
ACTA_OPTIONAL(kinds_Ability);
const char *kinds_Ability_name(kinds_Ability value); /* as in the schema; "unknown" for any other */

/* As wide as enums become: a number with named values. */
typedef uint64_t kinds_Mask;
#define kinds_Mask_first  UINT64_C(1)
#define kinds_Mask_second UINT64_C(2)
#define kinds_Mask_last   UINT64_C(9223372036854775808)
/* kinds_Mask_optional */
ACTA_OPTIONAL(kinds_Mask);
const char *kinds_Mask_name(kinds_Mask value); /* as in the schema; "unknown" for any other */

typedef int64_t kinds_Offset;
#define kinds_Offset_far_back (-INT64_C(9223372036854775807) - 1)
#define kinds_Offset_back     (-INT64_C(1))
#define kinds_Offset_none     INT64_C(0)
#define kinds_Offset_other    INT64_C(12)
/* As far as it goes. */
#define kinds_Offset_far INT64_C(9223372036854775807)
/* kinds_Offset_optional */
ACTA_OPTIONAL(kinds_Offset);
const char *kinds_Offset_name(kinds_Offset value); /* as in the schema; "unknown" for any other */

typedef enum kinds_Text_type ACTA_ENUM_TYPE {
    kinds_Text_NONE = 0,
    kinds_Text_Label = 1,
    kinds_Text_plain = 2,
} kinds_Text_type;
const char *kinds_Text_type_name(kinds_Text_type value); /* as in the schema; "unknown" for any other */

/* Of each T: T_vector, and T_ref where it is no union. */
ACTA_TABLE_VIEWS(kinds_Point);
ACTA_TABLE_VIEWS(kinds_Label);
ACTA_TABLE_VIEWS(kinds_inner_Deep);
ACTA_TABLE_VIEWS(kinds_inner_Note);
ACTA_UNION_VIEWS(kinds_Text);

/* One of two. */
typedef struct kinds_Text {
    kinds_Text_type type ACTA_ZERO;
    union {
        kinds_Label_ref Label ACTA_ZERO;
        acta_str plain;
    };
} kinds_Text;
/* kinds_Text_union, _vector_at */
ACTA_UNION(kinds_Text, UINT64_C(0x6), UINT64_C(0x4));

typedef struct kinds_Point {
    int32_t x ACTA_ZERO;
    int32_t y ACTA_ZERO;
} kinds_Point;
ACTI_READ_STRUCT(kinds_Point)
{
    value_out->x = acti_load_int32(at + 0);
    value_out->y = acti_load_int32(at + 4);
}
/* kinds_Point_table, _optional, _vector_at, _ref_get */
ACTA_STRUCT(kinds_Point, 8);

/* A struct of another namespace. */
typedef struct kinds_inner_Deep {
    kinds_Ability ability ACTA_ZERO;
    kinds_Point at ACTA_ZERO;
} kinds_inner_Deep;
ACTI_READ_STRUCT(kinds_inner_Deep)
{
    value_out->ability = (kinds_Ability)acti_load_uint8(at + 0);
    acti_read_kinds_Point(at + 4, &value_out->at);
}
/* kinds_inner_Deep_table, _optional, _vector_at, _ref_get */
ACTA_STRUCT(kinds_inner_Deep, 12);

typedef struct kinds_Label {
    acta_str text ACTA_ZERO; /* required, key */
    kinds_Point_optional at ACTA_ZERO;
} kinds_Label;
ACTI_READ_TABLE(kinds_Label)
{
    value_out->at.is_set = acti_kinds_Point_of(view, 1, &value_out->at.value);
    value_out->text = acta_view_str(view, 0);
}
/* kinds_Label_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_Label);
/* kinds_Label_vector_find, _sort */
ACTA_KEYED(kinds_Label, acta_str);

typedef struct kinds_inner_Note {
    acta_str text ACTA_ZERO;
    acta_int16_optional count ACTA_ZERO;
} kinds_inner_Note;
ACTI_READ_TABLE(kinds_inner_Note)
{
    ACTI_READ_OPTIONAL(value_out->count, 1, acta_view_int16(view, 1, 0));
    value_out->text = acta_view_str(view, 0);
}
/* kinds_inner_Note_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(kinds_inner_Note);

#ifdef __cplusplus
}
#endif

#endif
