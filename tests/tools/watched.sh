#!/bin/sh
# acta tree, queues, stats and top, run as a user would beside a bank that is served on the socket in its directory.
#
#     tests/tools/watched.sh ACTA BANK
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$1 bank=$2
data=$scratch/data
unset ACTA_GATEWAY ACTA_HTTP
# shellcheck source=tests/tools/served_lib.sh
. "$(dirname "$0")/served_lib.sh"

# Each line of JSON is an object: what is printed of one, by a program.
each_is_json() { perl -MJSON::PP -ne 'ref decode_json($_) eq "HASH" or die "no object: $_"' "$1"; }

# A program with two supervisors and two mailboxes that are full, for `answer`.
cat >"$scratch/bodies.pl" <<'END'
sub child {
    my ($id, $pid, $supervises) = @_;
    return qq({"id":"$id","pid":"$pid","state":"running","behaviour":")
        . ($supervises ? q(supervisor","is_supervisor":true}) : q(worker","is_supervisor":false,"queued":17}));
}
sub queues { # messages of the first, and how many handlers it has begun; position of the log
    my ($queued, $handled, $head) = @_;
    return qq({"committer":{"head":$head,"queued_bytes":10,"transactions":$head,"events":$head,"refused":3},)
        . q("actors":{"alive":100000,"with_messages":2,"queued":1000003,"queued_bytes":128000384},"mailboxes":[)
        . q({"pid":"4294967300","name":"mailer\u001b\u009bof the bank","behaviour":"mailer","is_supervisor":false,)
        . qq("state":"running","queued":$queued,"queued_peak":1000001,"queued_max":1000000,"queued_bytes":128000000,"handled":$handled},)
        . q({"pid":"4294967301","name":null,"behaviour":"Account","is_supervisor":false,)
        . q("state":"ready","queued":3,"queued_peak":2000003,"queued_max":10000,"queued_bytes":384,"handled":9}],"handlers":[)
        . q({"name":"accounts","state":"live","passed":7,"behind":0,"in_flight":0,"parked":0,"retries":0},)
        . q({"name":"mails","state":"stalled","passed":2,"behind":12345678901,"in_flight":1,"parked":4,"retries":9,"why":"no server"}]});
}
("/tree?count=1000&from=0" => q({"supervisor":"1","count":4,"children":[)
        . join(",", child("pool", 5, 1), child("gone", 6, 1), child(q(a\u001b), 2, 0)) . q(],"next":3}),
    "/tree?count=1000&from=3" => q({"supervisor":"1","count":4,"children":[) . child("last", 3, 0) . "]}",
    "/tree/5?count=1000&from=0" => q({"supervisor":"5","count":2,"children":[)
        . join(",", child("first", 51, 0), child("second", 52, 0)) . "]}",
    "/actors?count=1000&after=0&behaviour=a%20b" => q({"actors":[{"pid":"1"},{"pid":"2"}],"next":7}),
    "/actors?count=1000&after=7&behaviour=a%20b" => q({"actors":[{"pid":"9"}]}),
    "/queues?by=queued_peak&count=7" => queues(1000000, 5, 7),
    "/queues?count=200&by=queued_peak" => queues(1000000, 16, 7),
    "/queues?count=200&by=queued" => [queues(1000000, 16777215, 7), queues(1000000, 15, 107)],
    404 => q({"detail":"there is no actor of this pid"}))
END

# Below each supervisor what is its, but for one that has ended meanwhile.
a_deep_tree_is_shown() {
    cat >"$scratch/expected" <<'END'
ID                              STATE      QUEUED          PID BEHAVIOUR
pool                            running         -            5 supervisor
 first                          running        17           51 worker
 second                         running        17           52 worker
gone                            running         -            6 supervisor
a?                              running        17            2 worker
last                            running        17            3 worker
END
    answer 4 && "$acta" tree "$scratch/fake" >"$scratch/said" && wait $! && diff "$scratch/expected" "$scratch/said" &&
        answer 4 && says 0 '{"supervisor":"5","depth":1,"id":"second","pid":"52",' "$acta" tree "$scratch/fake" --json &&
        wait $! && each_is_json "$scratch/said" && [ "$(wc -l <"$scratch/said")" -eq 6 ]
}

the_first_of_each_supervisor_are_shown() {
    cat >"$scratch/expected" <<'END'
pool                            running         -            5 supervisor
 first                          running        17           51 worker
 … and 1 more
… and 3 more
END
    answer 2 && "$acta" tree "$scratch/fake" --count 1 >"$scratch/said" && wait $! &&
        sed 1d "$scratch/said" | diff "$scratch/expected" - &&
        answer 1 && says 0 'second' "$acta" tree "$scratch/fake" 5 && wait $! &&
        answer 1 && says 1 'acta: there is no actor of this pid' "$acta" tree "$scratch/fake" 9 && wait $!
}

the_tree_is_shown() {
    says 0 'ID                              STATE      QUEUED          PID BEHAVIOUR' "$acta" tree "$data" &&
        grep -qE '^accounts +running +[0-9]+ +[0-9]+ reader$' "$scratch/said" &&
        fits "$acta" tree "$data" &&
        says 0 '"depth":0,"id":"accounts","pid":"' "$acta" tree "$data" --json && each_is_json "$scratch/said"
}

actors_are_listed() {
    says 0 '         PID NAME          BEHAVIOUR    STATE      QUEUED    PEAK     BYTES' "$acta" actors "$data" &&
        fits "$acta" actors "$data" &&
        says 0 'acta: there are more; --count N shows so many' "$acta" actors "$data" --count 2 &&
        [ "$(wc -l <"$scratch/said")" -eq 4 ] &&
        "$acta" actors "$data" --json >"$scratch/said" && each_is_json "$scratch/said" &&
        [ "$(wc -l <"$scratch/said")" -gt 4 ] &&
        says 0 '"behaviour":"reader"' "$acta" actors "$data" --behaviour reader --json &&
        ! grep -v '"behaviour":"reader"' "$scratch/said"
}

# More than a page: 1,000 are asked for at once.
pages_of_actors_are_joined() {
    answer 2
    "$acta" actors "$scratch/fake" --behaviour 'a b' --json >"$scratch/said" && wait $! &&
        [ "$(tr -d '\n' <"$scratch/said")" = '{"pid":"1"}{"pid":"2"}{"pid":"9"}' ]
}

what_waits_is_shown() {
    says 0 'HANDLER                    STATE          BEHIND IN FLIGHT  PARKED RETRIES' "$acta" queues "$data" &&
        grep -qE '^committer  0 bytes wait, the log is at 2, 0 refused$' "$scratch/said" &&
        grep -qE '^actors     [0-9]+, of which [0-9]+ have messages: [0-9]+ with [0-9]+ bytes$' "$scratch/said" &&
        grep -qE '^accounts +live +0 +0 +0 +0$' "$scratch/said" &&
        fits "$acta" queues "$data" --by peak &&
        says 0 '{"committer":{"head":2,' "$acta" queues "$data" --by bytes --count 3 --json &&
        each_is_json "$scratch/said" &&
        grep -q '^{"actors":{"alive":' "$scratch/said" &&
        grep -q '^{"handler":{"name":"accounts","state":"live",' "$scratch/said"
}

longest_mailboxes_are_shown() {
    answer 1 && fits "$acta" queues "$scratch/fake" --by peak --count 7 && wait $! &&
        grep -qE '^  4294967300 mailer\?\?of t… mailer       running   1000000 1000001 128000000$' "$scratch/said" &&
        grep -qE '^  4294967301 -             Account      ready           3 2000003       384$' "$scratch/said" &&
        grep -q '^actors     100000, of which 2 have messages: 1000003 with 128000384 bytes$' "$scratch/said" &&
        grep -qE '^mails +stalled +12345678901 +1 +4 +9$' "$scratch/said" && grep -qx '    no server' "$scratch/said"
}

# file: what is on a terminal of 24 lines of 80 characters, a VT100, behind what a program has written to it.
screen() {
    perl -e '
        my (@screen, $line, $column) = ((" " x 80) x 24);
        my ($top, $bottom) = (0, 23); # what scrolls
        ($line, $column) = (0, 0);
        local $/;
        open my $file, "<", $ARGV[0] or die;
        $_ = <$file>;
        s/^Script started[^\n]*\n//; s/\nScript done[^\n]*\n\z//;
        s/\e\[\??[\d;]*[hlm]|\e[()][A-Z0]|\e[=>]|[\x0e\x0f\0]//g; # no drawing
        while (/\G(?:\e\[(\d*)(?:;(\d*))?([A-Zr])|(.))/gs) {
            my ($n, $m, $what, $c) = ($1, $2, $3, $4);
            if (!defined $what) {
                if ($c eq "\r") { $column = 0 }
                elsif ($c eq "\n" && $line == $bottom) { splice @screen, $top, 1; splice @screen, $bottom, 0, " " x 80 }
                elsif ($c eq "\n") { $line++ }
                elsif ($c eq "\b") { $column-- }
                else { substr($screen[$line], $column++, 1) = $c }
            }
            elsif ($what eq "H") { $line = ($n || 1) - 1; $column = ($m || 1) - 1 }
            elsif ($what eq "r") { ($top, $bottom, $line, $column) = (($n || 1) - 1, ($m || 24) - 1, 0, 0) }
            elsif ($what eq "A") { $line -= $n || 1 }
            elsif ($what eq "B") { $line += $n || 1 }
            elsif ($what eq "C") { $column += $n || 1 }
            elsif ($what eq "D") { $column -= $n || 1 }
            elsif ($what eq "K" && !$n) { substr($screen[$line], $column) = " " x (80 - $column) }
            elsif ($what eq "K" && $n == 1) { substr($screen[$line], 0, $column + 1) = " " x ($column + 1) }
            elsif ($what eq "J") { $_ = " " x 80 for @screen[$line + 1 .. 23]; substr($screen[$line], $column) = " " x (80 - $column) }
            else { die "a VT100 would do something at $what" }
        }
        s/ +$//, print "$_\n" for @screen' "$1"
}

# answers keys arguments...: acta top beside a program that answers so often, on such a terminal. The keys are there from the
# beginning; by itself it asks but once a minute. What it has drawn at last is in $scratch/said.
top() {
    count=$1 keys=$2
    shift 2
    answer "$count" &&
        printf %s "$keys" | TERM=vt100 script -qec "stty rows 24 cols 80; '$acta' top '$scratch/fake' --delay 60 $*" "$scratch/drawn" >/dev/null &&
        wait $! && screen "$scratch/drawn" >"$scratch/said"
}

has_line() { grep -qE "^$1\$" "$scratch/said" || { cat "$scratch/said"; echo "no line '$1'"; return 1; }; }

what_waits_is_drawn() {
    top 2 ' q' && [ "$(wc -l <"$scratch/said")" -eq 24 ] &&
        has_line 'acta top  .* every 60.00 s   q quits, \? helps' &&
        has_line 'committer  [0-9]+ events/s, [0-9]+ transactions/s; 10 bytes wait; head 107' &&
        has_line 'actors     100000, of which 2 have messages: 1000003 with 128000384 bytes' &&
        has_line 'HANDLER                    STATE           BEHIND   RATE/S IN FLIGHT   PARKED' &&
        has_line 'mails                      stalled      12345678k        0         1        4' &&
        has_line '        PID NAME        BEHAVIOUR    STATE     >QUEUED    PEAK  RATE/S  OLDEST' &&
        has_line ' 4294967300 mailer\?\?of  mailer       running   1000000 1000001 +[0-9]+k? +[0-9.]+s' &&
        has_line ' 4294967301 -           Account      ready           3 2000003       0 +[0-9.]+s' &&
        [ "$(grep -n '^mails' "$scratch/said" | cut -d: -f 1)" -lt "$(grep -n '^accounts' "$scratch/said" | cut -d: -f 1)" ]
}

keys_sort_and_help() {
    top 2 'pq' && has_line '        PID NAME        BEHAVIOUR    STATE      QUEUED   >PEAK  RATE/S  OLDEST' &&
        grep -qF 'by=queued_peak' "$scratch/asked" &&
        [ "$(grep -n '^ 4294967301' "$scratch/said" | cut -d: -f 1)" -lt "$(grep -n '^ 4294967300' "$scratch/said" | cut -d: -f 1)" ] &&
        top 1 '?q' --by oldest && has_line 'l  longest mailboxes first       p  the longest that they were' &&
        top 1 '?xq' --by oldest && has_line '.* STATE      QUEUED    PEAK  RATE/S >OLDEST' &&
        top 1 ' q' && has_line '(no program has|the answer was cut) .*' &&
        has_line ' 4294967300 .*'
}

where_nothing_can_be_drawn_is_told() {
    answer 1 && says 1 'top draws on a terminal, and there is none; acta queues' "$acta" top "$scratch/fake" && wait $! &&
        answer 1 && says 1 "the terminal 'dumb' (TERM) can't be drawn on" env TERM=dumb script -qec "'$acta' top '$scratch/fake'" /dev/null &&
        wait $! && says 1 "there is no directory" "$acta" top "$scratch/nothing"
}

a_store_at_rest_is_told() {
    says 0 'events     2' "$acta" stats "$data" &&
        grep -q '^streams    2$' "$scratch/said" &&
        grep -qE '^oldest     20[0-9-]+T[0-9:.]+Z$' "$scratch/said" &&
        grep -qE '^newest     20[0-9-]+T[0-9:.]+Z$' "$scratch/said" &&
        grep -qE '^mark +1 +[1-9][0-9]*$' "$scratch/said" &&
        grep -qE "^logs +[0-9]+ +$(cat "$data"/*.log | wc -c)\$" "$scratch/said" &&
        ! grep -q '^health' "$scratch/said" &&
        says 0 '{"events":2,"streams":2,"oldest":"20' "$acta" stats "$data" --json &&
        each_is_json "$scratch/said" && [ "$(wc -l <"$scratch/said")" -eq 1 ]
}

a_program_is_told() {
    says 0 'health     ok' "$acta" stats "$data" &&
        grep -q '^events     2$' "$scratch/said" &&
        grep -qE '^acta_store_head +2$' "$scratch/said" &&
        grep -qE '^acta_reader_state\{reader="accounts",acta_reader_state="live"\} +1$' "$scratch/said" &&
        ! grep -q 'acta_reader_state="paused"\|_bucket' "$scratch/said" &&
        says 0 'acta_reader_state="paused"' "$acta" stats "$data" --all &&
        grep -q '_bucket{' "$scratch/said" &&
        says 0 '{"health":{"status":"ok"}}' "$acta" stats "$data" --json && each_is_json "$scratch/said" &&
        grep -qF '{"name":"acta_store_head","labels":{},"value":2}' "$scratch/said" &&
        grep -qF '{"name":"acta_reader_state","labels":{"reader":"accounts","acta_reader_state":"live"},"value":1}' "$scratch/said"
}

wrong_usage_is_told() {
    says 2 'which directory?' "$acta" tree &&
        says 2 "'x' is no pid" "$acta" tree "$data" x &&
        says 2 "'3' is one argument too many" "$acta" tree "$data" 2 3 &&
        says 2 "'0' is no count of children" "$acta" tree "$data" --count 0 &&
        says 2 'which directory?' "$acta" actors &&
        says 2 'which directory?' "$acta" queues &&
        says 2 "--by: 'age' is not length, peak or bytes" "$acta" queues "$data" --by age &&
        says 2 "'b' is one argument too many" "$acta" queues a b &&
        says 1 'count' "$acta" queues "$data" --count 1001 &&
        says 2 'which directory?' "$acta" stats &&
        says 2 "'b' is one argument too many" "$acta" stats a b &&
        says 2 'which directory?' "$acta" top &&
        says 2 "--by: 'age' is not length, peak, bytes, rate or oldest" "$acta" top "$data" --by age &&
        says 2 "--delay: '0' is no number of seconds from 0.25 to 60" "$acta" top "$data" --delay 0
}

nobody_is_told() {
    says 1 "there is no directory '$scratch/nothing'" "$acta" tree "$scratch/nothing" &&
        says 1 "there is no directory '$scratch/nothing'" "$acta" queues "$scratch/nothing" &&
        says 1 "$scratch/nothing" "$acta" stats "$scratch/nothing" &&
        says 1 'no program has' "$acta" tree "$data" &&
        says 1 'no program has' "$acta" queues "$data"
}

check "tree helps" helps tree
check "queues helps" helps queues
check "stats helps" helps stats
check "top helps" helps top
check "actors helps" helps actors
check "pages of actors are joined" pages_of_actors_are_joined
check "a deep tree is shown" a_deep_tree_is_shown
check "the first of each supervisor are shown" the_first_of_each_supervisor_are_shown
check "the longest mailboxes are shown" longest_mailboxes_are_shown
if "$acta" top --help | grep -q 'Keys' && ! "$acta" top --delay 1 "$scratch" 2>&1 | grep -q 'without ncurses'; then
    check "what waits is drawn" what_waits_is_drawn
    check "keys sort, and help" keys_sort_and_help
    check "where nothing can be drawn is told" where_nothing_can_be_drawn_is_told
fi
check "two accounts are opened" "$bank" --data "$data" open anna --balance 7
check "and another one" "$bank" --data "$data" open berta --balance 8
check "a store at rest is told" a_store_at_rest_is_told
check "nobody who serves is told" nobody_is_told
serve
check "the tree is shown" the_tree_is_shown
check "actors are listed" actors_are_listed
check "what waits is shown" what_waits_is_shown
check "a program is told" a_program_is_told
check "wrong usage is told" wrong_usage_is_told
kill -TERM "$served"
check "a bank that was asked ends well" wait "$served"
finish
