"""Writes tests/golden/data/ops.safetensors: inputs and torch's results of single operations, forward and backward.

Inputs are f32; torch computes in f64 on them and the results are rounded to f32, so that a difference is ours.
Gradients are those of sum(y * dy) with the stored dy. Integer tensors are i64.
Usage, from anywhere: python tools/golden/ops_reference.py
"""

import math

import golden_common as common
import torch
import torch.nn.functional as F
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

SCRIPT = "ops_reference.py"
PACKAGES = ("transformers", "safetensors")

# Published known answers of Philox4x32-10 (Salmon et al. 2011; Random123's kat_vectors): counter, key, output.
PHILOX_KNOWN_ANSWERS = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


class Records:
    """Collects tensors under "<case>.<name>" and draws seeded inputs."""

    def __init__(self, seed):
        self.tensors = {}
        self.generator = torch.Generator().manual_seed(seed)

    def randn(self, *shape, scale=1.0):
        return torch.randn(*shape, generator=self.generator) * scale

    def put(self, case, **named):
        for name, value in named.items():
            value = value.detach()
            self.tensors[f"{case}.{name}"] = value.float() if value.is_floating_point() else value.long()

    def differentiate(self, case, function, inputs, constants=None, dy=None):
        """Records inputs, y = function(*inputs), dy and the gradient "d<name>" of each input."""
        leaves = {name: value.double().requires_grad_() for name, value in inputs.items()}
        y = function(*leaves.values())
        dy = self.randn(*y.shape) if dy is None else dy
        gradients = torch.autograd.grad(y, list(leaves.values()), dy.double())
        self.put(case, **inputs, **(constants or {}), y=y, dy=dy)
        self.put(case, **{f"d{name}": gradient for name, gradient in zip(leaves, gradients)})


def norms(records):
    x, w, b = records.randn(3, 5, 16, scale=2.0), 1 + records.randn(16, scale=0.3), records.randn(16, scale=0.5)
    records.differentiate("rms_norm", lambda x, w: F.rms_norm(x, (16,), w, eps=1e-5), {"x": x, "w": w})
    records.differentiate("rms_norm_tiny", lambda x, w: F.rms_norm(x, (16,), w, eps=1e-5), {"x": x * 1e-3, "w": w})
    records.differentiate("layer_norm", lambda x, w, b: F.layer_norm(x, (16,), w, b, eps=1e-5), {"x": x, "w": w, "b": b})


def softmaxes(records):
    x = records.randn(4, 7, scale=3.0)
    x[1] *= 1000.0  # overflows without subtraction of the maximum
    x[2, 3:] = -math.inf
    records.differentiate("softmax", lambda x: F.softmax(x, dim=-1), {"x": x})
    finite = x.masked_fill(x.isinf(), -50.0)
    records.differentiate("log_softmax", lambda x: F.log_softmax(x, dim=-1), {"x": finite})
    records.put("log_sum_exp", x=x, y=torch.logsumexp(x.double(), dim=-1))


