"""Writes tests/golden/data/tiny_gguf: the tiny model gqa_tied as a GGUF file of mixed types, and its logits.

The file is laid out as converters lay out Llama models: q and k rows permuted for interleaved RoPE, tokenizer and chat
template in the metadata. The logits are Transformers', loading that file. Needs the folders of tiny_llama.py.
Usage, from anywhere: python tools/golden/tiny_gguf.py
"""

import json

import golden_common as common
import gguf
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

SCRIPT = "tiny_gguf.py"
PACKAGES = ("transformers", "gguf", "safetensors")
SOURCE = common.DATA / "tiny_llama" / "gqa_tied"
FOLDER = common.DATA / "tiny_gguf"
FILE = "gqa_tied.gguf"
Type = gguf.GGMLQuantizationType

# GGUF name of each tensor of a block, and the type it is stored as: one of every simple kind.
BLOCK_TENSORS = {
    "input_layernorm": ("attn_norm", Type.F32),
    "self_attn.q_proj": ("attn_q", Type.Q4_0),
    "self_attn.k_proj": ("attn_k", Type.Q5_0),
    "self_attn.v_proj": ("attn_v", Type.Q8_0),
    "self_attn.o_proj": ("attn_output", Type.Q5_1),
    "post_attention_layernorm": ("ffn_norm", Type.F32),
    "mlp.gate_proj": ("ffn_gate", Type.Q4_1),
    "mlp.up_proj": ("ffn_up", Type.F16),
    "mlp.down_proj": ("ffn_down", Type.BF16),
}


def permute_for_interleaved_rope(weight, heads):
    """[out, in] with each head's halves interleaved: row i of the first half before row i of the second."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)


def add_metadata(writer, config, tokenizer_json, chat_template):
    writer.add_name("gqa_tied")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_vocab_size(config["vocab_size"])
    tokens = sorted(tokenizer_json["model"]["vocab"], key=tokenizer_json["model"]["vocab"].get)
    special = {entry["content"] for entry in tokenizer_json["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer_json["model"]["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(chat_template)


def write_gguf(path):
    config = json.loads((SOURCE / "config.json").read_text())
    tokenizer_json = json.loads((SOURCE / "tokenizer.json").read_text(encoding="utf-8"))
    template = json.loads((SOURCE / "tokenizer_config.json").read_text())["chat_template"]
    weights = load_file(SOURCE / "model.safetensors")
    writer = gguf.GGUFWriter(path, "llama")
    add_metadata(writer, config, tokenizer_json, template)

    def add(name, weight, kind):
        values = weight.float().numpy()
        stored = values if kind == Type.F32 else gguf.quants.quantize(values, kind)
        writer.add_tensor(name, stored, raw_dtype=kind)

    add("token_embd.weight", weights["model.embed_tokens.weight"], Type.Q8_0)
    add("output_norm.weight", weights["model.norm.weight"], Type.F32)
    for layer in range(config["num_hidden_layers"]):
        for source, (target, kind) in BLOCK_TENSORS.items():
            weight = weights[f"model.layers.{layer}.{source}.weight"]
            if target in ("attn_q", "attn_k"):
                heads = config["num_attention_heads" if target == "attn_q" else "num_key_value_heads"]
                weight = permute_for_interleaved_rope(weight, heads)
            add(f"blk.{layer}.{target}.weight", weight, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{path}: {path.stat().st_size} bytes")


@torch.no_grad()
def make_reference():
    """reference.safetensors: sequences s1 and s2 of the unquantised model, and the dequantised weights of layer 1."""
    model = AutoModelForCausalLM.from_pretrained(
        FOLDER, gguf_file=FILE, dtype=torch.float32, attn_implementation="eager",
        quantization_config=GgufConfig(dequantize=True),
    )
    model.eval()
    original = load_file(SOURCE / "model.safetensors")
    for name in ("q_proj", "k_proj"):  # the loader put the rows back: only the rounding to 4 or 5 bits is left
        key = f"model.layers.1.self_attn.{name}.weight"
        assert (model.get_parameter(key) - original[key]).abs().max() < 0.05
    tokenizer = AutoTokenizer.from_pretrained(FOLDER, gguf_file=FILE)
    text = "select name from city where café 🙂"
    assert tokenizer(text).input_ids == AutoTokenizer.from_pretrained(SOURCE)(text).input_ids
    source = load_file(SOURCE / "reference.safetensors")
    tensors = {f"weight.{name}": p for name, p in model.named_parameters() if name.startswith("model.layers.1.")}
    for sequence in ("s1", "s2"):
        ids = source[f"{sequence}.input_ids"]
        new_ids, gaps = common.greedy(model, ids, 24)
        tensors[f"{sequence}.input_ids"] = ids
        tensors[f"{sequence}.logits"] = model(input_ids=ids[None], use_cache=False).logits[0]
        tensors[f"{sequence}.greedy_ids"] = new_ids
        tensors[f"{sequence}.greedy_gaps"] = gaps
        moved = (tensors[f"{sequence}.logits"] - source[f"{sequence}.logits"]).abs().max()
        print(f"{sequence}: quantisation moves logits by at most {moved:.3f}; smallest greedy gap {gaps.min():.4f}")
    common.save_tensors(FOLDER / "reference.safetensors", tensors, SCRIPT, PACKAGES)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_gguf(FOLDER / FILE)
    make_reference()


if __name__ == "__main__":
    main()
