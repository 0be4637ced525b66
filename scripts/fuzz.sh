#!/bin/bash
# Builds the fuzz targets of test/fuzz and lets each run for a while:
#
#     scripts/fuzz.sh [--replay] [--only NAME] [--jobs N] [SECONDS]
#     scripts/fuzz.sh --merge [--only NAME]
#
# First every input of test/fuzz/corpus is played; --replay does only that.
# Then each target runs for SECONDS (60), N processes at a time. What it finds
# is kept in build-fuzz/found, its corpus, which grows from run to run, in
# build-fuzz/corpus; --merge takes what that has of new coverage into
# test/fuzz/corpus, within limits; inputs there that have a name stay. --only may be given several times. FUZZ_COMPILER names the
# compiler; without a clang that has libFuzzer, gcc plays the inputs. Ends with
# a table and with "fuzz: N passed, N failed", a target being one test; fails
# when one has failed.
set -u
cd "$(dirname "$0")/.."

usage() {
    echo "usage: $0 [--replay | --merge] [--only NAME] [--jobs N] [SECONDS]" >&2
    exit 2
}

seconds=60
jobs=1
replay=
merge=
names=()
while [ $# -gt 0 ]; do
    case $1 in
    --replay) replay=yes ;;
    --merge) merge=yes ;;
    --only)
        [ $# -ge 2 ] && [ -f "test/fuzz/fuzz_${2#fuzz_}.c" ] || usage
        names+=("${2#fuzz_}")
        shift
        ;;
    --jobs)
        [ $# -ge 2 ] && [ "$2" -gt 0 ] 2>/dev/null || usage
        jobs=$2
        shift
        ;;
    '' | *[!0-9]*) usage ;;
    *) seconds=$1 ;;
    esac
    shift
