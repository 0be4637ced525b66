#!/bin/bash
# Runs seeds of the simulator, several processes at a time; a failing seed
# prints how to replay it.
#
#     scripts/swarm.sh <program> <first seed> <number of seeds> <jobs>
set -u

[ $# -eq 4 ] || { echo "usage: $0 <program> <from> <seeds> <jobs>" >&2; exit 2; }
program=$1 from=$2 seeds=$3 jobs=$4

processes=()
next=$from
for ((job = 0; job < jobs; job++)); do
    share=$(((seeds * (job + 1)) / jobs - (seeds * job) / jobs))
    [ "$share" -gt 0 ] || continue
    "$program" --from "$next" --seeds "$share" &
    processes+=($!)
    next=$((next + share))
done
trap 'kill "${processes[@]}" 2>/dev/null; exit 130' INT TERM

failed=0
for process in "${processes[@]}"; do
    wait "$process" || failed=$((failed + 1))
done
[ "$failed" -eq 0 ] || { echo "swarm: seeds failed"; exit 1; }
echo "swarm: $seeds seeds from $from passed"
