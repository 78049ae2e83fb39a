#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace temper::log {

void set_up(bool quiet, bool verbose) {
  auto logger = std::make_shared<spdlog::logger>("temper", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%^%l:%$ %v");
  logger->set_level(quiet ? spdlog::level::warn : verbose ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace temper::log
