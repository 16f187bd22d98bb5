# How many lines each table of NAME.acta.h and NAME.acta.c takes, and how many it may take. Its are its struct, what reads it, its
# functions, its description and its verifier, with all lines that a long name breaks. It may take
#
#     28 lines               so that a table of four fields takes 40 at most, and besides
#     3 a field              its member, how it is read, its description
#     2 a field's function   an index, a reader, an assign, a collection: a comment that names it, and a macro
#     1 a mark, and 3        of a field: personal, tag, redacted, unique, index; and what is around all of a table's
#     3 a case, and 4        of a union that the verifier knows at once; and what is around them
#     1 a kind of table      to which that leads
#     1 a line of comments   of the schema's own, from the second on
#
# Prints each that takes more; at the end "N tables, of four fields and fewer N lines at most".

function argument(line) { sub(/^[^(]*\(/, "", line); sub(/[,)].*/, "", line); return line }

function leave() {
    if (name != "") { took[name] += count; room[name] += more }
    count = more = 0
    name = ""
}

/^$/ { leave(); next }
/^ACTI_QUICK_PART\(/ { name = argument($0) } # stands before others' code
{ count++ }
/^ACTA_(STATE_)?TABLE\(|^ACTA_STRUCT\(/ { name = argument($0); is_table[name] = 1 }
/^const acta_table .*_table = / { name = $3; sub(/_table$/, "", name) }
/^    ACTA_[A-Z_]*(FIELD|MEMBER)\(/ { fields[argument($0)]++ }
/^ACTA_(COLLECTION|FIELD_ASSIGN|FIELD_READER|NESTED|STR_INDEX|NUMBER_INDEX)\(/ { more += 2 }
/^static const acta_mark / { more += 3 }
/^    ACTA_[A-Z]*_?MARK\(/ { more++ }
/^ \* / || /^    (\/| )\* / { more++ }
/^    switch / { more += 4 }
/^    case / { more += 3 }
/^    uint64_t .*_seen = / { more++ }
/^}$/ && is_part { leave() }
{ is_part = (is_part || /^ACTI_QUICK_PART\(/) && !/^}$/ }

END {
    leave()
    for (table in is_table) {
        tables++
        may = 28 + 3 * fields[table] + room[table]
        if (took[table] > may) { print table " takes " took[table] " lines, and may " may; wrong = 1 }
        if (fields[table] <= 4 && room[table] == 0 && took[table] > most) most = took[table]
    }
    print tables + 0 " tables, of four fields and fewer " most + 0 " lines at most"
    exit wrong || tables == 0
}
