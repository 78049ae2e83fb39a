#!/usr/bin/env bash
# Puts metal-cpp, Apple's C++ headers for Metal (Apache-2.0), into build/metal-cpp/mlx/include/metal_cpp and prints that
# path. They come, unpatched, from the PyPI wheel mlx-metal, pinned by version and SHA-256. A second run is instant.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VERSION=0.32.4
SHA256=8019b2db622599267d66cc168b2f0dbf5af929790a6c3b3913e00eabc42a7947
FOLDER=build/metal-cpp
HEADERS=$FOLDER/mlx/include/metal_cpp
STAMP=$FOLDER/$VERSION.stamp

die() { printf 'get_metal_cpp: %s\n' "$*" >&2; exit 1; }
sha256_of() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

if [ ! -f "$STAMP" ]; then
  mkdir -p "$FOLDER"
  download=$(mktemp -d "$FOLDER/download.XXXXXX")
  trap 'rm -rf "$download"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --dest "$download" "mlx-metal==$VERSION" --no-deps \
    --platform macosx_14_0_arm64 --only-binary=:all: --python-version 3.11
  wheel=$(ls "$download"/mlx_metal-*.whl) || die "pip downloaded no wheel of mlx-metal $VERSION"
  [ "$(sha256_of "$wheel")" = "$SHA256" ] || die "$wheel: SHA-256 differs from the pinned one"
  python3 - "$wheel" "$download/unpacked" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if n.startswith("mlx/include/metal_cpp/")])
PY
  [ -f "$download/unpacked/mlx/include/metal_cpp/Metal/Metal.hpp" ] || die "the wheel holds no metal-cpp headers"
  rm -rf "$FOLDER/mlx"
  mv "$download/unpacked/mlx" "$FOLDER/mlx"
  touch "$STAMP"
fi
printf '%s\n' "$PWD/$HEADERS"
