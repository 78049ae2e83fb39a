#include <cstring>
#include <stdexcept>

#include "support/metal.h"

using metalhost::Dispatch;

namespace {

uint64_t one_float_a_thread(const Dispatch& dispatch) {
  return dispatch.threads.width * sizeof(float);
}

}  // namespace

void register_test_kernels() {
  static const bool once = [] {
    metalhost::register_host_kernel({.name = "add_one",
                                     .arguments = {{0, true, one_float_a_thread}},
                                     .constants = {},
                                     .body = [](const Dispatch& d) {
                                       for (uint64_t i = 0; i < d.threads.width; ++i) d.buffer<float>(0)[i] += 1;
                                     }});
    // What it says it writes counts for the checks; bytes that two queues race for are left alone.
    metalhost::register_host_kernel({.name = "write_nothing",
                                     .arguments = {{0, true, one_float_a_thread}},
                                     .constants = {},
                                     .body = [](const Dispatch&) {}});
    metalhost::register_host_kernel({.name = "copy",
                                     .arguments = {{0, false, one_float_a_thread}, {1, true, one_float_a_thread}},
                                     .constants = {},
                                     .body = [](const Dispatch& d) {
                                       for (uint64_t i = 0; i < d.threads.width; ++i) {
                                         d.buffer<float>(1)[i] = d.buffer<float>(0)[i];
                                       }
                                     }});
    metalhost::register_host_kernel(
        {.name = "sum",
         .arguments = {{0, false, one_float_a_thread}, {1, false, one_float_a_thread}, {2, true, one_float_a_thread}},
         .constants = {},
         .body = [](const Dispatch& d) {
           for (uint64_t i = 0; i < d.threads.width; ++i) {
             d.buffer<float>(2)[i] = d.buffer<float>(0)[i] + d.buffer<float>(1)[i];
           }
         }});
    metalhost::register_host_kernel({.name = "scale",
                                     .arguments = {{0, true, one_float_a_thread}},
                                     .constants = {{0, "factor", MTL::DataTypeFloat}},
                                     .body = [](const Dispatch& d) {
                                       float factor;
                                       std::memcpy(&factor, d.constants.at(0).data(), sizeof factor);
                                       for (uint64_t i = 0; i < d.threads.width; ++i) d.buffer<float>(0)[i] *= factor;
                                     }});
    metalhost::register_host_kernel(
        {.name = "fail", .arguments = {{0, true}}, .constants = {}, .body = [](const Dispatch&) {
           throw std::runtime_error("planted failure");
         }});
    return true;
  }();
  (void)once;
}
