#!/bin/sh
# What shells and man know of acta, made of what acta says of itself: its commands, and the --help of each.
#
#     tools/pages/generate.sh bash|zsh|man ACTA >FILE
set -eu
export LC_ALL=C COLUMNS=80
kind=$1 acta=$2

names=$("$acta" 2>&1 | sed -n 's/.*which command? One of: //p' | tr -d ,) || true
[ -n "$names" ] || { echo "$acta tells no commands" >&2; exit 1; }

# command: its options, and the words that its usage has in lower case
words_of() {
    "$acta" "$1" --help | awk -v name="$1" '
        /^(Usage|  or): / {
            for (line = $0; match(line, /--[a-z-]+/); line = substr(line, RSTART + RLENGTH)) print substr(line, RSTART, RLENGTH)
            for (i = 2; i <= NF; i++) if ($i ~ /^[a-z]+$/ && $i != "acta" && $i != name && $i != "or") print $i
        }
        /^ +(-., )?--[a-z]/ { match($0, /--[a-z-]+/); print substr($0, RSTART, RLENGTH) }' | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# Lines "    COMMAND) wanted='WORDS' ;;"
cases() {
    for name in $names; do
        printf "    %s) wanted='%s' ;;\n" "$name" "$(words_of "$name")"
    done
}

bash_completion() {
    cat <<END
# Completion of acta for bash. Made of acta --help.
_acta() {
    local word=\${COMP_WORDS[COMP_CWORD]} wanted=
    if [ "\$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W '$names --help --version' -- "\$word")
        return
    fi
    case \${COMP_WORDS[1]} in
$(cases)
    esac
    mapfile -t COMPREPLY < <(compgen -W "\$wanted" -- "\$word"; [[ \$word == -* ]] || compgen -f -- "\$word")
}
complete -o filenames -F _acta acta
END
}

zsh_completion() {
    cat <<END
#compdef acta
# Completion of acta for zsh. Made of acta --help.
local wanted=
if (( CURRENT == 2 )); then
    compadd -- $names --help --version
    return
fi
case \$words[2] in
$(cases)
esac
[[ \$PREFIX == -* ]] || _files
compadd -- \${=wanted}
END
}

# --help on stdin as a part of a page: usage, words, options, and what stands behind those.
section() {
    awk '
        function plain(line) {
            gsub(/\\/, "\\e", line); gsub(/-/, "\\-", line); gsub(/…/, "\\[u2026]", line)
            return line ~ /^[.\x27]/ ? "\\&" line : line
        }
        function end_block() { if (is_block) print ".fi\n.RE"; is_block = 0 }
        /^(Usage|  or): / {
            sub(/^[^:]*: +/, "")
            print ".br\n" plain($0); next
        }
        NR > 1 && !is_told { print ".PP"; is_told = 1 }
        /^Mandatory or optional arguments/ { is_left_out = 1 }
        is_left_out { if ($0 == "") is_left_out = 0; next }
        /^ +(-., )?--[a-z]/ && /^  / && !/^  acta/ {
            end_block()
            line = $0; sub(/^ +/, "", line)
            at = match(line, /  +/)
            print ".TP\n.B " plain(at ? substr(line, 1, at - 1) : line)
            if (at) print plain(substr(line, at + RLENGTH))
            is_option = 1; next
        }
        is_option && /^                    / { sub(/^ +/, ""); print plain($0); next }
        is_option && $0 != "" { is_option = 0; print ".PP" }
        /^  / && !is_block { print ".RS\n.nf"; is_block = 1 }
        is_block && !/^  / && $0 != "" { end_block() }
        $0 == "" { if (!is_option) print is_block ? "" : ".PP"; next }
        { if (is_block) sub(/^  /, ""); print plain($0) }
        END { end_block() }'
}

man_page() {
    version=$("$acta" --version | sed 's/^acta //')
    printf '.TH ACTA 1 "" "acta %s" "Acta"\n.SH NAME\nacta \\- work on the stores of Acta\n.SH SYNOPSIS\n' "$version"
    "$acta" --help | section
    echo '.SH COMMANDS'
    for name in $names; do
        printf '.SS acta %s\n' "$name"
        "$acta" "$name" --help | section
    done
}

case $kind in
bash) bash_completion ;;
zsh) zsh_completion ;;
man) man_page ;;
*) echo "what is '$kind'? bash, zsh or man" >&2; exit 2 ;;
esac
