# The messages of actac, from its source: what is given to error_at, and what goes to stderr; one a line, as an extended
# regular expression.
#
#     cat tools/actac/*.c | awk -f tests/actac/messages.awk
function take_text(    message, piece) { # the string that the source goes on with, of one or several pieces
    message = ""
    while (match(source, /^("([^"\\]|\\.)*"|PRI[a-zA-Z0-9]+|[ \n]+)/)) {
        piece = substr(source, 1, RLENGTH)
        source = substr(source, RLENGTH + 1)
        if (piece ~ /^"/) message = message substr(piece, 2, length(piece) - 2)
        else if (piece ~ /^PRI/) message = message "d"
    }
    return message
}

function as_expression(message) {
    gsub(/\\n/, "", message)
    gsub(/\\"/, "\"", message)
    gsub(/[][().*+?{}|^$]/, "[&]", message)
    gsub(/\[\^\]/, "\\^", message)
    gsub(/%([[][.][]][0-9[][^a-z]*|[0-9]*)[a-z]+/, ".*", message)
    return message
}

{ source = source $0 "\n" }
END {
    while (match(source, /error_at\([^;"]*"|(fprintf|fputs)\((stderr, )?"/)) {
        call = substr(source, RSTART, RLENGTH)
        source = substr(source, RSTART + RLENGTH - 1)
        message = take_text()
        while (source ~ /^\)/ && match(source, /^[^;"]*"/)) { # that was an attribute's name, which tells the place
            source = substr(source, RLENGTH)
            message = take_text()
        }
        is_said = call ~ /error_at|stderr/ || source ~ /^, stderr/
        if (is_said && message !~ /^%s:%u:%u: %s/) print as_expression(message)
    }
}
