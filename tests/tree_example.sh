#!/bin/sh
# The example loads the tree that stands beside it, alters it while it runs and prints it before and after; what it prints
# can be loaded by it again. With a mistake in the file it says where, and starts nothing.
#
#     tests/tree_example.sh PROGRAM
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cp "$root/examples/tree/tree.yaml" "$scratch"
cd "$scratch"

expected() {
    cat <<'END'
# the tree that was loaded
name: service
strategy: rest_for_one
intensity: 5
period_ms: 10000
children:
  - id: clock # running
    name: clock
    behaviour: ticker
    arguments:
      every_ms: 60000
    restart: permanent
    shutdown: 5000
  - id: workers # running
    restart: permanent
    shutdown: infinity
    supervisor:
      strategy: one_for_one
      intensity: 3
      period_ms: 5000
      children:
        - id: alice # running
          name: alice
          behaviour: greeter
          arguments:
            greeting: "good morning"
          restart: permanent
          shutdown: 5000
        - id: bob # running
          name: bob
          behaviour: greeter
          arguments:
            greeting: hello
            loud: true
          restart: permanent
          shutdown: 1000
# alice says: good morning
# bob says: hello!
# alice was killed, and started again
# alice says: good morning
# carol says: good evening
# the tree with carol, without bob
name: service
strategy: rest_for_one
intensity: 5
period_ms: 10000
children:
  - id: clock # running
    name: clock
    behaviour: ticker
    arguments:
      every_ms: 60000
    restart: permanent
    shutdown: 5000
  - id: workers # running
    restart: permanent
    shutdown: infinity
    supervisor:
      strategy: one_for_one
      intensity: 3
      period_ms: 5000
      children:
        - id: alice # running
          name: alice
          behaviour: greeter
          arguments:
            greeting: "good morning"
          restart: permanent
          shutdown: 5000
        - id: carol # running
          name: carol
          behaviour: greeter
          arguments:
            greeting: "good evening"
          restart: permanent
          shutdown: 5000
# what was printed can be loaded again
END
}

prints_the_tree_before_and_after() {
    "$program" tree.yaml >printed || return 1
    expected >wanted
    diff wanted printed
}

first_dump_is_a_tree() { # its lines without the program's remarks, up to the second dump
    sed -n '2,/^#/p' printed | grep -v '^#' >again.yaml
    [ -s again.yaml ] && "$program" again.yaml >second && diff wanted second
}

mistake_is_told() { # what is replaced, by what, the message
    sed "s/$1/$2/" tree.yaml >wrong.yaml
    if "$program" wrong.yaml >output 2>error; then return 1; fi
    cat error
    [ ! -s output ] && [ "$(cat error)" = "tree: wrong.yaml:$3" ]
}

absence_is_told() {
    if "$program" absent.yaml 2>error; then return 1; fi
    [ "$(cat error)" = "tree: cannot open 'absent.yaml': No such file or directory" ]
}

documented_tree_is_this_file() {
    awk '/^```/ { inside = !inside && $0 == "```yaml"; next } inside' "$root/docs/trees.md" >documented
    diff documented tree.yaml
}

check "the tree in docs/trees.md is the example's" documented_tree_is_this_file
check "the example prints its tree before and after it was altered" prints_the_tree_before_and_after
check "what it prints of the tree is a file that it loads" first_dump_is_a_tree
check "a mistaken strategy is told with its place" mistake_is_told one_for_one one_for_al \
    "14:17: 'one_for_al' is not a strategy; did you mean 'one_for_all'?"
check "an unknown behaviour is told with its place" mistake_is_told ticker tickr \
    "9:16: no behaviour 'tickr' is registered; did you mean 'ticker'?"
check "a missing argument is told with its place" mistake_is_told 'greeting: hello, ' '' \
    "17:64: behaviour 'greeter' needs the argument 'greeting'"
check "a file that is not there is told" absence_is_told
finish
