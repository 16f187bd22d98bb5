#!/bin/bash
# The rows of `bench actors` as one more peer of a comparison of actor runtimes.
#
#   PEERS_DIR  the folder of the comparison: common.sh, run-all.sh, table.sh, and a folder with a run.sh for each peer.
#              Link this folder into it, and it joins:
#                ln -s "$PWD/bench/peer" "$PEERS_DIR/acta"
#                PEERS_DIR=$PEERS_DIR PEERS="limits go erlang acta" "$PEERS_DIR/run-all.sh"
#   THREADS    workers, one conf each (default: 1 2)
#   ACTA_BENCH the program, if it is built already (default: what ./dev bench builds)
# RUNS, ONLY, CPU_LOCK, RAW, WAIT as described in common.sh.
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
. "${PEERS_DIR:?the folder with common.sh}/common.sh"
if [ -z "${ACTA_BENCH:-}" ]; then
    (cd "$root" && ./dev bench actors --help) >/dev/null || exit 1
    ACTA_BENCH=$root/build/bench/actors
fi
for t in ${THREADS:-1 2}; do
    for b in pingpong fanin big ring spawn spawn_window idle call call_queued busy publish publish_sends timers wakeups; do
        rep acta "t$t" $b "$ACTA_BENCH" --threads "$t" $b
    done
done
