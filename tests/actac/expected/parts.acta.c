/*
 * Made by actac from parts.fbs: change that, not this.
 */
#include "parts.acta.h"

const char *
kinds_Ability_name(kinds_Ability value)
{
    switch (value) {
    case kinds_Ability_fly:
        return "fly";
    case kinds_Ability_swim:
        return "swim";
    case kinds_Ability_dig:
        return "dig";
    }
    return "unknown";
}

const char *
kinds_Mask_name(kinds_Mask value)
{
    switch (value) {
    case kinds_Mask_first:
        return "first";
    case kinds_Mask_second:
        return "second";
    case kinds_Mask_last:
        return "last";
    }
    return "unknown";
}

const char *
kinds_Offset_name(kinds_Offset value)
{
    switch (value) {
    case kinds_Offset_far_back:
        return "far_back";
    case kinds_Offset_back:
        return "back";
    case kinds_Offset_none:
        return "none";
    case kinds_Offset_other:
        return "other";
    case kinds_Offset_far:
        return "far";
    }
    return "unknown";
}

const char *
kinds_Text_type_name(kinds_Text_type value)
{
    switch (value) {
    case kinds_Text_NONE:
        return "NONE";
    case kinds_Text_Label:
        return "Label";
    case kinds_Text_plain:
        return "plain";
    }
    return "unknown";
}

static const acta_union_member kinds_Text_members[] = {
    { .name = "Label", .number = 1, .table = &kinds_Label_table },
    { .name = "plain", .number = 2 },
};
ACTA_UNION_CODE(kinds_Text, "kinds.Text");

static const acta_field kinds_Point_fields[] = {
    ACTA_MEMBER(kinds_Point, x, 0, INT32, 0, 0),
    ACTA_MEMBER(kinds_Point, y, 4, INT32, 0, 0),
};
const acta_table kinds_Point_table = {
    .name = "kinds.Point",
    ACTA_STRUCT_MEMBERS(kinds_Point, UINT64_C(0xea0dc15a5acf10f3), parts_schema, 8, 4),
};

static const acta_field kinds_Label_fields[] = {
    ACTA_STRING_FIELD(kinds_Label, text, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_OPTIONAL_STRUCT_FIELD(kinds_Label, at, 1, kinds_Point, 0),
};
ACTA_CHECKED_CODE(kinds_Label);
const acta_table kinds_Label_table = {
    .name = "kinds.Label",
    ACTA_TABLE_MEMBERS(kinds_Label, PLAIN, UINT64_C(0xb671e8aff431db6a), parts_schema),
    ACTA_CHECKED_FIELDS(kinds_Label),
};

static const acta_field kinds_inner_Deep_fields[] = {
    ACTA_MEMBER(kinds_inner_Deep, ability, 0, UINT8, ACTA_FIELD_ENUM, 0),
    ACTA_STRUCT_MEMBER(kinds_inner_Deep, at, 4, kinds_Point, 0),
};
const acta_table kinds_inner_Deep_table = {
    .name = "kinds.inner.Deep",
    ACTA_STRUCT_MEMBERS(kinds_inner_Deep, UINT64_C(0x63bb417bb477c793), parts_schema, 12, 4),
};

static const acta_field kinds_inner_Note_fields[] = {
    ACTA_STRING_FIELD(kinds_inner_Note, text, 0, 0),
    ACTA_OPTIONAL_FIELD(kinds_inner_Note, count, 1, INT16, 0),
};
ACTA_CHECKED_CODE(kinds_inner_Note);
const acta_table kinds_inner_Note_table = {
    .name = "kinds.inner.Note",
    ACTA_TABLE_MEMBERS(kinds_inner_Note, PLAIN, UINT64_C(0x70e0cd362d8072f0), parts_schema),
    ACTA_CHECKED_FIELDS(kinds_inner_Note),
};


static const acta_table *const tables[] = {
    &kinds_Label_table,
    &kinds_inner_Note_table,
};

const acta_schema parts_schema = {
    .name = "kinds",
    .binary = { binary, sizeof binary },
    .tables = tables,
    .table_count = 2,
    .hash = UINT64_C(0xac1763d8fb64d473),
};
