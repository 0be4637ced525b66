#!/bin/sh
# Prints the objects that a unit test links, as its first comment names them:
#     /* links: lib/xalloc.o sentinel/resp.o */
# `lib/*.o` stands for all objects of that directory.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 test/unit/test_<module>.c" >&2; exit 2; }

case $(head -n 1 "$1") in
'/* links:'*) ;;
*)
    echo "$1:1: the first line must be a comment /* links: <objects> */" >&2
    exit 1
    ;;
esac

for object in $(sed '/\*\//q' "$1" | grep -oE '(lib|sentinel)/[a-z0-9_*]+\.o')
do
    case $object in
    *'*'*)
        for source in ${object%.o}.c; do
            echo "${source%.c}.o"
        done
        ;;
    *) echo "$object" ;;
    esac
done | sort -u
