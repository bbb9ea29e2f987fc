#!/bin/sh
# SPDX-License-Identifier: MIT
# compare.sh COMMITTED COMMAND...: whether the command prints the committed file.
committed=$1
shift
made=$(mktemp) || exit 1
trap 'rm -f "$made"' EXIT
"$@" >"$made" || exit 1
diff -u "$committed" "$made" && exit 0
echo "out of date; make it anew with"
echo "  $* > $committed"
exit 1
