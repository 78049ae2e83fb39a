#include "models/text_model.h"

namespace temper {
namespace {

/// Dense weights are stored in the compute type. f32 arithmetic that nobody asked for keeps 16-bit storage, which
/// halves the memory traffic of decoding: bf16 when the file has it (exact), else f16.
std::optional<DType> dense_type(const io::Checkpoint& checkpoint, const TextModelOptions& options, DType compute) {
  if (options.quantized) return std::nullopt;
  if (options.dtype || compute != DType::f32) return compute;
  const io::StoredTensor embedding = checkpoint.tensor("model.embed_tokens.weight");
  const bool is_bf16 = embedding.type == io::StoredType(DType::bf16);
  const bool is_f32 = embedding.type == io::StoredType(DType::f32);
  return is_bf16 ? DType::bf16 : is_f32 ? DType::f32 : DType::f16;
}

}  // namespace

TextModel TextModel::load(Backend& backend, Context& ctx, const std::filesystem::path& path,
                          const TextModelOptions& options) {
  TextProcessor processor = TextProcessor::open(path);
  const io::Checkpoint& checkpoint = processor.checkpoint();
  const DType compute = options.dtype.value_or(backend.preferred_compute_dtype());
  auto model = load_language_model(backend, ctx, checkpoint,
                                   {.compute = compute, .dense = dense_type(checkpoint, options, compute)});
  checkpoint.release_pages();  // expanded weights are copies, and the file's own would count as ours all the time
  return TextModel(std::move(processor), std::move(model));
}

}  // namespace temper
