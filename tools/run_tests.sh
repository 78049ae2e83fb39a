# Sourced by ./dev: builds and runs the tests, and ends with one line "N passed, N failed, N skipped".
# (${array[@]+"${array[@]}"} because macOS's bash 3.2 calls an empty array unset.)
passed=0 failed=0 skipped=0
failures=()
BUDGET_SECONDS=${BUDGET_SECONDS:-900}  # No program of tests may take longer, however slow the machine.

# Runs a gtest program and shows what it found. run_program NAME COMMAND...
run_program() {
  local name=$1
  log_program "$@"
  report_program "$name"
}

# Its output into a log, its status and seconds beside it. log_program NAME COMMAND...
log_program() {
  local log=build/test-logs/$1.log start=$SECONDS status=0
  shift
  perl tools/within_budget.pl "$BUDGET_SECONDS" "$@" >"$log" 2>&1 || status=$?
  echo "$status $((SECONDS - start))" >"$log.partial" && mv "$log.partial" "$log.status"
}

# Counts the results in a program's log and shows what went wrong.
report_program() {
  local name=$1 log=build/test-logs/$1.log status seconds
  read -r status seconds <"$log.status"
  local ok bad skip
  ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}\.*.*/\1/p' "$log" | tail -1)
  bad=$(grep -c '^\[  FAILED  \] .*(.* ms)$' "$log" || true)
  skip=$(grep -c '^\[  SKIPPED \] .*(.* ms)$' "$log" || true)
  # A program that died before its summary has failed, whatever it counted.
  if [ $status -ne 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  if [ -z "$ok" ] && [ $status -eq 0 ]; then bad=1 && echo "no test ran" >>"$log"; fi
  passed=$((passed + ${ok:-0})) failed=$((failed + bad)) skipped=$((skipped + skip))
  printf '  %-34s %5s passed%s%s  %d s\n' "$name" "${ok:-0}" "$([ "$bad" = 0 ] || echo ", $bad FAILED")" \
    "$([ "$skip" = 0 ] || echo ", $skip skipped")" "$seconds"
  if [ "$bad" != 0 ]; then
    failures+=("$name ($log)")
    grep -E -A12 'Failure$|ERROR: |WARNING: ThreadSanitizer|runtime error|no test ran' "$log" | head -60 | sed 's/^/    /' || tail -20 "$log"
  fi
  # Reasons of skipped tests, once each.
  grep -h -A3 ': Skipped$' "$log" | grep -vE ': Skipped$|^--|^$|^\[' | sort -u | sed 's/^/    SKIP /' || true
}

# A check that is one command: passes or fails. run_check NAME COMMAND...
run_check() {
  local name=$1 log=build/test-logs/$1.log start=$SECONDS
  shift
  if perl tools/within_budget.pl "$BUDGET_SECONDS" "$@" >"$log" 2>&1; then
    if grep -q '^SKIP' "$log"; then
      skipped=$((skipped + 1)) && sed -n 's/^SKIP/    SKIP/p' "$log"
    else
      passed=$((passed + 1))
    fi
    printf '  %-34s ok  %d s\n' "$name" $((SECONDS - start))
  else
    failed=$((failed + 1)) && failures+=("$name ($log)")
    printf '  %-34s FAILED\n' "$name" && tail -30 "$log" | sed 's/^/    /'
  fi
}

