#!/bin/sh
# acta backup, backups, restore, repair and keep, run as a user would on a bank: what they make can be opened, and verifies.
#
#     tests/tools/operations.sh ACTA BANK
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$1 bank=$2
data=$scratch/data set=$scratch/set

a_bank() { # three events
    rm -rf "$data" "$set" "$scratch/new" "$scratch/mended"
    "$bank" --data "$data" open alice --balance 100 &&
        "$bank" --data "$data" deposit alice 5 &&
        "$bank" --data "$data" deposit alice 7
}

holds() { # text command...: what the command prints has that text
    text=$1
    shift
    "$@" >"$scratch/said" 2>&1 || { cat "$scratch/said"; return 1; }
    grep -qF -- "$text" "$scratch/said" || { cat "$scratch/said"; echo "there is no '$text' in it"; return 1; }
}

says() { # status text command...
    wanted=$1 text=$2 status=0
    shift 2
    "$@" >"$scratch/said" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] && grep -qF -- "$text" "$scratch/said" && return 0
    cat "$scratch/said"
    echo "status $status, expected $wanted and '$text'"
    return 1
}

backups_are_added_listed_and_restored() {
    a_bank &&
        holds 'backup 1, up to position 3' "$acta" backup "$data" "$set" &&
        "$bank" --data "$data" deposit alice 9 &&
        holds 'backup 2, up to position 4' "$acta" backup "$data" "$set" --keep 5 --check-all &&
        holds 'position 3 ' "$acta" backups "$set" &&
        holds 'position 4 ' "$acta" backups "$set" &&
        holds 'up to position 4' "$acta" restore "$set" "$scratch/new" &&
        holds 'verdict      sound' "$acta" verify "$scratch/new" &&
        holds 'balance   121' "$bank" --data "$scratch/new" show alice
}

a_bank_is_restored_to_a_position() {
    a_bank &&
        "$acta" backup "$data" "$set" &&
        holds 'left out   1 events' "$acta" restore "$set" "$scratch/new" --to-position 2 &&
        holds 'verdict      sound' "$acta" verify "$scratch/new" &&
        holds 'balance   105' "$bank" --data "$scratch/new" show alice &&
        "$bank" --data "$scratch/new" list | grep -q '^alice .* 105' &&
        holds 'alice has 106' "$bank" --data "$scratch/new" deposit alice 1
}

a_bank_is_restored_to_a_time() {
    a_bank &&
        "$acta" backup "$data" "$set" &&
        holds 'up to position 3' "$acta" restore "$set" "$scratch/new" --to-time "$(date -u -d tomorrow +%Y-%m-%dT%H:%M:%SZ)" &&
        rm -r "$scratch/new" &&
        holds 'up to position 0' "$acta" restore "$set" "$scratch/new" --to-time "1970-01-01 00:00:00.5"
}

a_damaged_bank_is_repaired() {
    a_bank &&
        says 1 'is sound: there is nothing to repair' "$acta" repair "$data" &&
        mv "$data/acta.mark" "$scratch/mark" &&
        holds "nothing was made; \`acta repair $data NEW\` makes a sound store in NEW" "$acta" repair "$data" &&
        [ ! -e "$scratch/mended" ] &&
        holds 'position 4 tells of it' "$acta" repair "$data" "$scratch/mended" --who clara --why 'a lost file' &&
        holds 'verdict      sound' "$acta" verify "$scratch/mended" &&
        holds 'who: clara' "$acta" verify "$scratch/mended" &&
        holds 'why: a lost file' "$acta" verify "$scratch/mended" &&
        holds 'kept: positions 1 to 3' "$acta" verify "$scratch/mended" &&
        holds 'balance   112' "$bank" --data "$scratch/mended" show alice
}

copies_of() { # how many copies by stream the bank has, sound as it is
    holds 'verdict      sound' "$acta" verify "$data" >&2 && sed -n 's/^index .* \([0-9]*\) copies of events$/\1/p' "$scratch/said" >"$scratch/copies" &&
        cat "$scratch/copies"
}

a_bank_is_kept_by_stream_and_no_more() {
    a_bank &&
        [ -z "$(copies_of)" ] &&
        says 0 'changed    3 events' "$acta" keep "$data" Account Other &&
        grep -q 'transactions of about 1 MiB are written' "$scratch/said" &&
        [ "$(copies_of)" = 3 ] &&
        says 0 'changed    0 events' "$acta" keep "$data" &&
        "$bank" --data "$data" deposit alice 9 &&
        [ "$(copies_of)" = 4 ] &&
        says 0 'changed    4 events' "$acta" keep "$data" --none &&
        [ -z "$(copies_of)" ] &&
        holds 'balance   121' "$bank" --data "$data" show alice
}

