#!/bin/sh
# Prints a line for every option of lib/option.c and every directive of the
# daemon's tables that etc/sentinel.conf does not show; fails when there is
# any. Commented examples count.
set -u
cd "$(dirname "$0")/.."

example=etc/sentinel.conf
problems=0
problem() {
    echo "$*"
    problems=$((problems + 1))
}

[ -e "$example" ] || { echo "check-options: there is no $example"; exit 1; }

# One row of the table of options begins with .name = "...".
options=$(sed -nE 's/.*\.name = "([a-z-]+)".*/\1/p' lib/option.c)
[ -n "$options" ] || problem "lib/option.c: no options found"
for option in $options; do
    # The quorum stands in the monitor line.
    [ "$option" = quorum ] && option=monitor
    grep -qE "^#? ?sentinel $option " "$example" ||
        problem "$example: sentinel $option is missing"
done

# What can be said of the process: rows such as NUMBER("port", ...).
directives=$(sed -nE 's/^ *(NUMBER|TEXT|BOOL|VALUE|WORDS)\("([a-z-]+)".*/\2/p' \
    sentinel/config*.c)
[ -n "$directives" ] || problem "sentinel/config*.c: no directives found"
for directive in $directives; do
    grep -qE "^#? ?$directive( |\$)" "$example" ||
        problem "$example: $directive is missing"
done

# SENTINEL lines that concern the process.
for option in myid announce-ip announce-port deny-scripts-reconfig \
    resolve-hostnames announce-hostnames sentinel-user sentinel-pass; do
    [ "$option" = myid ] && continue # written by the daemon alone
    grep -qE "^#? ?sentinel $option " "$example" ||
        problem "$example: sentinel $option is missing"
done

[ "$problems" -eq 0 ] || { echo "check-options: $problems problems"; exit 1; }
echo "check-options: clean"
