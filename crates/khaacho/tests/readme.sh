#!/usr/bin/env bash
# Runs the commands of README's "Try it with curl" as they stand there, against a running demo: readme.sh URL README
#
# A command that is refused ends it, because curl answers a refusal with its exit code and pipes hand it on. Each list that
# is printed has to say something.
set -euo pipefail
target=$1 readme=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk '/^## /{inside = ($0 == "## Try it with curl")} inside && /^```/{code = ($0 == "```bash"); next} inside && code' "$readme" |
    sed "s|^url=.*|url=$target|" >"$work/commands"
blocks=$(grep -c . "$work/commands")
cd "$work"
bash -euo pipefail commands | tee said
if grep -qx 'null' said; then
    echo 'a command of README says null' >&2
    exit 1
fi
[ "$blocks" -ge 30 ] && [ "$(grep -c . said)" -ge 25 ] && grep -q . line.journal
