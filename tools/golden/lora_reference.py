"""Writes tests/golden/data/lora: PEFT adapters on the tiny models, their gradients, training runs and merged logits.

Needs the folders of tiny_llama.py. Usage, from anywhere: python tools/golden/lora_reference.py
"""

import shutil

import golden_common as common
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, get_scheduler
from tiny_llama import corpus

SCRIPT = "lora_reference.py"
PACKAGES = ("transformers", "peft", "safetensors")
MODELS = common.DATA / "tiny_llama"
FOLDER = common.DATA / "lora"
STEPS, ROWS, LENGTH, PAD = 10, 4, 24, 2
# A rate high enough for ten steps to move the losses by far more than any tolerance.
LR, WEIGHT_DECAY, MAX_GRAD_NORM = 5e-3, 0.01, 1.0

CASES = {
    "gqa_tied": ("gqa_tied", dict(r=4, lora_alpha=16, target_modules="all-linear")),
    "untied_llama3rope": (
        "untied_llama3rope",
        dict(r=3, lora_alpha=12, target_modules=r".*\.layers\.\d+\.(self_attn|mlp)\.[a-z]+_proj"),
    ),
    # Per module: rank 4, but 2 for every q_proj and 6 for layer 1's v_proj; alpha 8, but 3 for down_proj.
    "gqa_tied_variant": (
        "gqa_tied",
        dict(
            r=4, lora_alpha=8, use_rslora=True, target_modules=["q_proj", "v_proj", "down_proj"],
            rank_pattern={"q_proj": 2, r"layers\.1\.self_attn\.v_proj": 6}, alpha_pattern={"down_proj": 3},
        ),
    ),
}


def make_batches(count, seed):
    """`count` batches {input_ids, attention_mask, labels}, each i64 [ROWS, LENGTH].

    Rows differ in length and are padded on the right with PAD (attention_mask 0, label IGNORE). The first few labels
    of most rows are IGNORE too, as of a prompt; one row in four trains every token.
    """
    tokenizer = AutoTokenizer.from_pretrained(MODELS / "gqa_tied")
    generator = torch.Generator().manual_seed(seed)
    text = tokenizer("".join(corpus(seed=seed, lines=50 * count)), add_special_tokens=False, verbose=False).input_ids
    batches = []
    for step in range(count):
        batch = {
            "input_ids": torch.full((ROWS, LENGTH), PAD),
            "attention_mask": torch.zeros(ROWS, LENGTH, dtype=torch.int64),
            "labels": torch.full((ROWS, LENGTH), common.IGNORE),
        }
        for row in range(ROWS):
            length = LENGTH if row == 0 else int(torch.randint(6, LENGTH, (1,), generator=generator))
            prompt = 0 if row == 1 else int(torch.randint(1, length - 2, (1,), generator=generator))
            start = (step * ROWS + row) * LENGTH
            ids = torch.tensor(text[start : start + length])
            batch["input_ids"][row, :length] = ids
            batch["attention_mask"][row, :length] = 1
            batch["labels"][row, prompt:length] = ids[prompt:]
        batches.append(batch)
    return batches


def load_base(name, dtype):
    return AutoModelForCausalLM.from_pretrained(MODELS / name, dtype=dtype, attn_implementation="eager")


def save_adapter(model, folder):
    """Writes the folder as PEFT does, less its README.md, a form for a model card."""
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink()


def make_adapters(case, seed):
    """adapter_zero_b: as PEFT initialises it; adapter: the same with normal B of standard deviation 0.05."""
    base, options = CASES[case]
    torch.manual_seed(seed)
    config = LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, bias="none", **options)
    model = get_peft_model(load_base(base, torch.float32), config)
    if case != "gqa_tied_variant":
        save_adapter(model, FOLDER / case / "adapter_zero_b")
    with torch.no_grad():
        for name, parameter in common.adapter_parameters(model).items():
            if "lora_B" in name:
                parameter.normal_(0.0, 0.05)
    save_adapter(model, FOLDER / case / "adapter")


def load_adapter(case, adapter, dtype):
    """The base in `dtype` with a trainable adapter; PEFT keeps 16-bit models' adapters in f32 (autocast_adapter_dtype)."""
    model = PeftModel.from_pretrained(load_base(CASES[case][0], dtype), FOLDER / case / adapter, is_trainable=True)
    assert all(p.dtype == torch.float32 for p in common.adapter_parameters(model).values())
    return model


