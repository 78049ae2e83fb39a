"""What the golden scripts share: fixed threads and seeds, version records, file writing, LoRA loss and gradients.

Every script runs from the repository root, so that the paths recorded in the data are relative ones.
"""

import json
import math
import os
import pathlib
import platform
import sys

# PEFT writes target_modules from a set: without a fixed hash seed its order changes from run to run.
if os.environ.get("PYTHONHASHSEED") != "0":
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve each other on a busy machine
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TQDM_DISABLE", "1")

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path("tests/golden/data")
IGNORE = -100  # label of a position that is not trained, as torch.nn.functional.cross_entropy has it

START = pathlib.Path.cwd()  # what paths on the command line are relative to
os.chdir(ROOT)
torch.set_num_threads(2)
torch.use_deterministic_algorithms(True)


def versions(*packages):
    """The versions that belong into a data file: Python, torch and the named packages."""
    import importlib.metadata

    found = {"python": platform.python_version(), "torch": torch.__version__}
    for package in packages:
        found[package] = importlib.metadata.version(package)
    return found


def save_tensors(path, tensors, script, packages=(), **facts):
    """Writes a safetensors file whose only metadata key, "golden", is a JSON object: script, versions, facts.

    One key, because the writer orders several keys differently from run to run.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"script": f"tools/golden/{script}", "versions": versions(*packages), **facts}
    contiguous = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    save_file(contiguous, path, metadata={"golden": json.dumps(record, sort_keys=True)})
    print(f"{path}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def save_json(path, value):
    """Writes JSON that diffs well: one key a line at the top, UTF-8 kept."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size} bytes")


def next_token_logprobs(logits, ids):
    """[T-1]: log p(ids[t+1] | ids[..t]), from logits [T, V] and ids [T]."""
    logprobs = F.log_softmax(logits.float(), dim=-1)
    return logprobs[:-1].gather(1, ids[1:, None])[:, 0]


@torch.no_grad()
def greedy(model, ids, count):
    """`count` greedy tokens after ids [T], end-of-text tokens not heeded, and each step's top-1 minus top-2 logit.

    Decodes with the model's own KV cache.
    """
    cache, step_ids, new_ids, gaps = None, ids[None], [], []
    for _ in range(count):
        out = model(input_ids=step_ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = out.past_key_values
        top = out.logits[0, -1].float().topk(2)
        new_ids.append(int(top.indices[0]))
        gaps.append(float(top.values[0] - top.values[1]))
        step_ids = torch.tensor([[new_ids[-1]]])
    return torch.tensor(new_ids), torch.tensor(gaps, dtype=torch.float32)


def masked_loss(model, batch, label_smoothing=0.0):
    """Sum of the next-token losses over the batch's targets, divided by their number.

    A target is labels[:, t] with t >= 1 that is not IGNORE; its logits are those of position t - 1.
    Returns (loss, number of targets). The reduction runs in f32 whatever the model's dtype.
    """
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    targets = batch["labels"][:, 1:].reshape(-1)
    rows = logits[:, :-1].reshape(-1, logits.shape[-1]).float()
    count = int((targets != IGNORE).sum())
    total = F.cross_entropy(rows, targets, ignore_index=IGNORE, reduction="sum", label_smoothing=label_smoothing)
    return total / count, count


def adapter_parameters(model):
    """{PEFT file name: parameter} of every trained tensor, in the model's order."""
    return {
        name.replace(".default.", "."): parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def train(model, batches, lr, weight_decay, max_grad_norm, schedule=None, label_smoothing=0.0):
    """PEFT training with torch's AdamW, one step a batch; returns ({"losses", "grad_norms", "lrs"}, AdamW's state).

    losses[k] is the loss before update k; grad_norms[k] the norm before clipping; lrs[k] the rate of update k.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay)
    scheduler = schedule(optimizer) if schedule else None
    losses, norms, rates = [], [], []
    for batch in batches:
        optimizer.zero_grad()
        loss, _ = masked_loss(model, batch, label_smoothing)
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, max_grad_norm)))
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if scheduler:
            scheduler.step()
        losses.append(float(loss.detach()))
    log = {
        "losses": torch.tensor(losses, dtype=torch.float32),
        "grad_norms": torch.tensor(norms, dtype=torch.float32),
        "lrs": torch.tensor(rates, dtype=torch.float64),
    }
    return log, optimizer


def fnv1a32(text):
    """The 32-bit FNV-1a hash of a string's UTF-8 bytes."""
    value = 0x811C9DC5
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def formula_values(name, shape, bound):
    """A tensor that any language can rebuild without a file: uniform-looking f32 values in [-bound, bound).

    With i the row-major index and all integers modulo 2^32:
      x = i + fnv1a32(name)
      x ^= x >> 16;  x *= 0x7feb352d;  x ^= x >> 15;  x *= 0x846ca68b;  x ^= x >> 16
      value_i = float32((x / 2^32 - 0.5) * 2 * bound), computed in double.
    """
    mask = 0xFFFFFFFF
    x = (torch.arange(math.prod(shape), dtype=torch.int64) + fnv1a32(name)) & mask
    x = x ^ (x >> 16)
    x = _multiply_mod32(x, 0x7FEB352D)
    x = x ^ (x >> 15)
    x = _multiply_mod32(x, 0x846CA68B)
    x = x ^ (x >> 16)
    return ((x.double() / 2.0**32 - 0.5) * (2.0 * bound)).float().reshape(shape)


def _multiply_mod32(x, factor):
    # In halves: the full product of two 32-bit values would overflow int64.
    low = (x & 0xFFFF) * factor
    high = (((x >> 16) * factor) & 0xFFFF) << 16
    return (low + high) & 0xFFFFFFFF
