#!/usr/bin/env python3
"""Writes tests/golden/data/quant.safetensors: random blocks of every GGUF type and what the reference makes of them.

Reference: the PyPI package `gguf` (made with 0.19.0; numpy 2.4, safetensors 0.8). Run: quant_golden.py [OUTPUT]
For a type T the file holds "T.blocks" (u8 [rows, row bytes]) and "T.values" (f32 [rows, row elements]). Scales (the f16
fields) are random and finite, with zeros and subnormals among them; all other bits are uniformly random.
"""

import pathlib
import sys

import gguf
import numpy as np
from safetensors.numpy import save_file

# type, blocks per row, rows, byte offsets of the f16 fields inside of a block
LAYOUTS = [
    ("F32", 64, 2, None), ("F16", 64, 4, None), ("BF16", 64, 4, None),
    ("Q4_0", 8, 4, [0]), ("Q4_1", 8, 4, [0, 2]), ("Q5_0", 8, 4, [0]), ("Q5_1", 8, 4, [0, 2]), ("Q8_0", 8, 4, [0]),
    ("Q2_K", 2, 4, [80, 82]), ("Q3_K", 2, 4, [108]), ("Q4_K", 2, 4, [0, 2]), ("Q5_K", 2, 4, [0, 2]), ("Q6_K", 2, 4, [208]),
]


def random_scales(rng, count):
    scales = rng.normal(0, 0.1, count).astype(np.float16)
    scales[rng.random(count) < 0.05] = np.float16(0)
    scales[rng.random(count) < 0.05] = np.float16(5.96e-7)  # subnormal
    return scales


def main():
    output = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                          pathlib.Path(__file__).parents[2] / "tests/golden/data/quant.safetensors")
    rng = np.random.default_rng(20260101)
    tensors = {}
    for name, blocks_per_row, rows, scale_offsets in LAYOUTS:
        quant_type = gguf.GGMLQuantizationType[name]
        _, block_bytes = gguf.GGML_QUANT_SIZES[quant_type]
        blocks = rng.integers(0, 256, (rows * blocks_per_row, block_bytes), dtype=np.uint8)
        if scale_offsets is None:  # plain elements: random values of many magnitudes
            values = rng.normal(0, 1, len(blocks)) * 10.0 ** rng.integers(-7, 4, len(blocks))
            if name == "BF16":
                blocks[:] = (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(np.uint8).reshape(-1, 2)
            else:
                dtype = np.float16 if name == "F16" else np.float32
                blocks[:] = values.astype(dtype).view(np.uint8).reshape(-1, block_bytes)
        else:
            for offset in scale_offsets:
                blocks[:, offset : offset + 2] = random_scales(rng, len(blocks)).view(np.uint8).reshape(-1, 2)
        data = blocks.reshape(rows, -1)
        source = data
        if name in ("F32", "F16"):  # the reference wants these as numbers
            source = data.view(np.float16 if name == "F16" else np.float32)
        tensors[name + ".blocks"] = data
        tensors[name + ".values"] = np.ascontiguousarray(gguf.quants.dequantize(source, quant_type), dtype=np.float32)
        assert np.isfinite(tensors[name + ".values"]).all(), name
    save_file(tensors, output)
    print(f"{output}: {output.stat().st_size} bytes, {len(tensors)} tensors")


main()