done
if [ ${#names[@]} -eq 0 ]; then
    for source in test/fuzz/fuzz_*.c; do
        name=$(basename "$source" .c)
        names+=("${name#fuzz_}")
    done
fi

has_fuzzer() {
    command -v "$1" >/dev/null &&
        echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void)
            { return 0; }' |
        "$1" -x c -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null
}

compiler=${FUZZ_COMPILER:-clang-14}
fuzzer=1
if ! has_fuzzer "$compiler"; then
    [ -n "${FUZZ_COMPILER:-}" ] || compiler=gcc
    fuzzer=0
    if [ -z "$replay" ]; then
        echo "fuzz: no libFuzzer here (scripts/install-packages fuzz): the" \
            "inputs are only played"
        replay=yes
    fi
fi
top=build-fuzz
place=$top/$(basename "$compiler")

echo "== building with $compiler"
# shellcheck disable=SC2086 # names hold no blanks
if ! make -s -f test/fuzz/build.mk -j"$(nproc)" B="$place" CC="$compiler" \
    FUZZER=$fuzzer ONLY="$(printf 'fuzz_%s ' "${names[@]}")"; then
    echo "fuzz: cannot be built" >&2
    exit 1
fi

# Inputs are ended that take longer than any should.
limits=(-timeout=25 -rss_limit_mb=2048)

# play NAME: the inputs of the repository, each once.
play() {
    local corpus=test/fuzz/corpus/$1 log=$top/log/$1.replay
    local program=$place/bin/fuzz_$1
    if [ "$fuzzer" -eq 1 ]; then
        "$program" "${limits[@]}" -artifact_prefix="$top/found/$1-" \
            "$corpus"/* >"$log" 2>&1
    else
        "$program" "$corpus" >"$log" 2>&1
    fi
}

# search NAME: for SECONDS, from all inputs known.
search() {
    local corpus=$top/corpus/$1 log=$top/log/$1.search dictionary=()
    mkdir -p "$corpus"
    [ ! -f "test/fuzz/$1.dict" ] || dictionary=("-dict=test/fuzz/$1.dict")
    "$place/bin/fuzz_$1" "${limits[@]}" "${dictionary[@]}" -max_len=4096 \
        -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$top/found/$1-" "$corpus" "test/fuzz/corpus/$1" \
        >"$log" 2>&1
}

# Leaves "replay" or "search" in the file of a target that has failed.
run_one() {
    rm -f "$top/log/$1."*
    if ! play "$1"; then
        echo replay >"$top/log/$1.failed"
    elif [ -z "$replay" ] && ! search "$1"; then
        echo search >"$top/log/$1.failed"
    fi
}

count_files() { find "$@" -type f 2>/dev/null | wc -l; }

# What the repository keeps of a target at most.
files_max=300
bytes_max=300000

# merge_one NAME: named inputs, and of those that add coverage some of each
# size, for the small ones are quick and the large ones go deep.
merge_one() {
    local corpus=test/fuzz/corpus/$1 fresh=$top/merged/$1 input
    local hash='.*/[0-9a-f]{40}' rest bytes
    rm -rf "$fresh"
    mkdir -p "$fresh" "$top/corpus/$1"
    "$place/bin/fuzz_$1" "${limits[@]}" -merge=1 -max_len=4096 -verbosity=0 \
        "$fresh" "$corpus" "$top/corpus/$1" >"$top/log/$1.merge" 2>&1 || return
    find "$corpus" -type f -regextype posix-extended -regex "$hash" -delete
    rest=$((files_max - $(count_files "$corpus")))
    bytes=$(find "$corpus" -type f -printf '%s\n' | awk '{ n += $1 }
        END { print n + 0 }')
    find "$fresh" -type f -printf '%s %f\n' | sort -n |
        awk -v rest="$rest" -v bytes="$bytes" -v limit="$bytes_max" '
            { size[NR] = $1; name[NR] = $2 }
            END {
                step = NR > rest ? NR / rest : 1
                for (i = 1; i <= NR; i += step)
                    if (bytes + size[int(i)] <= limit) {
                        bytes += size[int(i)]
                        print name[int(i)]
                    }
            }' |
        while read -r input; do
            cp "$fresh/$input" "$corpus/"
        done
    echo "$1: $(count_files "$corpus") inputs of $(count_files "$fresh")"
}

mkdir -p "$top/log" "$top/found"
if [ -n "$merge" ]; then
    [ "$fuzzer" -eq 1 ] || {
        echo "fuzz: merging needs libFuzzer" >&2
        exit 1
    }
    for name in "${names[@]}"; do
        merge_one "$name" || exit 1
    done
    exit 0
fi
running=0
for name in "${names[@]}"; do
    echo "== $name"
    run_one "$name" &
    running=$((running + 1))
    if [ "$running" -ge "$jobs" ]; then
        wait -n
        running=$((running - 1))
    fi
done
wait

figure() { sed -n "s/^stat::$2: *//p" "$top/log/$1.search" 2>/dev/null; }

# show_failure NAME: the end of the log, and how to see it again.
show_failure() {
    local log input
    log=$top/log/$1.$(cat "$top/log/$1.failed")
    echo "== $1 failed; the end of $log:"
    tail -n 40 "$log"
    input=$(sed -n 's/.*Test unit written to \(.*\)/\1/p' "$log" | tail -n 1)
    if [ -z "$input" ] && [ "$fuzzer" -eq 1 ]; then
        input=$(sed -n 's/^Running: *//p' "$log" | tail -n 1)
    elif [ -z "$input" ]; then
        input=$(grep -a '^test/fuzz/corpus/' "$log" | tail -n 1)
    fi
    echo "again: $place/bin/fuzz_$1 $input"
}

passed=0
failed=0
for name in "${names[@]}"; do
    if [ -f "$top/log/$name.failed" ]; then
        show_failure "$name"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done
printf '\n%-10s %12s %9s %8s %8s %9s\n' target executions exec/s inputs \
    corpus findings
for name in "${names[@]}"; do
    executed=$(figure "$name" number_of_executed_units)
    rate=$(figure "$name" average_exec_per_sec)
    findings=$([ -f "$top/log/$name.failed" ] && echo 1 || echo 0)
    printf '%-10s %12s %9s %8s %8s %9s\n' "$name" "${executed:--}" "${rate:--}" \
        "$(count_files "test/fuzz/corpus/$name")" \
        "$(count_files "$top/corpus/$name")" "$findings"
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
