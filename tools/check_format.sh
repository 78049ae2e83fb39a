#!/usr/bin/env bash
# Every source file is as clang-format would write it.
set -euo pipefail
clang-format --version
git ls-files '*.cpp' '*.h' '*.hpp' | xargs clang-format --dry-run -Werror
