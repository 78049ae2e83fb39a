"""The peer's side of `temper bench ops --peer mlx|torch`: the same ops, measured when asked.

Reads a JSON object a line on standard input and answers with one: {"prepare": case} -> {"ok": true} or {"skip": why};
{"sample": calls} -> {"seconds": of a call}. Its first line is {"peer": name} or {"error": what is missing}.
MLX is lazy: mx.eval follows every call, so that each is really computed (a hundred lazy results and one eval measure
the last one only). Nobody needs to start this by hand.
"""

import argparse
import json
import sys
import time


def load_torch(threads):
    import torch
    import torch.nn.functional as F

    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(0)
    types = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}

    def op_of(case):
        dtype = types[case["dtype"]]

        def random(*shape):
            return (torch.rand(*shape) * 2 - 1).to(dtype)

        op = case["op"]
        if op == "low_rank":
            x, a, b = random(case["rows"], case["width"]), random(case["rank"], case["width"]), random(case["width"], case["rank"])
            return lambda: (x @ a.T) @ b.T
        if op in ("lora_linear", "lora_linear+backward"):
            x, w = random(case["rows"], case["in"]), random(case["out"], case["in"])
            a, b = random(case["rank"], case["in"]), random(case["out"], case["rank"])
            if op == "lora_linear":
                return lambda: F.linear(x, w) + 2.0 * ((x @ a.T) @ b.T)
            dy = random(case["rows"], case["out"])
            for factor in (x, a, b):
                factor.requires_grad_(True)

            def step():
                x.grad = a.grad = b.grad = None
                with torch.enable_grad():
                    (F.linear(x, w) + (x @ a.T) @ b.T).backward(dy)

            return step
        if op == "linear":
            x, w = random(case["rows"], case["in"]), random(case["out"], case["in"])
            return lambda: F.linear(x, w)
        if op == "softmax":
            x = random(*case["shape"])
            return lambda: torch.softmax(x, -1)
        if op in ("rms_norm", "layer_norm"):
            x, w, bias = random(*case["shape"]), random(case["shape"][-1]), random(case["shape"][-1])
            size = (case["shape"][-1],)
            if op == "rms_norm":
                return lambda: F.rms_norm(x, size, w, 1e-5)
            return lambda: F.layer_norm(x, size, w, bias, 1e-5)
        if op == "adamw":
            parameter = torch.nn.Parameter(random(case["count"]))
            parameter.grad = random(case["count"])
            return torch.optim.AdamW([parameter], lr=1e-3, weight_decay=0.01, fused=True).step
        if op == "attention":
            q = random(1, case["heads"], case["queries"], case["width"])
            k, v = (random(1, case["kv_heads"], case["keys"], case["width"]) for _ in range(2))
            causal = case["queries"] > 1
            return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True)
        if op == "linear_cross_entropy":
            x, w = random(case["rows"], case["width"]), random(case["vocabulary"], case["width"])
            target = torch.arange(case["rows"]) * 977 % case["vocabulary"]
            return lambda: F.cross_entropy(F.linear(x, w).float(), target, reduction="sum")
        if op == "top_p":
            logits = random(1, case["vocabulary"]).float() * 8

            def draw():
                ordered, indices = torch.sort(torch.softmax(logits, -1), descending=True)
                before = torch.cumsum(ordered, -1) - ordered
                kept = torch.where(before > case["top_p"], torch.zeros_like(ordered), ordered)
                return indices.gather(-1, torch.multinomial(kept, 1))

            return draw
        return None

    def sample(run, calls):
        with torch.no_grad():
            start = time.perf_counter()
            for _ in range(calls):
                run()
            return (time.perf_counter() - start) / calls

    return f"torch {torch.__version__}, CPU, {torch.get_num_threads()} threads", op_of, sample


def load_mlx(threads):
    import importlib.metadata

    import mlx.core as mx

    types = {"f32": mx.float32, "bf16": mx.bfloat16, "f16": mx.float16}
    mx.random.seed(0)

    def op_of(case):
        dtype = types[case["dtype"]]

        def random(*shape):
            value = mx.random.uniform(-1, 1, shape).astype(dtype)
            mx.eval(value)
            return value

        op = case["op"]
        if op == "low_rank":
            x, a, b = random(case["rows"], case["width"]), random(case["rank"], case["width"]), random(case["width"], case["rank"])
            return lambda: (x @ a.T) @ b.T
        if op in ("lora_linear", "lora_linear+backward"):
            x, w = random(case["rows"], case["in"]), random(case["out"], case["in"])
            a, b = random(case["rank"], case["in"]), random(case["out"], case["rank"])
            if op == "lora_linear":
                return lambda: x @ w.T + 2.0 * ((x @ a.T) @ b.T)
            dy = random(case["rows"], case["out"])
            gradient = mx.grad(lambda x, a, b: ((x @ w.T + (x @ a.T) @ b.T) * dy).sum(), argnums=(0, 1, 2))
            return lambda: gradient(x, a, b)
        if op == "linear":
            x, w = random(case["rows"], case["in"]), random(case["out"], case["in"])
            return lambda: x @ w.T
        if op == "softmax":
            x = random(*case["shape"])
            return lambda: mx.softmax(x, axis=-1)
        if op in ("rms_norm", "layer_norm"):
            x, w, bias = random(*case["shape"]), random(case["shape"][-1]), random(case["shape"][-1])
            if op == "rms_norm":
                return lambda: mx.fast.rms_norm(x, w, 1e-5)
            return lambda: mx.fast.layer_norm(x, w, bias, 1e-5)
        if op == "attention":
            q = random(1, case["heads"], case["queries"], case["width"])
            k, v = (random(1, case["kv_heads"], case["keys"], case["width"]) for _ in range(2))
            mask = "causal" if case["queries"] > 1 else None
            scale = case["width"] ** -0.5
            return lambda: mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask=mask)
        if op == "adamw":
            import mlx.optimizers as optimizers

            parameters, gradients = {"p": random(case["count"])}, {"p": random(case["count"])}
            optimizer = optimizers.AdamW(learning_rate=1e-3, weight_decay=0.01)

            def step():
                nonlocal parameters
                parameters = optimizer.apply_gradients(gradients, parameters)
                return parameters, optimizer.state

            return step
        return None

    def sample(run, calls):
        start = time.perf_counter()
        for _ in range(calls):
            mx.eval(run())
        return (time.perf_counter() - start) / calls

    version = importlib.metadata.version("mlx")
    return f"mlx {version}, {mx.default_device()}, mx.eval every call", op_of, sample


LOADERS = {"torch": load_torch, "mlx": load_mlx}
PACKAGES = {"torch": "torch", "mlx": "mlx[cpu]" if sys.platform == "linux" else "mlx"}


def answer(value):
    print(json.dumps(value), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack", choices=sorted(LOADERS))
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    try:
        name, op_of, sample = LOADERS[arguments.stack](arguments.threads)
    except ImportError as error:
        answer({"error": f"{error}: pip install '{PACKAGES[arguments.stack]}', or name another Python with --python"})
        return
    answer({"peer": name})
    run = None
    for line in sys.stdin:
        question = json.loads(line)
        if "prepare" in question:
            try:
                run = op_of(question["prepare"])
                if run:
                    sample(run, 3)
                answer({"ok": True} if run else {"skip": "no such op"})
            except Exception as error:  # whatever the stack can't do is a case left out, with its reason
                run = None
                answer({"skip": f"{type(error).__name__}: {error}"[:200]})
        else:
            answer({"seconds": sample(run, question["sample"])})


if __name__ == "__main__":
    main()