def activations(records):
    x = torch.cat([records.randn(40, scale=2.0), torch.tensor([0.0, -0.0, 1e-6, -20.0, 20.0, -90.0, 90.0, -5.5])])
    records.differentiate("silu", F.silu, {"x": x})
    records.differentiate("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), {"x": x})
    records.differentiate("gelu_exact", F.gelu, {"x": x})
    pair = {"gate": records.randn(3, 10, scale=2.0), "up": records.randn(3, 10)}
    records.differentiate("swiglu", lambda gate, up: F.silu(gate) * up, pair)


def rotary(records):
    """RoPE as Transformers does it: dimension i pairs with i + D/2; x [B, H, T, D], positions [B, T]."""
    positions = torch.tensor([[0, 1, 2, 3, 4], [7, 8, 30, 31, 500]])
    config = LlamaConfig(hidden_size=24, num_attention_heads=3, head_dim=8, max_position_embeddings=1024)
    embedding = LlamaRotaryEmbedding(config)
    angles = positions.double()[..., None] * embedding.inv_freq.double()
    angles = torch.cat([angles, angles], dim=-1)
    cos, sin = angles.cos(), angles.sin()

    def rotate(x):
        return apply_rotary_pos_emb(x, x, cos, sin)[0]

    constants = {"positions": positions, "inv_freq": embedding.inv_freq}
    records.differentiate("rope", rotate, {"x": records.randn(2, 3, 5, 8)}, constants)

    for case, head_dim, theta, factor in [("rope_llama31", 128, 500000.0, 8.0), ("rope_llama32", 64, 500000.0, 32.0)]:
        scaling = {
            "rope_type": "llama3", "rope_theta": theta, "factor": factor, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
        }
        config = LlamaConfig(hidden_size=4 * head_dim, num_attention_heads=4, head_dim=head_dim,
                             max_position_embeddings=131072, rope_parameters=scaling)
        inv_freq, attention_factor = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
        assert attention_factor == 1.0
        records.put(case, inv_freq=inv_freq)


def attentions(records):
    """scores = q k^T / sqrt(D); q [B, H, Tq, D], k and v [B, KV, Tk, D]; mask[i, j]: query i sees key j."""
    batch, heads, kv_heads, length, dim = 2, 4, 2, 9, 8
    i, j = torch.arange(length)[:, None], torch.arange(length)[None]
    causal = j <= i
    documents = torch.tensor([[0, 0, 0, 0, 1, 1, 2, 2, 2], [0, 0, 0, 0, 0, 0, 0, 1, 1]])
    same = documents[:, None, :, None] == documents[:, None, None, :]
    cases = {
        "attention_causal": (causal, length, {}),
        "attention_window4": (causal & (i - j < 4), length, {}),
        "attention_packed": (causal & same, length, {"documents": documents}),
        # The last three queries over all keys, as in decoding with a cache: query i stands at position i + 6.
        "attention_cached": (causal[6:], 3, {}),
        "attention_full": (torch.ones(length, length, dtype=torch.bool), length, {}),
    }
    for case, (mask, queries, constants) in cases.items():
        inputs = {
            "q": records.randn(batch, heads, queries, dim, scale=1.5),
            "k": records.randn(batch, kv_heads, length, dim, scale=1.5),
            "v": records.randn(batch, kv_heads, length, dim),
        }

        def attend(q, k, v, mask=mask):
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)

        records.differentiate(case, attend, inputs, constants)
        k = inputs["k"].double().repeat_interleave(heads // kv_heads, dim=1)
        scores = inputs["q"].double() @ k.transpose(-1, -2) / math.sqrt(dim)
        records.put(case, lse=torch.logsumexp(scores.masked_fill(~mask, -math.inf), dim=-1))


def losses(records):
    logits, targets = records.randn(7, 11, scale=3.0), torch.tensor([3, -100, 0, 10, 5, -100, 5])
    hidden, weight = records.randn(7, 6), records.randn(11, 6)
    for case, smoothing in [("cross_entropy", 0.0), ("cross_entropy_smooth", 0.1)]:
        def loss(logits, smoothing=smoothing):
            return F.cross_entropy(logits, targets, ignore_index=-100, label_smoothing=smoothing).reshape(1)

        records.differentiate(case, loss, {"logits": logits}, {"targets": targets}, dy=torch.ones(1))
    records.put("cross_entropy", per_row=F.cross_entropy(logits.double(), targets, ignore_index=-100, reduction="none"))

    def linear_loss(hidden, weight):
        return F.cross_entropy(hidden @ weight.T, targets, ignore_index=-100, reduction="sum").reshape(1)

    inputs = {"hidden": hidden, "weight": weight}
    records.differentiate("linear_cross_entropy", linear_loss, inputs, {"targets": targets}, dy=torch.ones(1))


def indexing(records):
    ids = torch.tensor([[1, 9, 1, 4], [0, 0, 9, 2]])
    records.differentiate("embedding", lambda table: F.embedding(ids, table), {"table": records.randn(10, 6)}, {"ids": ids})
    index = torch.tensor([[0, 5, 5], [1, 2, 3], [4, 4, 4], [5, 0, 1]])
    records.differentiate("gather", lambda x: x.gather(1, index), {"x": records.randn(4, 6)}, {"index": index})


def lora(records):
    """y = x W^T + 1.5 (x A^T) B^T; W has no gradient."""
    w = records.randn(7, 10, scale=0.3)
    inputs = {"x": records.randn(2, 3, 10), "a": records.randn(4, 10, scale=0.3), "b": records.randn(7, 4, scale=0.3)}
    records.differentiate("lora_linear", lambda x, a, b: x @ w.double().T + 1.5 * (x @ a.T) @ b.T, inputs, {"w": w})


def optimizers(records):
    param, grads = records.randn(13), [records.randn(13), records.randn(13, scale=1e-3)]
    weight = torch.nn.Parameter(param.double())
    optimizer = torch.optim.AdamW([weight], lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
    records.put("adamw", param0=param, grad1=grads[0], grad2=grads[1])
    for step, grad in enumerate(grads, start=1):
        weight.grad = grad.double()
        optimizer.step()
        state = optimizer.state[weight]
        values = {"param": weight, "exp_avg": state["exp_avg"], "exp_avg_sq": state["exp_avg_sq"]}
        records.put("adamw", **{f"{name}{step}": value for name, value in values.items()})

    grads = {"grad0": records.randn(3, 4), "grad1": records.randn(5, scale=10.0)}
    for case, max_norm in [("clip_active", 1.0), ("clip_idle", 100.0)]:
        leaves = [torch.nn.Parameter(torch.zeros_like(g, dtype=torch.float64)) for g in grads.values()]
        for leaf, grad in zip(leaves, grads.values()):
            leaf.grad = grad.double()
        norm = torch.nn.utils.clip_grad_norm_(leaves, max_norm)
        records.put(case, **grads, norm=norm.reshape(1), clipped0=leaves[0].grad, clipped1=leaves[1].grad)

    fan_in = torch.tensor([1, 16, 64, 576, 1536])
    bound = []
    for n in fan_in.tolist():
        weight = torch.empty(64, n)
        torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=records.generator)
        bound.append(math.sqrt(6.0 / ((1.0 + 5.0) * n)))
        assert 0.9 * bound[-1] < weight.abs().max() <= bound[-1] * (1 + 1e-6)
    records.put("kaiming_uniform", fan_in=fan_in, bound=torch.tensor(bound, dtype=torch.float64))


def philox(records):
    counter, key, output = (torch.tensor(column) for column in zip(*PHILOX_KNOWN_ANSWERS))
    records.put("philox4x32_10", counter=counter, key=key, output=output)


def main():
    records = Records(seed=11)
    for part in (norms, softmaxes, activations, rotary, attentions, losses, indexing, lora, optimizers, philox):
        part(records)
    common.save_tensors(common.DATA / "ops.safetensors", records.tensors, SCRIPT, PACKAGES)


if __name__ == "__main__":
    main()
