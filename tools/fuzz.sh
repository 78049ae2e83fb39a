#!/usr/bin/env bash
# Runs one libFuzzer target from its seeds and from what earlier runs found; a finding is kept in build/fuzz-corpus.
# usage: tools/fuzz.sh build/fuzz/fuzz/fuzz_NAME SECONDS
set -euo pipefail
name=$(basename "$1")
corpus=build/fuzz-corpus/$name
mkdir -p "$corpus"
exec "$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
  -artifact_prefix="$corpus-" "$corpus" "tests/fuzz/seeds/${name#fuzz_}"
