#!/bin/sh
# Builds the fuzz targets of test/fuzz with clang and lets each run for a while:
# scripts/fuzz.sh [seconds]. What it finds is kept in build-fuzz/<target>/, and
# its corpus, which grows from run to run, in build-fuzz/<target>/corpus.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-60}
clang=${CLANG:-clang-14}
if ! command -v "$clang" >/dev/null; then
    echo "fuzz: $clang is not installed" >&2
    exit 1
fi

for source in test/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    place=build-fuzz/$name
    mkdir -p "$place/corpus"
    echo "== $name"
    "$clang" -std=c17 -D_GNU_SOURCE -g -O1 \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
        -o "$place/$name" "$source" lib/*.c
    "$place/$name" -max_len=4096 -max_total_time="$seconds" \
        -artifact_prefix="$place/" -print_final_stats=1 -verbosity=0 \
        "$place/corpus"
done
echo "fuzz: clean"
