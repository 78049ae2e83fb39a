#include "io/checkpoint.h"

#include <unordered_map>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "io/gguf.h"
#include "io/gguf_llama.h"
#include "io/json_fields.h"
#include "io/path_exists.h"
#include "io/printable.h"
#include "io/safetensors.h"

namespace temper::io {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxConfigBytes = 16 << 20, kMaxTokenizerBytes = 256 << 20;

/// Every file of a model that the folder lacks, in one error, with what the folder seems to be instead.
void refuse_incomplete_folder(const fs::path& folder, bool needs_tokenizer) {
  std::vector<std::string> missing;
  if (!path_exists(folder / "config.json")) missing.emplace_back("config.json");
  if (needs_tokenizer && !path_exists(folder / "tokenizer.json")) missing.emplace_back("tokenizer.json");
  if (!path_exists(folder / "model.safetensors") && !path_exists(folder / "model.safetensors.index.json"))
    missing.emplace_back("model.safetensors (or model.safetensors.index.json and its shards)");
  if (missing.empty()) return;
  std::string_view hint;
  if (path_exists(folder / "adapter_config.json"))
    hint = "; it holds an adapter, a model is expected";
  else if (path_exists(folder / "pytorch_model.bin") || path_exists(folder / "pytorch_model.bin.index.json"))
    hint = "; pytorch_model.bin must be converted to safetensors";
  else if (path_exists(folder / "tokenizer.model") && !path_exists(folder / "tokenizer.json"))
    hint = "; tokenizer.model alone isn't read, save the fast tokenizer";
  fail(ErrorCode::not_found, "{}: not a complete model folder; missing: {}{}", folder.string(),
       fmt::join(missing, ", "), hint);
}

/// Weights that Transformers, too, computes instead of loading.
bool is_derived(std::string_view name) {
  return name.ends_with(".rotary_emb.inv_freq");
}

std::optional<std::string> template_of(const Json& tokenizer_config, const std::string& where) {
  const auto it = tokenizer_config.find("chat_template");
  if (it == tokenizer_config.end() || !it->is_array()) return json_string(tokenizer_config, "chat_template", where);
  for (const Json& named : *it)  // several templates: [{"name": "default", "template": "..."}, ...]
    if (named.is_object() && json_string(named, "name", where) == "default")
      return json_string(named, "template", where);
  return std::nullopt;
}

}  // namespace

struct Checkpoint::Impl {
  fs::path path;
  std::variant<std::monostate, SafetensorsSet, GgufFile> weights;
  ModelConfig config;
  GenerationConfig generation_config;
  std::vector<std::string> names;
  std::unordered_map<std::string, const StoredTensor*> by_name;  // into `weights`

  void open_folder(const OpenOptions& options);
  void open_gguf();
  void add(const std::string& name, const StoredTensor& tensor) {
    names.push_back(name);
    by_name.emplace(name, &tensor);
  }
};

void Checkpoint::Impl::open_folder(const OpenOptions& options) {
  refuse_incomplete_folder(path, options.needs_tokenizer);
  const fs::path config_path = path / "config.json", generation_path = path / "generation_config.json";
  config = config_from_json(read_file(config_path, kMaxConfigBytes), config_path.string());
  if (path_exists(generation_path))
    generation_config =
        generation_config_from_json(read_file(generation_path, kMaxConfigBytes), generation_path.string());
  for (const SafetensorsFile& file : weights.emplace<SafetensorsSet>(path).files())
    for (const StoredTensor& tensor : file.tensors())
      if (!is_derived(tensor.name)) add(tensor.name, tensor);
}

