#include "runtime/metal/descriptors.h"

#include "runtime/objc/define.h"

namespace metalhost {
namespace {

// A getter and a setter of one member.
template <auto kMember, class T>
void property(ClassBuilder<T>& builder, const char* getter, const char* setter, MacOs since = {}) {
  using Value = std::remove_reference_t<decltype(std::declval<T&>().*kMember)>;
  builder
      .method(
          getter, [](T& self) { return self.*kMember; }, since)
      .method(
          setter, [](T& self, Value value) { self.*kMember = value; }, since);
}

// -copy; written out because objects have no copy constructors.
template <class T, auto... kMembers>
void copying(ClassBuilder<T>& builder) {
  builder.method("copy", [](T& self) {
    auto copy = make<T>();
    ((copy.get()->*kMembers = self.*kMembers), ...);
    return copy;
  });
}

}  // namespace

void register_descriptors() {
  using CB = CommandBufferDescriptor;
  ClassBuilder<CB> command_buffer("MTLCommandBufferDescriptor", root_class(), "C:MTLCommandBufferDescriptor");
  property<&CB::retained_references>(command_buffer, "retainedReferences", "setRetainedReferences:");
  property<&CB::error_options>(command_buffer, "errorOptions", "setErrorOptions:");
  copying<CB, &CB::retained_references, &CB::error_options>(command_buffer);

  using CQ = CommandQueueDescriptor;
  ClassBuilder<CQ> queue("MTLCommandQueueDescriptor", root_class(), "");
  property<&CQ::max_command_buffers>(queue, "maxCommandBufferCount", "setMaxCommandBufferCount:", MacOs{15, 0});
  copying<CQ, &CQ::max_command_buffers>(queue);

  using H = HeapDescriptor;
  ClassBuilder<H> heap("MTLHeapDescriptor", root_class(), "C:MTLHeapDescriptor");
  property<&H::size>(heap, "size", "setSize:");
  property<&H::cache_mode>(heap, "cpuCacheMode", "setCpuCacheMode:");
  property<&H::storage>(heap, "storageMode", "setStorageMode:");
  property<&H::hazards>(heap, "hazardTrackingMode", "setHazardTrackingMode:");
  property<&H::type>(heap, "type", "setType:");
  copying<H, &H::size, &H::cache_mode, &H::storage, &H::hazards, &H::type>(heap);
  heap.method("resourceOptions", [](H& self) { return options_of(self.cache_mode, self.storage, self.hazards); })
      .method("setResourceOptions:", [](H& self, uint64_t options) {
        self.cache_mode = cache_mode_of(options);
        self.storage = storage_mode_of(options);
        self.hazards = hazard_tracking_of(options);
      });

  using O = CompileOptions;
  ClassBuilder<O> options("MTLCompileOptions", root_class(), "C:MTLCompileOptions");
  property<&O::fast_math>(options, "fastMathEnabled", "setFastMathEnabled:");
  property<&O::language_version>(options, "languageVersion", "setLanguageVersion:");
  property<&O::library_type>(options, "libraryType", "setLibraryType:");
  property<&O::preserve_invariance>(options, "preserveInvariance", "setPreserveInvariance:");
  property<&O::math_mode>(options, "mathMode", "setMathMode:", MacOs{15, 0});
  property<&O::math_functions>(options, "mathFloatingPointFunctions", "setMathFloatingPointFunctions:", MacOs{15, 0});
  options.method("preprocessorMacros", [](O& self) { return self.macros.get(); })
      .method("setPreprocessorMacros:", [](O& self, Dictionary* macros) { self.macros = Ref<Dictionary>(macros); });
  copying<O, &O::fast_math, &O::language_version, &O::library_type, &O::preserve_invariance, &O::math_mode,
          &O::math_functions, &O::macros>(options);

  using P = ComputePassDescriptor;
  ClassBuilder<P> compute_pass("MTLComputePassDescriptor", root_class(), "");
  property<&P::dispatch_type>(compute_pass, "dispatchType", "setDispatchType:");
  copying<P, &P::dispatch_type>(compute_pass);
  compute_pass.class_method("computePassDescriptor", [](ObjcClass&) { return make<P>(); });

  using R = ResidencySetDescriptor;
  ClassBuilder<R> residency("MTLResidencySetDescriptor", root_class(), "");
  property<&R::initial_capacity>(residency, "initialCapacity", "setInitialCapacity:", MacOs{15, 0});
  copying<R, &R::label, &R::initial_capacity>(residency);
  residency.method("label", [](R& self) { return make_string(self.label); })
      .method("setLabel:", [](R& self, String* label) { self.label = text_of(label); });
}

}  // namespace metalhost
