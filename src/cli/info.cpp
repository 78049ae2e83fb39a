// `temper info`: the program and its devices, a model's shape, an adapter's contents. Reads headers, not weights.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "adapter/merge.h"
#include "base/fail.h"
#include "cli/build_info.h"
#include "cli/session.h"
#include "cli/terminal_text.h"

namespace temper::cli {
namespace {

struct InfoArguments {
  std::string model, adapter;
  bool json = false;
};

std::string base_name(const std::string& module) {
  return module.substr(module.rfind('.') + 1);
}

OrderedJson program_json() {
  OrderedJson devices = OrderedJson::array();
  for (const DeviceType type : available_devices()) {
    const auto backend = open_backend({type, 0});
    devices.push_back({{"name", to_string(backend->device())},
                       {"description", backend->description()},
                       {"dtype", name_of(backend->preferred_compute_dtype())}});
    OrderedJson placement = OrderedJson::object();
    for (const OpPlacement& row : backend->placement()) placement[row.op] = row.types;
    if (!placement.empty()) devices.back()["native_types_by_op"] = std::move(placement);
  }
  return {{"version", build_info::kVersion},
          {"build_type", build_info::kBuildType},
          {"compiler", build_info::kCompiler},
          {"libraries", build_info::kLibraries},
          {"devices", std::move(devices)}};
}

OrderedJson token_json(const text::Tokenizer& tokenizer, std::optional<int32_t> id) {
  if (!id) return nullptr;
  return {{"id", *id}, {"token", std::string(tokenizer.token(*id))}};
}

/// Stored types with their tensors and bytes, most bytes first.
OrderedJson stored_types_json(const io::Checkpoint& checkpoint) {
  struct Total {
    int64_t tensors = 0;
    uint64_t bytes = 0;
  };
  std::map<std::string, Total> totals;
  for (const std::string& name : checkpoint.names()) {
    const io::StoredTensor tensor = checkpoint.tensor(name);
    Total& total = totals[std::string(io::name_of(tensor.type))];
    ++total.tensors;
    total.bytes += tensor.bytes.size();
  }
  std::vector<std::pair<std::string, Total>> order(totals.begin(), totals.end());
  std::ranges::sort(order, [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  OrderedJson json = OrderedJson::array();
  for (const auto& [type, total] : order)
    json.push_back({{"type", type}, {"tensors", total.tensors}, {"bytes", total.bytes}});
  return json;
}

/// Linear layers by the names a target may have: {"q_proj": {"layers": 30, "shape": [576, 576]}}.
OrderedJson linear_layers_json(const io::Checkpoint& checkpoint) {
  constexpr std::string_view kSuffix = ".weight";
  OrderedJson json = OrderedJson::object();
  for (const std::string& name : checkpoint.names()) {
    if (!name.ends_with(kSuffix) || !name.starts_with("model.layers.")) continue;
    const io::StoredTensor tensor = checkpoint.tensor(name);
    if (tensor.shape.size() != 2) continue;
    const std::string short_name = base_name(name.substr(0, name.size() - kSuffix.size()));
    if (!json.contains(short_name)) json[short_name] = {{"layers", 0}, {"shape", tensor.shape}};
    json[short_name]["layers"] = json[short_name]["layers"].get<int>() + 1;
  }
  return json;
}

OrderedJson model_json(const TextProcessor& model) {
  const io::Checkpoint& checkpoint = model.checkpoint();
  const io::ModelConfig& config = checkpoint.config();
  const text::Tokenizer& tokenizer = model.tokenizer();
  int64_t parameters = 0;
  for (const std::string& name : checkpoint.names())
    if (name != "lm_head.weight" || !config.tie_word_embeddings) parameters += checkpoint.tensor(name).element_count();
  OrderedJson rope = {{"theta", config.rope_theta}};
  if (config.rope_scaling)
    rope["scaling"] = {{"type", config.rope_scaling->type}, {"factor", config.rope_scaling->factor}};
  return {
      {"path", checkpoint.path().string()},
      {"format", checkpoint.is_gguf() ? "gguf" : "huggingface"},
      {"architecture", config.architecture},
      {"parameters", parameters},
      {"layers", config.num_layers},
      {"hidden_size", config.hidden_size},
      {"intermediate_size", config.intermediate_size},
      {"heads", config.num_heads},
      {"kv_heads", config.num_kv_heads},
      {"head_dim", config.head_dim},
      {"tied_head", config.tie_word_embeddings},
      {"rope", std::move(rope)},
      {"context_length", config.max_position_embeddings},
      {"vocab_size", config.vocab_size},
      {"tokenizer_vocab_size", tokenizer.vocab_size()},
      {"bos", token_json(tokenizer, tokenizer.bos())},
      {"eos", token_json(tokenizer, model.eos())},
      {"pad", token_json(tokenizer, tokenizer.pad())},
      {"stop_tokens", model.stop_tokens()},
      {"chat_template", model.has_chat_template() ? OrderedJson(model.chat_template().source()) : OrderedJson(nullptr)},
      {"stored_types", stored_types_json(checkpoint)},
      {"linear_layers", linear_layers_json(checkpoint)}};
}

/// The adapter on its model: strictly loaded, with how far it moves each kind of layer.
OrderedJson adapter_json(const Session& session, const InfoArguments& args) {
  Runtime runtime(session.device);
  const auto model = load_language_model(*runtime.backend, runtime.ctx(), io::Checkpoint::open(args.model),
                                         {.compute = DType::f32, .dense = std::nullopt});
  std::string matched;
  const LoraAdapter adapter = LoraAdapter::load_peft(runtime.ctx(), *model, args.adapter, &matched);
  const LoraConfig& config = adapter.config();
  struct Kind {
    int64_t modules = 0, parameters = 0;
    double squares = 0.0;
  };
  std::map<std::string, Kind> kinds;
  for (const LoraUpdate& update : lora_updates(runtime.ctx(), adapter)) {
    Kind& kind = kinds[base_name(update.module)];
    ++kind.modules;
    kind.parameters += static_cast<int64_t>(update.a.size() + update.b.size());
    kind.squares += update.norm() * update.norm();
  }
  OrderedJson modules = OrderedJson::object();
  for (const auto& [name, kind] : kinds)
    modules[name] = {{"modules", kind.modules},
                     {"parameters", kind.parameters},
                     {"update_norm", std::sqrt(kind.squares / static_cast<double>(kind.modules))}};
  return {{"path", args.adapter},
          {"rank", config.rank},
          {"alpha", config.alpha},
          {"rslora", config.rslora},
          {"dropout", config.dropout},
          {"targets", config.targets},
          {"base_model", config.base_model},
          {"matched", matched},
          {"parameters", adapter.parameter_count()},
          {"modules", std::move(modules)}};
}

std::string text_of(const OrderedJson& token) {
  return token.is_null()
             ? "none"
             : fmt::format("{} ({})", printable_text(token["token"].get<std::string>()), token["id"].get<int>());
}

void print_placement(const OrderedJson& types_by_op) {
  std::string native, on_cpu;
  for (const auto& [op, types] : types_by_op.items())
    if (types.get<std::string>().empty())
      on_cpu += " " + op;
    else
      native += fmt::format(" {} ({})", op, types.get<std::string>());
  fmt::print("  runs itself:{}\n  leaves to the CPU:{}\n", native, on_cpu);
}

void print_program(const OrderedJson& json) {
  fmt::print("temper {} ({} build, {})\nlibraries: {}\n", json["version"].get<std::string>(),
             json["build_type"].get<std::string>(), json["compiler"].get<std::string>(),
             json["libraries"].get<std::string>());
  for (const OrderedJson& device : json["devices"]) {
    fmt::print("device {}: {}; --dtype auto is {}\n", device["name"].get<std::string>(),
               device["description"].get<std::string>(), device["dtype"].get<std::string>());
    if (device.contains("native_types_by_op")) print_placement(device["native_types_by_op"]);
  }
}

void print_model(const OrderedJson& json) {
  const auto number = [&](const char* key) { return json[key].get<int64_t>(); };
  fmt::print("\nmodel {}\n", json["path"].get<std::string>());
  fmt::print("  {}, {} parameters, {} layers, hidden {}, feed-forward {}, {} heads ({} for keys and values) of {}\n",
             json["architecture"].get<std::string>(), human_count(json["parameters"].get<double>()), number("layers"),
             number("hidden_size"), number("intermediate_size"), number("heads"), number("kv_heads"),
             number("head_dim"));
  fmt::print("  context {} tokens, RoPE theta {}{}, head {}\n", number("context_length"),
             json["rope"]["theta"].get<double>(),
             json["rope"].contains("scaling")
                 ? fmt::format(" ({} scaling by {})", json["rope"]["scaling"]["type"].get<std::string>(),
                               json["rope"]["scaling"]["factor"].get<double>())
                 : "",
             json["tied_head"].get<bool>() ? "tied to the embedding" : "of its own");
  fmt::print("  vocabulary {} ({} in the tokenizer), BOS {}, EOS {}, replies end at {}\n", number("vocab_size"),
             number("tokenizer_vocab_size"), text_of(json["bos"]), text_of(json["eos"]),
             fmt::join(json["stop_tokens"].get<std::vector<int>>(), ", "));
  for (const OrderedJson& type : json["stored_types"])
    fmt::print("  {}: {} tensors, {}\n", type["type"].get<std::string>(), type["tensors"].get<int64_t>(),
               human_bytes(type["bytes"].get<double>()));
  fmt::print("  linear layers, as --targets names them:\n");
  for (const auto& [name, layer] : json["linear_layers"].items())
    fmt::print("    {:<12} {} x [{}]\n", name, layer["layers"].get<int>(),
               fmt::join(layer["shape"].get<std::vector<int64_t>>(), ", "));
  if (json["chat_template"].is_null()) {
    fmt::print("  no chat template\n");
    return;
  }
  constexpr size_t kShown = 200;
  const std::string source = printable_text(json["chat_template"].get<std::string>().substr(0, kShown));
  fmt::print("  chat template of {} bytes: {}...\n", json["chat_template"].get<std::string>().size(), source);
}

void print_adapter(const OrderedJson& json) {
  fmt::print("\nadapter {}\n  rank {}, alpha {}{}, dropout {}, targets {}\n  {}, {} parameters\n",
             json["path"].get<std::string>(), json["rank"].get<int64_t>(), json["alpha"].get<double>(),
             json["rslora"].get<bool>() ? " (rsLoRA)" : "", json["dropout"].get<double>(),
             fmt::join(json["targets"].get<std::vector<std::string>>(), ", "), json["matched"].get<std::string>(),
             human_count(json["parameters"].get<double>()));
  fmt::print("  root mean square of the updates' norms:\n");
  for (const auto& [name, kind] : json["modules"].items())
    fmt::print("    {:<12} {} x {:.4g}\n", name, kind["modules"].get<int64_t>(), kind["update_norm"].get<double>());
}

int info(const Session& session, const InfoArguments& args) {
  if (!args.adapter.empty() && args.model.empty())
    fail(ErrorCode::usage, "--adapter {}: needs --model, the model it belongs to", args.adapter);
  OrderedJson json = program_json();
  if (!args.model.empty()) json["model"] = model_json(TextProcessor::open(args.model));
  if (!args.adapter.empty()) json["adapter"] = adapter_json(session, args);
  if (args.json) {
    print_json_line(json);
    return 0;
  }
  print_program(json);
  if (json.contains("model")) print_model(json["model"]);
  if (json.contains("adapter")) print_adapter(json["adapter"]);
  return 0;
}

}  // namespace

void add_info(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("info", "the program, its devices, a model, an adapter");
  auto args = std::make_shared<InfoArguments>();
  command->add_option("--model", args->model, "Hugging Face folder or .gguf file");
  command->add_option("--adapter", args->adapter, "LoRA adapter of that model, a PEFT folder");
  command->add_flag("--json", args->json, "one JSON line on standard output");
  add_runtime_options(*command, session);
  add_dtype_option(*command, session);
  command->callback([&session, args] { session.action = [&session, args] { return info(session, *args); }; });
}

}  // namespace temper::cli
