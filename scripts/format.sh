#!/bin/sh
# Formats all C files (--fix), or prints those that are not formatted and
# fails (--check). The formatter is pinned: other versions format otherwise.
set -u
cd "$(dirname "$0")/.."

formatter=${CLANG_FORMAT:-clang-format-14}
if ! command -v "$formatter" >/dev/null; then
    echo "format: $formatter is not installed, nothing is checked"
    exit 0
fi

files=$(find lib sentinel test -name '*.[ch]' | sort)
case ${1:-} in
--fix) exec "$formatter" -i $files ;;
--check) ;;
*)
    echo "usage: $0 --check | --fix" >&2
    exit 2
    ;;
esac

problems=0
for file in $files; do
    if ! "$formatter" --dry-run -Werror "$file" >/dev/null 2>&1; then
        echo "$file: not formatted; scripts/format.sh --fix does it"
        problems=$((problems + 1))
    fi
done
[ "$problems" -eq 0 ] || { echo "format: $problems problems"; exit 1; }
echo "format: clean"
