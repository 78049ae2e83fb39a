#!/usr/bin/env bash
# Every test that docs/metal names (`Suite.Name` or `Suite.Prefix*`) exists, and every rule that safety.md names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

status=0
complain() { echo "$1" && status=1; }
tests=$(git ls-files -co --exclude-standard 'tests/*.cpp' 'metalhost/tests/*.cpp' | xargs sed -nE 's/^TEST(_F|_P)?\((\w+), (\w+)\).*/\2.\3/p')
rules=$(sed -nE 's/^  X\((\w+), ".*/\1/p' metalhost/runtime/checks/rules.h metalhost/runtime/mps/rules.h | tr _ -)

for document in docs/metal/*.md; do
  while IFS= read -r name; do
    case "$name" in *\*) pattern="^${name%\*}" ;; *) pattern="^$name\$" ;; esac
    grep -q -- "${pattern//./\\.}" <<<"$tests" || complain "$document: there is no test $name"
  done < <(grep -oE '`[A-Z][A-Za-z0-9]+\.[A-Z*][A-Za-z0-9]*\*?`' "$document" | tr -d '`')
done

# safety.md names rules of metalhost after the word "rule" or "rules".
while IFS= read -r name; do
  grep -qx -- "$name" <<<"$rules" || complain "docs/metal/safety.md: metalhost has no rule $name"
done < <(tr '\n' ' ' <docs/metal/safety.md | grep -oE '[Rr]ules? `[a-z0-9-]+`(,( and)? +`[a-z0-9-]+`)*' | grep -oE '`[^`]+`' | tr -d '`')
exit $status
