#!/bin/bash
# Keeps the boundaries between the layers: prints a line for every include or
# symbol that crosses one, and fails when there is any.
#
#     scripts/check-layers.sh [build/libcore.a]
#
# With an archive its undefined symbols are checked as well, which also finds
# what slips in through a harmless header.
set -u
cd "$(dirname "$0")/.."
shopt -s nullglob

problems=0
problem() {
    echo "$*"
    problems=$((problems + 1))
}

# includes FILE...: prints "file:line name", for both kinds of include, the
# name with its <> or "".
includes() {
    [ $# -gt 0 ] || return 0
    grep -nHE '^[[:space:]]*#[[:space:]]*include' "$@" |
        sed -E 's/^([^:]*:[0-9]+):.*include[[:space:]]*(["<][^">]*[">]).*/\1 \2/'
}

# ---- lib/ decides and knows nothing of the outside ----

lib_system='<(assert|ctype|errno|inttypes|std[a-z]*|string|uthash)\.h>'
while read -r where name; do
    case $name in
    '<'*)
        [[ $name =~ ^$lib_system$ ]] ||
            problem "$where: lib/ may not include $name"
        ;;
    *)
        own=${name//\"/}
        [[ $own != */* && -e lib/$own ]] ||
            problem "$where: lib/ may include its own headers only, not $name"
        ;;
    esac
done < <(includes lib/*.[ch])

# ---- each library of the daemon has its place ----

# only LIBRARY INCLUDE-PATTERN FILE-PATTERN: files of sentinel/ whose name,
# up to the first _ or dot, is not in FILE-PATTERN may not include it.
only() {
    local where name file
    while read -r where name; do
        [[ $name =~ $2 ]] || continue
        file=${where%%:*}
        file=${file##*/}
        [[ ${file%%[_.]*} =~ ^($3)$ ]] ||
            problem "$where: only $3 may include $1"
    done < <(includes sentinel/*.[ch])
}

only libuv '<uv(/.*)?\.h>' 'driver|stream|server|script|resolve|store|main'
only hiredis '<hiredis/|<(read|sds|hiredis)\.h>' 'resp'
only OpenSSL '<openssl/' 'tls|password'
only inih '<ini\.h>' 'ini'
only libsystemd '<systemd/' 'daemon'

# The daemon sees the public face of the core and its helpers, not its inside.
# Only it, not the simulator, shares the growing text of lib/text.h.
public='action|core|event|option|state|glob|xalloc'
while read -r where name; do
    [[ $name == '"../lib/'* ]] || continue
    name=${name#\"../lib/}
    [[ ${name%.h\"} =~ ^($public|text)$ ]] ||
        problem "$where: sentinel/ may not see lib/${name%\"}"
done < <(includes sentinel/*.[ch])

# The simulator too; the table of notices tells it what to expect.
while read -r where name; do
    case $name in
    '"../../lib/'*)
        name=${name#\"../../lib/}
        [[ ${name%.h\"} =~ ^($public|notice)$ ]] ||
            problem "$where: test/sim may not see lib/${name%\"}"
        ;;
    '"'*/*) problem "$where: test/sim may not include $name" ;;
    '<uv.h>' | '<hiredis'*) problem "$where: test/sim may not include $name" ;;
    esac
done < <(includes test/sim/*.[ch])

# ---- undefined symbols of the archive ----

# Compiler and sanitizers may add some of their own; fortified and C99/C23
# variants count as the plain function.
normalise() {
    sed -E -e '/^__(asan|ubsan|sanitizer|gcov|stack_chk)/d' \
        -e '/^_GLOBAL_OFFSET_TABLE_$/d' \
        -e 's/^__isoc(99|23)_//' -e 's/^__(.*)_chk$/\1/' | sort -u
}

allowed=" abort bsearch calloc exit fprintf fputs free fwrite malloc memchr
memcmp memcpy memmove memset qsort realloc snprintf stderr strcasecmp strchr
strcmp strcspn strdup strlen strncasecmp strncmp strndup strnlen strpbrk
strrchr strspn strstr strtol strtoll strtoul strtoull tolower toupper
vsnprintf
__assert_fail __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc
__errno_location "
allowed=${allowed//$'\n'/ }

if [ $# -gt 0 ]; then
    nm=${NM:-nm}
    if ! defined=$("$nm" --defined-only -g "$1") ||
        ! undefined=$("$nm" -u "$1"); then
        problem "$1: cannot be read"
    else
        while read -r symbol; do
            case $allowed in
            *" $symbol "*) ;;
            *) problem "$1: lib/ may not call $symbol" ;;
            esac
        done < <(comm -23 \
            <(awk '$1 == "U" { print $2 }' <<<"$undefined" | normalise) \
            <(awk 'NF == 3 { print $3 }' <<<"$defined" | sort -u))
    fi
fi

[ "$problems" -eq 0 ] || { echo "check-layers: $problems problems"; exit 1; }
echo "check-layers: clean"