# Runs the test programs of a preset whose names match the pattern, one a core at a time, the op suite in as many parts,
# and reports them in their order. run_preset PRESET LABEL REGEX FILTER
run_preset() {
  local preset=$1 label=$2 pattern=$3 filter=$4 program name part parts
  started=() reported=0
  trap 'kill $(jobs -rp) 2>/dev/null; exit 130' INT
  for program in build/"$preset"/tests/test_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    name=$(basename "$program")
    [[ $name =~ $pattern ]] || continue
    local arguments=()
    [ -z "$filter" ] || arguments=(--gtest_filter="*$filter*")
    if [ -n "$filter" ] && [[ $name != *$filter* ]] &&
      ! "$program" --gtest_list_tests ${arguments[@]+"${arguments[@]}"} 2>/dev/null | grep -q '^ '; then continue; fi
    [[ -z $filter || $name != *$filter* ]] || arguments=()
    # Emulated kernels take minutes under ASan; what they touch is the same as in the suite's other properties.
    [ "$preset/$name/$filter" != asan/test_ops/ ] ||
      arguments=(--gtest_filter='-Ops/Repeated.*metal*:Ops/Composite.*metal*')
    # Threads are what TSan looks at: one device profile, and no large products on emulated kernels.
    [ "$preset/$name/$filter" != tsan/test_unit_device_metal/ ] ||
      arguments=(--gtest_filter='-MetalProfiles.AllTests*:MetalOwnProducts.*')
    # Kernels on the emulated device take most of the op suite's time.
    [ "${quick:-0}/$name/$filter" != 1/test_ops/ ] || arguments=(--gtest_filter='-*metal*')
    parts=1
    [ "$name" != test_ops ] || [ -n "$filter" ] || parts=$JOBS
    for ((part = 0; part < parts; ++part)); do
      name=$label-$(basename "$program" | cut -c6-)
      [ "$parts" = 1 ] || name=$name-$((part + 1))of$parts
      while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do sleep 0.1 && report_finished; done
      rm -f "build/test-logs/$name.log.status"
      started+=("$name")
      log_program "$name" env TEMPER_PROGRAM="$PWD/build/$preset/temper" GTEST_TOTAL_SHARDS="$parts" \
        GTEST_SHARD_INDEX="$part" "$program" ${arguments[@]+"${arguments[@]}"} &
    done
  done
  wait
  trap - INT
  report_finished
}

# Reports the programs that have ended, up to the first that hasn't.
report_finished() {
  while [ "$reported" -lt ${#started[@]} ] && [ -f "build/test-logs/${started[$reported]}.log.status" ]; do
    report_program "${started[$reported]}"
    reported=$((reported + 1))
  done
}

run_tests() {
  local quick=0 long=0 filter="" start=$SECONDS
  while [ $# -gt 0 ]; do
    case "$1" in
      --quick) quick=1 ;;
      --long) long=1 ;;
      --filter) filter=${2:?--filter needs a name} && shift ;;
      *) die "test: unknown option $1 (--quick, --filter NAME, --long)" ;;
    esac
    shift
  done
  install_packages "${APT_BUILD[@]}" "${APT_TEST[@]}"
  mkdir -p build/test-logs

  say "checks of the source"
  run_check include-direction bash tools/check_includes.sh
  run_check documents bash tools/check_docs.sh
  run_check format bash tools/check_format.sh

  say "building the tests (release)"
  local targets=(all)
  build release "${targets[@]}"
  say "running"
  local pattern='.*'
  [ $quick = 0 ] || pattern='test_(unit|ops|text2sql).*'
  run_preset release release "$pattern" "$filter"

  if [ $quick = 0 ]; then
    if [ -d build/release/metalhost ]; then
      run_check metalhost-package env METAL_CPP_DIR="$PWD/build/metal-cpp/mlx/include/metal_cpp" \
        bash metalhost/tests/package.sh build/metalhost-package build/release/metalhost
    fi
    say "AddressSanitizer and UndefinedBehaviorSanitizer: unit, op and fault suites"
    build asan sanitized_tests
    run_preset asan asan 'test_(unit|ops|fault|metalhost).*' "$filter"
    say "ThreadSanitizer: everything threaded"
    build tsan threaded_tests
    # Not metalhost_msl: its kernels with planted races are reported, as they should be, and so is the teardown of a
    # threadgroup that was given up at a divergent barrier.
    run_preset tsan tsan \
      'test_(unit_(base|device|ops|autograd|generate|train)|metalhost_(objc|metal|mps|contracts|facts|instrumented)).*' "$filter"
  fi
  if [ $long = 1 ]; then source tools/run_long_tests.sh && run_long_tests; fi

  say "finished in $((SECONDS - start)) s"
  local failure
  for failure in ${failures[@]+"${failures[@]}"}; do echo "FAILED: $failure"; done
  echo "$passed passed, $failed failed, $skipped skipped"
  [ $failed = 0 ]
}
