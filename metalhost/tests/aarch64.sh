#!/usr/bin/env bash
# Cross-compiles the runtime and its tests for aarch64 and runs them under qemu-user.
# Usage: METAL_CPP_DIR=... aarch64.sh FOLDER [gtest arguments]. Debian packages: qemu-user libc6-dev-arm64-cross
# libstdc++-12-dev-arm64-cross libgcc-12-dev-arm64-cross binutils-aarch64-linux-gnu googletest libfmt-dev.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${METAL_CPP_DIR:?the folder of metal-cpp that holds Metal/}"
mkdir -p "${1:?usage: aarch64.sh FOLDER}"
folder=$(cd "$1" && pwd)
shift
for tool in clang++-19 qemu-aarch64 aarch64-linux-gnu-ld; do
  command -v $tool >/dev/null || { echo "SKIP aarch64: $tool is not installed"; exit 0; }
done

# The host's libraries are of no use: fmt as a header, googletest from its sources, libbacktrace from the cross GCC.
mkdir -p "$folder/include" "$folder/objects"
cp -rf /usr/include/fmt "$folder/include/"
gcc=$(ls -d /usr/lib/gcc-cross/aarch64-linux-gnu/* | tail -1)
cp -f "$gcc/include/backtrace.h" "$folder/include/"

compiler=(clang++-19 --target=aarch64-linux-gnu)
command -v ccache >/dev/null && compiler=(ccache "${compiler[@]}")
flags=(-std=c++20 -O1 -gline-tables-only -fblocks -DFMT_HEADER_ONLY -DMETALHOST_HAS_BACKTRACE=1
  -DMETALHOST_FACTS="\"$source/facts\"" -DMETALHOST_TESTS="\"$source/tests\"" -DGTEST_HAS_PTHREAD=1
  "-I$source" "-I$source/include" "-I$source/shim" "-I$source/tests" -isystem "$folder/include" -isystem "$METAL_CPP_DIR"
  -isystem /usr/src/googletest/googletest/include -isystem /usr/src/googletest/googletest)

mapfile -t files < <(find "$source"/runtime "$source"/tests/{support,objc,metal,contracts,facts} -name '*.cpp'
  echo /usr/src/googletest/googletest/src/gtest-all.cc
  echo /usr/src/googletest/googletest/src/gtest_main.cc)
objects=()
commands=$folder/commands
: >"$commands"
for file in "${files[@]}"; do
  object=$folder/objects/$(echo "${file#"$source"/}" | tr / _).o
  objects+=("$object")
  printf '%q ' "${compiler[@]}" "${flags[@]}" -c "$file" -o "$object" >>"$commands"
  printf '\n' >>"$commands"
done
xargs -P "${JOBS:-$(nproc)}" -d '\n' -I{} bash -c '{}' <"$commands"
"${compiler[@]}" "${objects[@]}" "$gcc/libbacktrace.a" -o "$folder/tests" -lpthread
# Death tests start the program anew, which the host's kernel can't.
exec qemu-aarch64 -L /usr/aarch64-linux-gnu "$folder/tests" --gtest_filter='-*DeathTest.*' "$@"
