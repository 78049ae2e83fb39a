#include <map>
#include <set>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "io/path_exists.h"
#include "io/printable.h"
#include "io/safetensors.h"

namespace temper::io {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxIndexBytes = 100'000'000;

/// Shard file name -> the tensors that the index places there.
std::map<std::string, std::vector<std::string>> read_index(const fs::path& path) {
  const std::string where = path.string();
  const Json index = parse_json(read_file(path, kMaxIndexBytes), where, 8);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    fail(ErrorCode::format, "{}: no object 'weight_map'", where);
  std::map<std::string, std::vector<std::string>> shards;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (!file.is_string())
      fail(ErrorCode::format, "{}: the file of tensor '{}' is not a string", where, printable(tensor));
    const auto name = file.get<std::string>();
    // A downloaded index must not make us open files elsewhere.
    if (name.empty() || name == "." || name == ".." || name.find_first_of("/\\") != std::string::npos ||
        name.find('\0') != std::string::npos)
      fail(ErrorCode::format, "{}: shard '{}' of tensor '{}' is not a plain file name inside of the folder", where,
           printable(name), printable(tensor));
    shards[name].push_back(tensor);
  }
  if (shards.empty()) fail(ErrorCode::format, "{}: 'weight_map' is empty", where);
  return shards;
}

}  // namespace

SafetensorsSet::SafetensorsSet(const fs::path& folder) : where_(folder.string()) {
  const fs::path single = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  if (path_exists(single)) {
    files_.emplace_back(single);
    return;
  }
  if (!path_exists(index))
    fail(ErrorCode::not_found, "{}: neither model.safetensors nor model.safetensors.index.json is there{}", where_,
         path_exists(folder / "pytorch_model.bin") ? "; pytorch_model.bin must be converted to safetensors" : "");
  const auto shards = read_index(index);
  std::vector<std::string> missing;
  for (const auto& [name, tensors] : shards)
    if (!path_exists(folder / name)) missing.push_back(printable(name));
  if (!missing.empty())
    fail(ErrorCode::not_found, "{}: missing shards: {}; the download is incomplete?", where_, fmt::join(missing, ", "));
  std::set<std::string> seen;
  for (const auto& [name, tensors] : shards) {
    const SafetensorsFile& file = files_.emplace_back(folder / name);
    for (const std::string& tensor : tensors)
      if (!file.find(tensor))
        fail(ErrorCode::format, "{}: the index places tensor '{}' in {}, which lacks it", where_, printable(tensor),
             printable(name));
    for (const StoredTensor& tensor : file.tensors())
      if (!seen.insert(tensor.name).second)
        fail(ErrorCode::format, "{}: tensor '{}' is in two shards, {} is the second", where_, printable(tensor.name),
             printable(name));
  }
}

std::vector<std::string> SafetensorsSet::names() const {
  std::vector<std::string> names;
  for (const SafetensorsFile& file : files_)
    for (const StoredTensor& tensor : file.tensors()) names.push_back(tensor.name);
  return names;
}

const StoredTensor* SafetensorsSet::find(std::string_view name) const {
  for (const SafetensorsFile& file : files_)
    if (const StoredTensor* tensor = file.find(name)) return tensor;
  return nullptr;
}

const StoredTensor& SafetensorsSet::at(std::string_view name) const {
  if (const StoredTensor* tensor = find(name)) return *tensor;
  fail(ErrorCode::not_found, "{}: no tensor '{}'", where_, printable(name));
}

}  // namespace temper::io