void Checkpoint::Impl::open_gguf() {
  const GgufFile& file = weights.emplace<GgufFile>(path);
  const std::string where = "gguf: " + file.where();
  if (const auto type = file.get<std::string>("general.type").value_or("model"); type != "model")
    fail(ErrorCode::unsupported, "{}: the file holds '{}', a model is expected", where, printable(type));
  if (const auto parts = file.get<int64_t>("split.count").value_or(1); parts > 1)
    fail(ErrorCode::unsupported, "{}: one of {} parts of a split model; merge them into one file first", where, parts);
  config = config_from_gguf(file);
  generation_config.bos_token_id = config.bos_token_id;
  generation_config.pad_token_id = config.pad_token_id;
  generation_config.eos_token_ids = config.eos_token_ids;
  for (const StoredTensor& tensor : file.tensors()) {
    if (tensor.name == "rope_freqs.weight") continue;  // part of config.rope_scaling
    const auto name = hf_name_of(tensor.name);
    if (!name)
      fail(ErrorCode::unsupported, "{}: tensor '{}' is unknown to the llama architecture; not implemented", where,
           tensor.name);
    add(*name, tensor);
  }
}

Checkpoint Checkpoint::open(const fs::path& path, OpenOptions options) {
  auto impl = std::make_shared<Impl>();
  impl->path = path;
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    impl->open_folder(options);
  else if (path_exists(path))
    impl->open_gguf();
  else
    fail(ErrorCode::not_found, "{}: no such model folder or .gguf file", path.string());
  return Checkpoint(std::move(impl));
}

const fs::path& Checkpoint::path() const {
  return impl_->path;
}
bool Checkpoint::is_gguf() const {
  return std::holds_alternative<GgufFile>(impl_->weights);
}
const ModelConfig& Checkpoint::config() const {
  return impl_->config;
}
const GenerationConfig& Checkpoint::generation_config() const {
  return impl_->generation_config;
}
const std::vector<std::string>& Checkpoint::names() const {
  return impl_->names;
}
bool Checkpoint::has(std::string_view name) const {
  return impl_->by_name.contains(std::string(name));
}

StoredTensor Checkpoint::tensor(std::string_view name) const {
  const auto it = impl_->by_name.find(std::string(name));
  if (it == impl_->by_name.end())
    fail(ErrorCode::not_found, "{}: no weight '{}'", impl_->path.string(), printable(name));
  StoredTensor tensor = *it->second;
  if (is_gguf() && has_permuted_rows(name)) {
    const bool is_q = name.find("q_proj") != std::string_view::npos;
    const ModelConfig& config = impl_->config;
    tensor = unpermute_rows(tensor, is_q ? config.num_heads : config.num_kv_heads, config.head_dim,
                            "gguf: " + impl_->path.string());
  }
  tensor.name = name;
  return tensor;
}

void Checkpoint::release_pages() const {
  for (const auto& [name, tensor] : impl_->by_name) release_mapped_pages(tensor->bytes);
}

TokenizerSource Checkpoint::tokenizer() const {
  if (const auto* file = std::get_if<GgufFile>(&impl_->weights)) return vocab_from_gguf(*file);
  TokenizerTexts texts;
  texts.tokenizer_json = read_file(impl_->path / "tokenizer.json", kMaxTokenizerBytes);
  if (const fs::path path = impl_->path / "tokenizer_config.json"; path_exists(path))
    texts.tokenizer_config_json = read_file(path, kMaxConfigBytes);
  return texts;
}

std::optional<std::string> Checkpoint::chat_template() const {
  if (const auto* file = std::get_if<GgufFile>(&impl_->weights))
    return file->get<std::string>("tokenizer.chat_template");
  if (const fs::path path = impl_->path / "chat_template.jinja"; path_exists(path))
    return read_file(path, kMaxConfigBytes);
  const fs::path path = impl_->path / "tokenizer_config.json";
  if (!path_exists(path)) return std::nullopt;
  const Json tokenizer_config = parse_json(read_file(path, kMaxConfigBytes), path.string());
  if (!tokenizer_config.is_object()) fail(ErrorCode::format, "{}: not a JSON object", path.string());
  return template_of(tokenizer_config, path.string());
}

}  // namespace temper::io
