// `temper merge`: base and adapter as one folder for Transformers, checked against the two before it appears.
#include "adapter/merge.h"

#include <fmt/format.h>

#include "adapter/logit_distance.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/checks.h"
#include "cli/session.h"

namespace temper::cli {
namespace {

namespace fs = std::filesystem;

struct MergeArguments {
  std::string model, adapter, out, dtype = "auto";
  double max_shard_gb = 4.0;
  bool overwrite = false, json = false;
};

/// A model for comparing: f32 arithmetic on the weights as they are stored, which costs no memory.
std::unique_ptr<LanguageModel> load_as_stored(Runtime& runtime, const io::Checkpoint& checkpoint) {
  return load_language_model(*runtime.backend, runtime.ctx(), checkpoint,
                             {.compute = DType::f32, .dense = std::nullopt});
}

/// Refuses to replace anything but an earlier result of this command.
void check_output(const MergeArguments& args) {
  const fs::path out = args.out;
  if (!fs::exists(fs::symlink_status(out))) return;
  if (!args.overwrite)
    fail(ErrorCode::invalid_argument, "{}: exists already; name another folder, or replace it with --overwrite",
         args.out);
  for (const std::string& input : {args.model, args.adapter})
    if (!input.empty() && fs::exists(input) && fs::equivalent(input, out))
      fail(ErrorCode::invalid_argument, "{}: is an input of the merge; name another folder", args.out);
  if (!fs::is_directory(out) || (!fs::is_empty(out) && !fs::exists(out / "config.json")))
    fail(ErrorCode::invalid_argument, "{}: isn't a model folder, so --overwrite won't remove it; name another folder",
         args.out);
}

/// write_folder_atomic for a folder that may exist: the new one is complete before the old one goes.
void replace_folder(const fs::path& path, const std::function<void(const fs::path&)>& fill) {
  if (!fs::exists(path)) return write_folder_atomic(path, fill);
  const fs::path fresh = path.string() + ".new", old = path.string() + ".old";
  fs::remove_all(fresh);
  fs::remove_all(old);
  write_folder_atomic(fresh, fill);
  fs::rename(path, old);
  fs::rename(fresh, path);
  fs::remove_all(old);
}

/// The reference that the merged folder must reproduce.
struct Reference {
  std::vector<int32_t> ids;
  std::vector<float> logits = {};  // [ids, vocab], base with adapter
  LogitDistance adapter_effect = {};
  std::vector<LoraUpdate> updates = {};
};

Reference reference_of(Runtime& runtime, const TextProcessor& base, const std::string& adapter_path) {
  Context& ctx = runtime.ctx();
  const auto model = load_as_stored(runtime, base.checkpoint());
  Reference reference{.ids = probe_tokens(base)};
  reference.logits = sequence_logits(ctx, *model, nullptr, reference.ids);
  if (adapter_path.empty()) return reference;
  std::string summary;
  const LoraAdapter adapter = LoraAdapter::load_peft(ctx, *model, adapter_path, &summary);
  log::info("{}: rank {}, {}", adapter_path, adapter.config().rank, summary);
  const BoundAdapter bound = adapter.bind();
  std::vector<float> adapted = sequence_logits(ctx, *model, &bound, reference.ids);
  reference.adapter_effect = logit_distance(adapted, reference.logits, model->config().vocab_size);
  reference.logits = std::move(adapted);
  reference.updates = lora_updates(ctx, adapter);
  return reference;
}

/// Loads what was written and compares; throws when it isn't the same model.
LogitDistance check_merged(Runtime& runtime, const TextProcessor& base, const Reference& reference,
                           const fs::path& folder, DType dtype) {
  const TextProcessor merged = TextProcessor::open(folder);
  if (probe_tokens(merged) != reference.ids)
    fail(ErrorCode::internal, "merge: the written tokenizer gives other ids than the base's; nothing was kept");
  if (merged.checkpoint().chat_template() != base.checkpoint().chat_template())
    fail(ErrorCode::internal, "merge: the written chat template differs from the base's; nothing was kept");
  const auto model = load_as_stored(runtime, merged.checkpoint());
  const std::vector<float> logits = sequence_logits(runtime.ctx(), *model, nullptr, reference.ids);
  const LogitDistance distance = logit_distance(reference.logits, logits, model->config().vocab_size);
  if (!(distance.kl <= allowed_merge_kl(dtype)))
    fail(ErrorCode::numeric,
         "merge: the merged model differs from base and adapter by a KL divergence of {:.2g}, rounding to {} explains "
         "{:.2g} at most; nothing was kept{}",
         distance.kl, name_of(dtype), allowed_merge_kl(dtype), dtype == DType::f32 ? "" : "; try --dtype f32");
  return distance;
}

void report_merge(const MergeArguments& args, const MergeResult& result, const Reference& reference,
                  const LogitDistance& distance) {
  if (args.json) {
    OrderedJson json = {{"out", args.out},
                        {"dtype", name_of(result.dtype)},
                        {"parameters", result.parameters},
                        {"bytes", result.bytes},
                        {"files", result.files},
                        {"merged_modules", reference.updates.size()},
                        {"kl", distance.kl},
                        {"max_abs_difference", distance.max_abs}};
    if (!args.adapter.empty()) json["adapter_kl"] = reference.adapter_effect.kl;
    print_json_line(json);
  } else {
    fmt::print("{}: {} parameters as {}, {} in {} file{}, {} modules merged\n", args.out,
               human_count(static_cast<double>(result.parameters)), name_of(result.dtype),
               human_bytes(static_cast<double>(result.bytes)), result.files, result.files == 1 ? "" : "s",
               reference.updates.size());
    fmt::print("checked on {} tokens against the {}: KL divergence {:.2g}, largest logit difference {:.2g}",
               distance.tokens, args.adapter.empty() ? "base" : "base with its adapter", distance.kl, distance.max_abs);
    if (args.adapter.empty())
      fmt::print("\n");
    else
      fmt::print(" (the adapter itself moves them by {:.2g} and {:.2g})\n", reference.adapter_effect.kl,
                 reference.adapter_effect.max_abs);
  }
  if (reference.adapter_effect.kl > 0.0 && distance.kl > 0.25 * reference.adapter_effect.kl)
    log::warn(
        "rounding to {} moves predictions about as much as the adapter does; keep the adapter apart, or use "
        "--dtype f32",
        name_of(result.dtype));
}

int merge(const Session& session, MergeArguments args) {
  // "out/" and "out" are one folder; its temporary sibling must not land inside it.
  if (fs::path out = fs::path(args.out).lexically_normal(); !out.has_filename() && out.has_relative_path())
    args.out = out.parent_path().string();
  check_output(args);
  Runtime runtime(session.device);
  const TextProcessor base = TextProcessor::open(args.model);
  const MergeOptions options{.dtype = args.dtype == "auto" ? std::nullopt : dtype_from_name(args.dtype),
                             .max_shard_bytes = static_cast<size_t>(args.max_shard_gb * 1e9)};
  const Reference reference = reference_of(runtime, base, args.adapter);
  MergeResult result;
  LogitDistance distance;
  replace_folder(args.out, [&](const fs::path& folder) {
    result = write_merged_model(base.checkpoint(), reference.updates, folder, options);
    distance = check_merged(runtime, base, reference, folder, result.dtype);
  });
  report_merge(args, result, reference, distance);
  runtime.report(session.device);
  return 0;
}

}  // namespace

void add_merge(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("merge", "base and adapter as one model folder for Transformers");
  auto args = std::make_shared<MergeArguments>();
  add_model_options(*command, args->model, args->adapter);
  command->add_option("--out", args->out, "folder to write")->required();
  command
      ->add_option("--dtype", args->dtype,
                   "stored weights: f32, bf16, f16; auto: the base's 16-bit type, f16 for "
                   "quantized bases, bf16 for f32 ones")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "f32", "bf16", "f16"}));
  command->add_option("--max-shard-gb", args->max_shard_gb, "larger models are written in several files")
      ->capture_default_str()
      ->check(number(0, 1e6, Ends::low_open));
  command->add_flag("--overwrite", args->overwrite, "replace an existing model folder");
  command->add_flag("--json", args->json, "one JSON line on standard output");
  command->footer("Without --adapter the base is converted: a .gguf file becomes a Hugging Face folder.");
  add_runtime_options(*command, session);
  command->callback([&session, args] { session.action = [&session, args] { return merge(session, *args); }; });
}

}  // namespace temper::cli