what_cannot_be_kept_is_refused() {
    a_bank &&
        says 1 "'Account-alice' is no category: it has a '-'" "$acta" keep "$data" Account-alice &&
        says 1 'there is no store in' "$acta" keep "$scratch/nothing" Account &&
        says 2 "--none and 'Account': give one of the two" "$acta" keep "$data" Account --none &&
        says 2 'which directory?' "$acta" keep &&
        says 2 "unrecognized option '--nonsense'" "$acta" keep --nonsense &&
        holds 'acta keep bank-data Account' "$acta" keep --help
}

# SEC-08: the list of a backup's files, rewritten: its checksum is right, its names lead elsewhere.
reseal() { # name: in the place of the first file's
    perl -0 -pi -e 's/^file \S+/file $ENV{evil}/m; s/end \S+\n$//;
        my $crc = 0xffffffff;
        for my $byte (unpack "C*", $_) { $crc ^= $byte; $crc = $crc & 1 ? ($crc >> 1) ^ 0x82f63b78 : $crc >> 1 for 1 .. 8 }
        $_ .= sprintf "end %08x\n", $crc ^ 0xffffffff' "$list"
}

names_in_a_backup_lead_nowhere() {
    a_bank && "$acta" backup "$data" "$set" || return 1
    list=$(find "$set" -name acta.backup)
    cp "$list" "$scratch/list"
    echo theirs >"$scratch/theirs"
    same=$(sed -n 's/^file \([^ ]*\) .*/\1/p' "$list" | head -n 1)
    evil=$same reseal && cmp "$list" "$scratch/list" || return 1
    for evil in ../../theirs "$scratch/theirs" .. . .hidden; do
        export evil
        reseal && says 1 "is damaged" "$acta" restore "$set" "$scratch/new" && [ ! -e "$scratch/new" ] || return 1
    done
    unset evil
}

# SEC-08: ids and names are keys, not files.
an_id_is_no_path() {
    a_bank && "$bank" --data "$data" open ../../../evil --balance 1 && "$bank" --data "$data" deposit ../../../evil 5 &&
        holds 'Account-../../../evil' "$acta" streams "$data" &&
        "$acta" backup "$data" "$set" && [ -z "$(find "$scratch" -name '*evil*')" ]
}

# Nobody is left to wonder about the head of an empty table; a program gets no line.
no_stream_is_told() {
    a_bank && says 0 "acta: there is no stream whose name begins with 'Acount-'; --all lists deleted ones" \
        "$acta" streams "$data" --prefix Acount- &&
        [ "$(wc -l <"$scratch/said")" -eq 1 ] &&
        says 0 "there is no stream behind 'zz'" "$acta" streams "$data" --after zz --all &&
        ! grep -q 'lists deleted' "$scratch/said" &&
        "$acta" streams "$data" --prefix Acount- --json >"$scratch/said" 2>&1 && [ ! -s "$scratch/said" ]
}

every_command_helps() {
    for command in verify backup backups restore repair; do
        holds "Usage: acta $command" "$acta" "$command" --help &&
            says 2 'one argument too many' "$acta" "$command" a b c &&
            says 2 "unrecognized option '--nonsense'" "$acta" "$command" --nonsense &&
            says 2 'expected' "$acta" restore a || return 1
    done
}

every_command_is_listed() {
    "$acta" 2>"$scratch/usage" && return 1
    names=$(sed -n 's/.* One of: //p' "$scratch/usage" | tr -d ',')
    [ -n "$names" ] || { cat "$scratch/usage"; return 1; }
    for command in $names; do
        holds "  $command " "$acta" --help || return 1
    done
}

check "backups are added, listed and restored" backups_are_added_listed_and_restored
check "names in a backup lead nowhere" names_in_a_backup_lead_nowhere
check "an id is no path" an_id_is_no_path
check "that there is no stream is told" no_stream_is_told
check "a bank is restored to a position" a_bank_is_restored_to_a_position
check "a bank is restored to a time" a_bank_is_restored_to_a_time
check "a damaged bank is repaired" a_damaged_bank_is_repaired
check "a bank is kept by stream, and no more" a_bank_is_kept_by_stream_and_no_more
check "what cannot be kept is refused" what_cannot_be_kept_is_refused
check "every command helps" every_command_helps
check "every command is listed" every_command_is_listed
finish
