#include "tool/dispatch.h"

#include <fmt/format.h>
#include <metalhost/report.h>
#include <metalhost/runtime.h>
#include <objc/message.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "runtime/foundation/error.h"
#include "runtime/foundation/string.h"
#include "runtime/metal/device.h"
#include "runtime/metal/library.h"
#include "runtime/objc/pool.h"

extern "C" id MTLCreateSystemDefaultDevice();

namespace metalhost::tool {
namespace {

template <class Result, class... Arguments>
Result send(const void* object, const char* selector, Arguments... arguments) {
  using Function = Result (*)(const void*, SEL, Arguments...);
  const SEL name = sel_registerName(selector);
  return shim::checked<Function, Result, Arguments...>(object, name, shim::real_send)(object, name, arguments...);
}

// A strong reference that a message gave.
class Owned {
 public:
  explicit Owned(id object) : object_(object) {}
  ~Owned() { objc_release(object_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Owned(Owned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  id get() const { return object_; }

 private:
  id object_;
};

struct MtlSize {
  uint64_t width, height, depth;
};
MtlSize size_of(const std::array<uint64_t, 3>& extent) {
  return {extent[0], extent[1], extent[2]};
}

std::string text_of_error(id error) {
  return error ? static_cast<Error*>(error)->message() : std::string();
}

Owned constant_values(const std::map<std::string, ConstantValue>& constants) {
  Owned values(send<id>(send<id>(objc_lookUpClass("MTLFunctionConstantValues"), "alloc"), "init"));
  for (const auto& [key, value] : constants) {
    const void* bytes = value.bytes.data();
    if (std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      send<void>(values.get(), "setConstantValue:type:atIndex:", bytes, value.data_type,
                 uint64_t{std::strtoull(key.c_str(), nullptr, 10)});
    } else {
      const auto name = make_string(key);
      send<void>(values.get(), "setConstantValue:type:withName:", bytes, value.data_type, static_cast<id>(name.get()));
    }
  }
  return values;
}

void collect_reports(std::vector<std::string>& problems) {
  for (const Report& report : take_reports()) {
    const std::string at = report.site.empty() ? "" : report.site + ": ";
    problems.push_back(fmt::format("{}[{}] {}", at, report.rule, report.detail));
  }
}

void check_constant_names(const msl::Object& object, const DispatchSpec& spec) {
  for (const auto& [key, value] : spec.constants) {
    const auto constants = object.constants();
    const bool is_known = std::any_of(constants.begin(), constants.end(), [&key = key](const auto* constant) {
      return key == constant->name || key == std::to_string(constant->index);
    });
    if (!is_known) throw UsageError(fmt::format("--constant {}: there is no such function constant", key));
  }
}

void check_kernel(const msl::Object& object, const DispatchSpec& spec) {
  const msl::KernelEntry* kernel = object.find(spec.kernel);
  if (!kernel) {
    std::string names;
    for (const auto* other : object.kernels()) names += std::string(names.empty() ? "" : ", ") + other->name;
    throw UsageError(fmt::format("--kernel {}: there is none of that name; there are: {}", spec.kernel, names));
  }
  for (const auto& [index, array] : spec.buffers) {
    bool is_used = false;
    for (int i = 0; i < kernel->argument_count; ++i) {
      const msl::Argument& argument = kernel->arguments[i];
      is_used |= argument.kind == msl::ArgumentKind::buffer && static_cast<uint64_t>(argument.index) == index;
    }
    if (!is_used)
      throw UsageError(fmt::format("--buffer {}: kernel '{}' has no [[buffer({})]]", index, spec.kernel, index));
    if (array.bytes.empty()) throw UsageError(fmt::format("--buffer {}: a buffer has at least one byte", index));
  }
}

}  // namespace

std::string Device::name() const {
  return "the emulated " + devices().front()->profile.name;
}

DispatchResult Device::run(const DispatchSpec& spec, const std::string& schedule) {
  check_kernel(*object_, spec);
  check_constant_names(*object_, spec);
  setenv("METALHOST_SCHEDULE", schedule.c_str(), 1);
  set_on_report(OnReport::collect);
  set_leak_check_at_exit(false);
  DispatchResult result;
  const Owned device(MTLCreateSystemDefaultDevice());
  const PoolScope pool;
  const auto library = new_library_from_object(*devices().front(), object_);
  id error = nullptr;
  const auto name = make_string(spec.kernel);
  const Owned values = constant_values(spec.constants);
  const Owned function(send<id>(library.get(), "newFunctionWithName:constantValues:error:", static_cast<id>(name.get()),
                                values.get(), &error));
  collect_reports(result.problems);
  if (!function.get()) {
    if (result.problems.empty()) result.problems.push_back(text_of_error(error));
    return result;
  }
  const Owned pipeline(send<id>(device.get(), "newComputePipelineStateWithFunction:error:", function.get(), &error));
  const Owned queue(send<id>(device.get(), "newCommandQueue"));
  const id commands = send<id>(queue.get(), "commandBuffer");
  const id encoder = send<id>(commands, "computeCommandEncoder");
  send<void>(encoder, "setComputePipelineState:", pipeline.get());
  std::map<uint64_t, Owned> buffers;
  for (const auto& [index, array] : spec.buffers) {
    const void* bytes = array.bytes.data();
    Owned buffer(
        send<id>(device.get(), "newBufferWithBytes:length:options:", bytes, uint64_t{array.bytes.size()}, uint64_t{0}));
    send<void>(encoder, "setBuffer:offset:atIndex:", buffer.get(), uint64_t{0}, uint64_t{index});
    buffers.emplace(index, std::move(buffer));
  }
  for (const auto& [index, bytes] : spec.threadgroup_bytes) {
    send<void>(encoder, "setThreadgroupMemoryLength:atIndex:", uint64_t{bytes}, uint64_t{index});
  }
  send<void>(encoder, "dispatchThreads:threadsPerThreadgroup:", size_of(spec.grid), size_of(spec.threads));
  send<void>(encoder, "endEncoding");
  send<void>(commands, "commit");
  send<void>(commands, "waitUntilCompleted");
  collect_reports(result.problems);
  if (const id failure = send<id>(commands, "error")) result.problems.push_back(text_of_error(failure));
  result.buffers = spec.buffers;
  for (auto& [index, array] : result.buffers) {
    std::memcpy(array.bytes.data(), send<void*>(buffers.at(index).get(), "contents"), array.bytes.size());
  }
  return result;
}

}  // namespace metalhost::tool
