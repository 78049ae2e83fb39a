"""Makes the tiny Llama models under tests/golden/data/tiny_llama and their reference numbers with Transformers.

Each model is a complete Hugging Face folder with seeded random weights, plus reference.safetensors.
Usage, from anywhere: python tools/golden/tiny_llama.py
"""

import json
import random
import shutil

import golden_common as common
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SCRIPT = "tiny_llama.py"
PACKAGES = ("transformers", "tokenizers", "safetensors")
FOLDER = common.DATA / "tiny_llama"
VOCAB_SIZE = 384
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]  # ids 0, 1, 2
GREEDY_TOKENS = 24

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}"
)

SHAPES = {
    "gqa_tied": dict(
        hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        head_dim=16, tie_word_embeddings=True, max_position_embeddings=256, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    ),
    "untied_llama3rope": dict(
        hidden_size=72, intermediate_size=136, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
        head_dim=24, tie_word_embeddings=False, max_position_embeddings=512, rms_norm_eps=1e-6,
        attention_bias=True, mlp_bias=True,
        rope_parameters={
            "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
        },
    ),
    "mha_f16": dict(
        hidden_size=48, intermediate_size=90, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        head_dim=32, tie_word_embeddings=False, max_position_embeddings=128, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
    ),
}
DTYPES = {"gqa_tied": torch.float32, "untied_llama3rope": torch.bfloat16, "mha_f16": torch.float16}

TOKENIZER_TEXTS = [
    "", "a", " ", "   ", "\n", " \n\n  x", "\t\tif (x) {\r\n", "select name from city", "SELECT Name FROM City;",
    "the river and the city", "it's they'll I'M we've don't'", "1234567890 3.14 1,000", "snake_case camelCase kebab-case",
    "naïve café Zürich", "добрый день", "こんにちは世界", "العربية", "🙂👍🏽 👩‍👩‍👧", "e\u0301 \u200b\ufeff\u00a0x", "\u0000\u0001\u007f",
    "<|im_start|>user\nhello<|im_end|>\n", "a<|endoftext|>b", "<|im_start", "<|im_end|><|im_end|>  <|im_start|>",
    "trailing space ", "  leading", "tabs\tand  two", "!!!???...", "{\"key\": [1, 2, 3]}", "x" * 40,
]
CHATS = [
    [{"role": "user", "content": "  hello the city \n"}],
    [
        {"role": "system", "content": "Answer with SQL."},
        {"role": "user", "content": "how many rows?"},
        {"role": "assistant", "content": "SELECT COUNT(*) FROM rows"},
        {"role": "user", "content": "naïve café 🙂"},
    ],
]


def corpus(seed, lines):
    """Seeded text for the tokenizer to learn merges from."""
    rng = random.Random(seed)
    words = (
        "the a and of to in is it for with river city name table row column order select from where count group by "
        "having limit value number people year team score player country small large open close user answer"
    ).split()
    for _ in range(lines):
        line = [rng.choice(words) for _ in range(rng.randint(3, 12))]
        if rng.random() < 0.3:
            line.append(str(rng.randint(0, 5000)))
        yield " ".join(line) + rng.choice([".", "?", ";", ",", "\n"])


