#!/bin/sh
# Prints a line for every function longer than 70 lines, every .c file longer
# than 500 (a test: 800) and every line longer than 80 columns; fails when
# there is any.
set -u
cd "$(dirname "$0")/.."

find lib sentinel test -name '*.[ch]' | sort | xargs awk '
    function problem(text) { print text; problems++ }
    function end_of_file() {
        limit = previous ~ /^test/ ? 800 : 500
        if (previous ~ /\.c$/ && lines > limit)
            problem(previous ": " lines " lines; at most " limit)
    }
    FNR == 1 { end_of_file(); previous = FILENAME; start = 0 }
    { lines = FNR }
    length($0) > 80 {
        problem(FILENAME ":" FNR ": " length($0) " columns; at most 80")
    }
    # A body begins with a brace in the first column, after a line that does
    # not define data or a type; its head may span lines.
    /^[A-Za-z_]/ { head = FNR; text = $0 }
    /^\{/ && text !~ /^(struct|union|enum|typedef) [a-z_]+$/ { start = head }
    /^\}/ {
        if (start && FNR - start + 1 > 70)
            problem(FILENAME ":" start ": a function of " FNR - start + 1 \
                " lines; at most 70")
        start = 0
    }
    END {
        end_of_file()
        if (problems) {
            print "check-size: " problems " problems"
            exit 1
        }
        print "check-size: clean"
    }'
