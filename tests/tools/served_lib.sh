# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # given and read by who sources this
# What the tests share that run acta beside a program: sourced behind tests/lib.sh, with $acta, $bank and $data.

says() { # status text command...
    wanted=$1 text=$2 status=0
    shift 2
    "$@" >"$scratch/said" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] && grep -qF -- "$text" "$scratch/said" && return 0
    cat "$scratch/said"
    echo "status $status, expected $wanted and '$text'"
    return 1
}

fits() { # command...: no line of what it prints is longer than 80 characters
    "$@" >"$scratch/said" 2>&1 || true
    ! grep -n '.\{81\}' "$scratch/said"
}

serve() {
    : >"$scratch/served"
    "$bank" --data "$data" serve >"$scratch/served" 2>"$scratch/err" &
    served=$!
    for _ in $(seq 100); do
        grep -q 'curl --unix-socket' "$scratch/served" && return
        sleep 0.1
    done
}

helps() { # command
    says 0 "Usage: acta $1" "$acta" "$1" --help &&
        grep -q '^Exit status: 0 done' "$scratch/said" &&
        grep -q "^  acta $1 bank-data" "$scratch/said" &&
        fits "$acta" "$1" --help
}

# count: a program that answers so many requests on $scratch/fake/acta.sock, and notes their first lines in $scratch/asked.
# $scratch/bodies.pl has its answers: a list of paths, with the query or without it, and bodies; a list of bodies is given
# one after the other, the last for good. What isn't there is answered with 404, and the body that stands under 404.
answer() {
    mkdir -p "$scratch/fake"
    perl -MIO::Socket::UNIX -e '
        my ($path, $count, $bodies) = @ARGV;
        my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5) or die "$path: $!";
        my %bodies = do $bodies or die "$bodies: $@";
        for (1 .. $count) {
            my $client = $listener->accept;
            my $line = <$client>;
            my ($whole, $asked) = $line =~ m{^\w+ (([^ ?]+)\S*)};
            while (<$client>) { last if /^\r\n$/ }
            read $client, my $order, 2 if $line =~ /^POST/;
            print $line;
            my $body = $bodies{$whole} // $bodies{$asked};
            my $status = defined $body ? 200 : 404;
            $body //= $bodies{404};
            $body = @$body > 1 ? shift @$body : $$body[0] if ref $body;
            print $client "HTTP/1.1 $status x\r\nContent-Length: ", length $body, "\r\n\r\n", $body;
        }
        unlink $path' "$scratch/fake/acta.sock" "$1" "$scratch/bodies.pl" >"$scratch/asked" &
    for _ in $(seq 100); do
        [ ! -S "$scratch/fake/acta.sock" ] || return 0
        sleep 0.05
    done
    return 1
}