def make_tokenizer():
    """A byte-level BPE of VOCAB_SIZE tokens with GPT-2's pre-tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(seed=7, lines=2000), trainer)
    assert tokenizer.get_vocab_size() == VOCAB_SIZE
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=SPECIAL[1], eos_token=SPECIAL[2], pad_token=SPECIAL[2], unk_token=SPECIAL[0],
        additional_special_tokens=[], clean_up_tokenization_spaces=False, chat_template=CHAT_TEMPLATE,
        model_max_length=256,
    )


def make_model(name, seed):
    """A seeded model whose logits tell tokens apart and whose norms and biases are far from their identities."""
    config = LlamaConfig(vocab_size=VOCAB_SIZE, bos_token_id=1, eos_token_id=2, pad_token_id=2, **SHAPES[name])
    model = LlamaForCausalLM(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in parameter_name:
                parameter.copy_(1.0 + 0.2 * noise)
            elif parameter_name.endswith("bias"):
                parameter.copy_(0.1 * noise)
            elif "embed_tokens" in parameter_name or "lm_head" in parameter_name:
                parameter.copy_(0.25 * noise)
            else:
                parameter.copy_(0.12 * noise)
    model.generation_config.do_sample = False
    model.generation_config.eos_token_id = [2, 0]
    return model.to(DTYPES[name])


def rewrite_config_as_published(folder):
    """Turns config.json into the layout of models published before Transformers 5: rope_theta, rope_scaling, torch_dtype."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def save_model(name, model, tokenizer):
    """Writes the Hugging Face folder: gqa_tied in one file, untied_llama3rope in shards with an old-style config."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.save_pretrained(folder, max_shard_size="60KB" if name == "untied_llama3rope" else "5GB")
    # The template lies in tokenizer_config.json (older layout) for one model, in chat_template.jinja for the others.
    tokenizer.save_pretrained(folder, save_jinja_files=name != "gqa_tied")
    if name == "untied_llama3rope":
        rewrite_config_as_published(folder)
    return folder


def layer_outputs(model, ids):
    """{name: [T, hidden]}: the embedding, each block's output (residual stream) and the final norm's output."""
    outputs = {}

    def keep(name):
        def hook(_module, _inputs, output):
            outputs[name] = (output[0] if isinstance(output, tuple) else output).detach()[0]

        return hook

    places = {"embed": model.model.embed_tokens, "norm": model.model.norm}
    places |= {f"layer{i}": layer for i, layer in enumerate(model.model.layers)}
    handles = [module.register_forward_hook(keep(name)) for name, module in places.items()]
    model(input_ids=ids[None], use_cache=False)
    for handle in handles:
        handle.remove()
    return outputs


@torch.no_grad()
def make_reference(name, folder, seed):
    """reference.safetensors: logits, log-probabilities, greedy continuations, hidden states; f32 arithmetic."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    generator = torch.Generator().manual_seed(seed)
    text_ids = tokenizer("select name from city where people = 1234; café 🙂 and the river", add_special_tokens=False).input_ids
    sequences = [
        torch.tensor([5]),
        torch.tensor(text_ids[:17]),
        torch.randint(0, VOCAB_SIZE, (70,), generator=generator),
    ]
    tensors = {"inv_freq": model.model.rotary_emb.inv_freq}
    for i, ids in enumerate(sequences):
        logits = model(input_ids=ids[None], use_cache=False).logits[0]
        new_ids, gaps = common.greedy(model, ids, GREEDY_TOKENS)
        tensors[f"s{i}.input_ids"] = ids
        tensors[f"s{i}.logits"] = logits
        tensors[f"s{i}.next_logprobs"] = common.next_token_logprobs(logits, ids)
        tensors[f"s{i}.greedy_ids"] = new_ids
        tensors[f"s{i}.greedy_gaps"] = gaps
        print(f"  s{i}: {len(ids)} tokens, logit std {logits.std():.3f}, smallest greedy gap {gaps.min():.4f}")
    tensors |= {f"s1.hidden.{place}": values for place, values in layer_outputs(model, sequences[1]).items()}
    common.save_tensors(folder / "reference.safetensors", tensors, SCRIPT, PACKAGES, weights=name)


def make_tokenizer_cases(folder):
    """tokenizer_cases.json: ids of strings (nothing added) and of rendered chats."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = []
    for text in TOKENIZER_TEXTS:
        ids = tokenizer(text, add_special_tokens=False).input_ids
        texts.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
    chats = []
    for messages in CHATS:
        rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        bare = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
        ids = tokenizer(rendered, add_special_tokens=False).input_ids
        chats.append({"messages": messages, "rendered": rendered, "without_generation_prompt": bare, "ids": ids})
    record = {"script": f"tools/golden/{SCRIPT}", "versions": common.versions(*PACKAGES)}
    common.save_json(FOLDER / "tokenizer_cases.json", record | {"texts": texts, "chats": chats})


def main():
    tokenizer = make_tokenizer()
    for seed, name in enumerate(SHAPES):
        print(name)
        folder = save_model(name, make_model(name, seed=100 + seed), tokenizer)
        make_reference(name, folder, seed=200 + seed)
    make_tokenizer_cases(FOLDER / "gqa_tied")


if __name__ == "__main__":
    main()
