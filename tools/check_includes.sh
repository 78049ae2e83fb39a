#!/usr/bin/env bash
# Includes go one way: a folder of src/ may include only itself and the folders below it (the arrows of src/README.md).
# Objective-C and metal-cpp stay where docs/metal/safety.md accounts for them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Each folder with the folders whose headers it may include beside its own and include/temper.
allowed() {
  case "$1" in
    base) echo "" ;;
    tensor) echo "base" ;;
    io | text) echo "base tensor" ;;
    text/jinja) echo "base" ;;
    device | device/op_specs) echo "base tensor device device/op_specs" ;;
    device/cpu | device/cpu/kernels) echo "base tensor device device/op_specs device/cpu" ;;
    # The CPU runs what the placement table gives it.
    device/metal | device/metal/kernels) echo "base tensor device device/op_specs device/metal device/metal/parameters device/cpu" ;;
    # What C++ passes and Metal reads.
    device/metal/parameters) echo "" ;;
    ops) echo "base tensor device device/op_specs" ;;
    conformance) echo "base tensor device ops autograd conformance" ;;
    conformance/records) echo "base tensor device ops autograd conformance" ;;
    autograd) echo "base tensor device ops" ;;
    nn) echo "base tensor device ops autograd" ;;
    models | models/architectures) echo "base tensor device ops autograd nn io text text/jinja models" ;;
    adapter) echo "base tensor device ops autograd nn io text models" ;;
    train/report) echo "base" ;;
    train) echo "base tensor device ops autograd nn io text models adapter train/report" ;;
    generate) echo "base tensor device ops autograd nn io text models adapter" ;;
    bench) echo "base tensor device ops autograd nn io text models adapter train train/report" ;;
    cli) echo "base tensor device ops autograd conformance nn io text text/jinja models adapter train train/report generate bench" ;;
    *) return 1 ;;
  esac
}

status=0
complain() { echo "$1" && status=1; }

while IFS=: read -r file line include; do
  include=${include#*\"} && include=${include%%\"*}
  folder=${file#src/} && folder=${folder%/*}
  if ! permitted=$(allowed "$folder"); then
    complain "$file: the folder src/$folder has no entry in tools/check_includes.sh"
    continue
  fi
  case "$include" in
    temper/*) continue ;;
    ./* | ../*) complain "$file:$line: includes go by full path" ;;
  esac
  [ -e "src/$include" ] || continue
  target=${include%/*}
  [ "$target" = "$folder" ] && continue
  case " $permitted " in *" $target "*) ;; *) complain "$file:$line: src/$folder must not include $include" ;; esac
done < <(git ls-files 'src/*.cpp' 'src/*.h' | xargs grep -nE '^#include "')

while read -r file; do
  if grep -nE '^#include [<"](Metal|MetalPerformanceShaders|cuda|dnnl|hwy)' "$file"; then
    complain "$file: a public header mentions a backend's library"
  fi
  if grep -nE '^#include "(base|tensor|device|ops)/' "$file"; then complain "$file: a public header includes src/"; fi
done < <(git ls-files 'include/*.h')

# Comments may name them. tests/metal also compares metal-cpp with Apple's headers; metalhost implements it.
while IFS=: read -r file line _; do
  complain "$file:$line: Objective-C or metal-cpp outside of the Metal backend (src/device/metal)"
done < <(git ls-files '*.cpp' '*.h' '*.hpp' '*.c' '*.cc' '*.m' '*.mm' '*.in' |
  grep -vE '^(src/device/metal|metalhost|tests/metal|tests/unit/device_metal|tests/mutation)/|^include/temper/interop/metal\.h$|^tools/check_apple_program\.cpp$' |
  xargs grep -nE '^([^/]|/[^/])*(# *(include|import) *<(Metal|MetalPerformanceShaders|Foundation|QuartzCore|objc)/|\b(MTL|NS|MPS)::|\bnamespace +(MTL|NS|MPS)\b|\bobjc_[a-zA-Z]+|\bsel_registerName\b)' /dev/null || true)
exit $status
