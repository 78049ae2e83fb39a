# Sourced by ./dev: compiles what runs on Apple's systems for arm64-apple-macos14 on this machine, against an SDK that the
# user has, and links a small program. Proves types, declarations and C symbols; not classes, which are found by name when
# the program runs. check_apple --sdk DIR

APPLE_TARGET=arm64-apple-macos14

# The value of a string in an SDK's SDKSettings.json. sdk_setting FILE KEY
sdk_setting() { sed -n "s/.*\"$2\" *: *\"\([^\"]*\)\".*/\1/p; s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$1" | head -1; }

check_apple() {
  local sdk="" clang=${CLANG:-} out=build/check-apple failures=0
  while [ $# -gt 0 ]; do
    case "$1" in
      --sdk) sdk=${2:?--sdk needs a folder} && shift ;;
      *) die "check-apple: unknown option $1 (--sdk DIR)" ;;
    esac
    shift
  done
  [ -n "$sdk" ] || die "check-apple: --sdk DIR names a macOS SDK: the folder that holds System/ and usr/"
  [ -d "$sdk/System/Library/Frameworks/Metal.framework" ] || die "check-apple: $sdk holds no Metal.framework"
  if [ -z "$clang" ]; then
    for clang in clang++-19 clang++; do command -v "$clang" >/dev/null && break; done
  fi
  local metal_cpp
  metal_cpp=$(bash tools/get_metal_cpp.sh)

  local version=unknown
  [ ! -f "$sdk/SDKSettings.json" ] || version=$(sdk_setting "$sdk/SDKSettings.json" Version)
  say "macOS SDK $version, $("$clang" --version | head -1)"
  # -stdlib=libc++ would silently take this machine's headers: the SDK's C++ library is named instead.
  local flags=(-target "$APPLE_TARGET" -isysroot "$sdk" -nostdinc++ -isystem "$sdk/usr/include/c++/v1" -std=c++20 -fblocks -O1
    -Wall -Wextra -Wpedantic -Wconversion -Werror -Wno-pragma-once-outside-header -isystem "$metal_cpp" -isystem "$out/include"
    -Isrc -Iinclude -include tools/check_apple_library.h)
  # Header-only libraries of this machine that the backend may include; /usr/include itself must stay out of sight.
  mkdir -p "$out/include" && ln -sfn /usr/include/fmt "$out/include/fmt"

  # A file that only needs what a newer C++ library has can't be judged by this SDK: it is named, not passed.
  local sources source objects=() unchecked=() object log
  sources=$(git ls-files src/device/metal/mps.hpp 'src/device/metal/*.cpp' include/temper/interop/metal.h)
  for source in $sources; do
    object=$out/$(echo "$source" | tr / _).o
    log=${object%.o}.log
    if "$clang" "${flags[@]}" -x c++ -c "$source" -o "$object" 2>"$log"; then
      echo "  compiled $source"
      case "$source" in *.cpp) objects+=("$object") ;; esac
    elif needs_newer_library "$log" "$sdk"; then
      unchecked+=("$source: $(missing_of "$log")")
    else
      failures=$((failures + 1))
      echo "  FAILED   $source" && sed 's/^/    /' "$log" | head -20
    fi
  done

  if "$clang" "${flags[@]}" -c tools/check_apple_program.cpp -o "$out/program.o" 2>"$out/program.log" &&
    "$clang" -target "$APPLE_TARGET" -isysroot "$sdk" -fuse-ld=lld-19 -mlinker-version=711 "$out/program.o" -lc++ -lobjc \
      -framework Metal -framework MetalPerformanceShaders -framework Foundation -framework CoreGraphics \
      -Wl,-dead_strip_dylibs -o "$out/program" 2>>"$out/program.log"; then
    echo "  linked   $out/program"
    # Only a C function of a framework keeps it: MPSSupportsMTLDevice.
    if ! needs_framework "$out/program" MetalPerformanceShaders; then
      failures=$((failures + 1)) && echo "  FAILED   the program does not load MetalPerformanceShaders"
    fi
  else
    failures=$((failures + 1))
    echo "  FAILED   tools/check_apple_program.cpp" && sed 's/^/    /' "$out/program.log" | head -20
  fi

  say "what this SDK can't tell"
  echo "  classes and selectors are found by name at run time: linking proves none of them; tests/metal/selectors compares"
  echo "  those that macOS 12 declares, temper doctor tries them on a Mac"
  [ "${version%%.*}" = unknown ] || [ "${version%%.*}" -ge 15 ] ||
    echo "  SDK $version is older than macOS 15: its headers know nothing of MTLResidencySet (15.0), and metal-cpp sends those messages unchecked"
  [ "${version%%.*}" = unknown ] || [ "${version%%.*}" -ge 14 ] ||
    echo "  SDK $version is older than the target, macOS 14: deprecations and availability after $version are not seen"
  for source in "${unchecked[@]}"; do echo "  not compiled: $source"; done
  [ $failures = 0 ] || die "check-apple: $failures failures"
  say "done: nothing that this SDK can check is wrong"
}

# Whether every error of a log is about something that a newer libc++ declares. needs_newer_library LOG SDK
needs_newer_library() {
  local missing
  missing=$(missing_of "$1")
  [ -n "$missing" ] && ! grep -qE 'error: ' <(grep 'error: ' "$1" | grep -vE "file not found|in namespace 'std'")
}
missing_of() { grep -oE "'[a-z_]+' file not found|no (member|type|template) named '[a-z_]+' in namespace 'std'" "$1" | sort -u | head -3 | paste -sd';' - | sed 's/;/; /g'; }

# Whether a Mach-O program loads a framework. needs_framework PROGRAM NAME
needs_framework() { grep -aq "/System/Library/Frameworks/$2.framework" "$1"; }
