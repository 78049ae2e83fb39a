#!/usr/bin/env bash
# Installs metalhost into a folder and builds and runs the example and the README's tour against the installed package, as
# a stranger would.
# Usage: METAL_CPP_DIR=... package.sh FOLDER [BUILD]; BUILD: a folder where metalhost is built already.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${METAL_CPP_DIR:?the folder of metal-cpp that holds Metal/}"
mkdir -p "${1:?usage: package.sh FOLDER [BUILD]}"
folder=$(cd "$1" && pwd)
build=${2:-}

rm -rf "$folder/installed"
if [ -z "$build" ]; then
  build=$folder/library
  launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++-19 \
    -DMETALHOST_BUILD_TESTS=OFF "${launcher[@]}"
  cmake --build "$build"
fi
cmake --install "$build" --prefix "$folder/installed"
rm -rf "$folder/example"
cmake -S "$source/example" -B "$folder/example" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++-19 \
  -DCMAKE_PREFIX_PATH="$folder/installed" -DMETAL_CPP_DIR="$METAL_CPP_DIR"
cmake --build "$folder/example"

"$folder/example/least_squares"

# The installed program, away from sources and build.
(cd "$folder" && METALHOST_CACHE="$folder/cache" installed/bin/metalhost lint "$source/example/row_sum.metal")

# The same program with a planted leak must fail, and say where.
planted=$folder/planted
rm -rf "$planted" && mkdir -p "$planted"
cp "$source/example/CMakeLists.txt" "$planted"
sed 's/^  queue->release();$//' "$source/example/least_squares.cpp" >"$planted/least_squares.cpp"
cmake -S "$planted" -B "$planted/build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 \
  -DCMAKE_PREFIX_PATH="$folder/installed" -DMETAL_CPP_DIR="$METAL_CPP_DIR"
cmake --build "$planted/build"
if "$planted/build/least_squares" 2>"$planted/log"; then
  echo "the planted leak was not found" && exit 1
fi
grep 'leak. MTLCommandQueue #.* at least_squares.cpp:' "$planted/log"

# The README's tour, as it stands there: the program, what it is told, and what is left at its end.
tour=$folder/tour
rm -rf "$tour" && mkdir -p "$tour"
block() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } inside && /^```/ { exit } inside' "$source/README.md"; }
block cmake >"$tour/CMakeLists.txt"
block cpp >"$tour/app.cpp"
cmake -S "$tour" -B "$tour/build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_CXX_FLAGS=-gline-tables-only \
  -DCMAKE_PREFIX_PATH="$folder/installed" -DMETAL_CPP_DIR="$METAL_CPP_DIR"
cmake --build "$tour/build"
if "$tour/build/app" 2>"$tour/log"; then
  echo "the tour's program was not stopped" && exit 1
fi
grep -F "$(grep '^metalhost: .open-encoder. ' "$source/README.md")" "$tour/log"
METALHOST_ON_REPORT=print "$tour/build/app" 2>"$tour/log" || true
grep 'leak. MTLCommandQueue #.* at app.cpp:' "$tour/log"
grep 'leak. MTLBuffer #.* at app.cpp:' "$tour/log"