def make_gradients(case, batch):
    """reference.safetensors: loss and gradients with the non-zero adapter, with and without label smoothing; logits."""
    model = load_adapter(case, "adapter", torch.float32)
    tensors = dict(batch)
    for prefix, smoothing in [("", 0.0), ("smooth.", 0.1)]:
        model.zero_grad()
        loss, count = common.masked_loss(model, batch, smoothing)
        loss.backward()
        tensors[f"{prefix}loss"] = loss.reshape(1)
        if prefix and case != "gqa_tied":
            continue
        for name, parameter in common.adapter_parameters(model).items():
            tensors[f"{prefix}grad.{name}"] = parameter.grad.clone()
    with torch.no_grad():
        row = batch["input_ids"][:1]
        tensors["base_logits"] = load_base(CASES[case][0], torch.float32)(input_ids=row).logits[0]
        tensors["logits"] = model(input_ids=row).logits[0]
        tensors["merged_logits"] = model.merge_and_unload()(input_ids=row).logits[0]
    change = (tensors["logits"] - tensors["base_logits"]).abs().max()
    merge_error = (tensors["logits"] - tensors["merged_logits"]).abs().max()
    print(f"{case}: loss {loss.item():.4f}, {count} targets, adapter moves logits by {change:.3f}, merge by {merge_error:.1e}")
    common.save_tensors(FOLDER / case / "reference.safetensors", tensors, SCRIPT, PACKAGES, targets=count)


def make_run(case, name, dtype, batches, keep_final, **options):
    """train_<name>.safetensors: ten steps from adapter_zero_b."""
    model = load_adapter(case, "adapter_zero_b", dtype)
    tensors, optimizer = common.train(model, batches, LR, WEIGHT_DECAY, MAX_GRAD_NORM, **options)
    if keep_final:
        for parameter_name, parameter in common.adapter_parameters(model).items():
            tensors[f"final.{parameter_name}"] = parameter
            if parameter_name.startswith("base_model.model.model.layers.0.self_attn.q_proj."):
                state = optimizer.state[parameter]
                tensors[f"final_exp_avg.{parameter_name}"] = state["exp_avg"]
                tensors[f"final_exp_avg_sq.{parameter_name}"] = state["exp_avg_sq"]
    print(f"{case} {name}: losses {tensors['losses'].tolist()}, norms {tensors['grad_norms'].tolist()}")
    common.save_tensors(FOLDER / case / f"train_{name}.safetensors", tensors, SCRIPT, PACKAGES)


def schedule(name, warmup, total):
    return lambda optimizer: get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=total)


def make_schedules(total=30, lr=2e-4):
    """schedules.json: the learning rate of update k (from 0) for each kind and warm-up, from get_scheduler."""
    runs = []
    for name, warmup in [
        ("constant", 0), ("constant_with_warmup", 5), ("linear", 0), ("linear", 5), ("cosine", 0), ("cosine", 5), ("cosine", 30),
    ]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
        scheduler = schedule(name, warmup, total)(optimizer)
        rates = []
        for _ in range(total):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        runs.append({"schedule": name, "warmup": warmup, "total": total, "lr": lr, "lrs": rates})
    record = {"script": f"tools/golden/{SCRIPT}", "versions": common.versions("transformers")}
    common.save_json(FOLDER / "schedules.json", record | {"runs": runs})


def main():
    gradient_batch = make_batches(1, seed=31)[0]
    batches = make_batches(STEPS, seed=32)
    stacked = {name: torch.stack([batch[name] for batch in batches]) for name in batches[0]}
    common.save_tensors(FOLDER / "batches.safetensors", stacked, SCRIPT, PACKAGES)
    for seed, case in enumerate(CASES):
        make_adapters(case, seed=40 + seed)
        make_gradients(case, gradient_batch)
    make_run("gqa_tied", "f32", torch.float32, batches, keep_final=True)
    make_run("gqa_tied", "bf16", torch.bfloat16, batches, keep_final=False)
    make_run(
        "gqa_tied", "f32_smooth_cosine", torch.float32, batches, keep_final=False,
        label_smoothing=0.1, schedule=schedule("cosine", 3, STEPS),
    )
    make_run("untied_llama3rope", "f32", torch.float32, batches, keep_final=False)
    make_schedules()


if __name__ == "__main__":
    main()
