#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/record.h"

// What the suite asks of every op, on every device and in every type.
namespace temper::conformance {

/// An op with some inputs in one type on one device.
struct Case {
  DeviceType device = DeviceType::cpu;
  const OpRecord* record = nullptr;
  const Sample* sample = nullptr;
  DType dtype = DType::f32;
};

enum class Property {
  forward,                 ///< the result is the reference's, within the table of tolerances
  strided,                 ///< inputs with offsets, gaps or swapped dimensions give what contiguous ones give
  composite,               ///< the composite of other ops agrees with the kernel
  repeated,                ///< bit for bit the same again, and on any number of threads
  deferred,                ///< bit for bit the same in every order of launches that the barriers allow (CPU)
  gradient,                ///< finite differences in f64
  low_precision_gradient,  ///< the gradient in f64 of the same numbers
};
constexpr std::array kProperties = {Property::forward,
                                    Property::strided,
                                    Property::composite,
                                    Property::repeated,
                                    Property::deferred,
                                    Property::gradient,
                                    Property::low_precision_gradient};
std::string_view name_of(Property property);

/// The records of the suite, made once.
const std::vector<OpRecord>& records();
/// All cases that a device can run.
std::vector<Case> cases_of(DeviceType device);
bool applies(Property property, const Case& c);
/// "output 0, element 3: 1.5 instead of 1.25, allowed error 1e-06"; empty when the property holds. What the op throws
/// passes through.
std::string violation(Property property, const Case& c);

}  // namespace temper::conformance
