"""Build the local embedding model file: `python -m tools.minilm_onnx OUTFILE`.

Writes all-MiniLM-L6-v2 (6 BERT layers, mean pooling over the mask, L2 norm) as an ONNX graph from the published weights and
quantises it to 8-bit integers. The architecture follows the `config.json` that lies beside the weights. Runs once per
deployment, in its own process, so that the `onnx` package is never loaded by a server.

Input of the graph: `input_ids`, `attention_mask`, both int64 [batch, tokens]. Output: `embedding`, float32 [batch, 384].
"""

import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

from omni_app.llm.providers.local.minilm import weights_folder

LAYERS = 6
HEADS = 12
WIDTH = 384
HEAD_WIDTH = WIDTH // HEADS
LAYER_NORM_EPSILON = 1e-12
OPSET = 17


class GraphWriter:
    """Collects nodes and constants; every method returns the name of the tensor it makes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=f"{kind}_{len(self.nodes)}", **attributes))
        return output


def build_graph(weights: dict[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """The float32 graph. Raises KeyError when the weights are not a 6-layer BERT encoder."""
    graph = GraphWriter()

    def weight(name: str) -> str:
        return graph.constant(name, weights[name])

    def dense(value: str, name: str) -> str:
        # Stored as [out, in]; MatMul wants [in, out].
        matrix = graph.constant(f"{name}.matrix", weights[f"{name}.weight"].T)
        return graph.op("Add", graph.op("MatMul", value, matrix), weight(f"{name}.bias"))

    def layer_norm(value: str, name: str) -> str:
        return graph.op(
            "LayerNormalization", value, weight(f"{name}.weight"), weight(f"{name}.bias"), axis=-1, epsilon=LAYER_NORM_EPSILON
        )

    heads_shape = graph.constant("heads_shape", np.array([0, 0, HEADS, HEAD_WIDTH], np.int64))
    flat_shape = graph.constant("flat_shape", np.array([0, 0, WIDTH], np.int64))

    def heads(value: str, order: list[int]) -> str:
        return graph.op("Transpose", graph.op("Reshape", value, heads_shape), perm=order)

    # Positions 0..tokens-1, cut from the position table by the length of the input.
    length = graph.op(
        "Slice",
        graph.op("Shape", "input_ids"),
        graph.constant("one", np.array([1], np.int64)),
        graph.constant("two", np.array([2], np.int64)),
    )
    zero = graph.constant("zero", np.array([0], np.int64))
    positions = graph.op("Slice", weight("embeddings.position_embeddings.weight"), zero, length, zero)
    token_type = graph.constant("token_type", weights["embeddings.token_type_embeddings.weight"][0])
    # The word table is half of all weights. One scale per word keeps eight bits of it exact enough; the quantiser's single scale
    # for the whole table does not.
    table = weights["embeddings.word_embeddings.weight"]
    step = np.abs(table).max(axis=1, keepdims=True) / 127
    rounded = graph.op("Gather", graph.constant("words", np.rint(table / step).astype(np.int8)), "input_ids", axis=0)
    steps = graph.op("Gather", graph.constant("word_steps", step.astype(np.float32)), "input_ids", axis=0)
    words = graph.op("Mul", graph.op("Cast", rounded, to=TensorProto.FLOAT), steps)
    hidden = layer_norm(graph.op("Add", graph.op("Add", words, positions), token_type), "embeddings.LayerNorm")

    mask = graph.op("Cast", "attention_mask", to=TensorProto.FLOAT)
    axes = graph.constant("mask_axes", np.array([1, 2], np.int64))
    unseen = graph.op("Sub", graph.constant("one_float", np.array(1.0, np.float32)), graph.op("Unsqueeze", mask, axes))
    bias = graph.op("Mul", unseen, graph.constant("very_low", np.array(-10000.0, np.float32)))
    scale = graph.constant("scale", np.array(1.0 / math.sqrt(HEAD_WIDTH), np.float32))
    half = graph.constant("half", np.array(0.5, np.float32))
    root = graph.constant("root_of_two", np.array(math.sqrt(2.0), np.float32))
    one = graph.constant("one_float", np.array(1.0, np.float32))

    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        query = heads(dense(hidden, f"{at}.attention.self.query"), [0, 2, 1, 3])
        key = heads(dense(hidden, f"{at}.attention.self.key"), [0, 2, 3, 1])
        value = heads(dense(hidden, f"{at}.attention.self.value"), [0, 2, 1, 3])
        scores = graph.op("Add", graph.op("Mul", graph.op("MatMul", query, key), scale), bias)
        seen = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), value)
        joined = graph.op("Reshape", graph.op("Transpose", seen, perm=[0, 2, 1, 3]), flat_shape)
        attended = layer_norm(
            graph.op("Add", dense(joined, f"{at}.attention.output.dense"), hidden), f"{at}.attention.output.LayerNorm"
        )
        wide = dense(attended, f"{at}.intermediate.dense")
        curve = graph.op("Add", graph.op("Erf", graph.op("Div", wide, root)), one)
        gelu = graph.op("Mul", graph.op("Mul", wide, curve), half)
        hidden = layer_norm(graph.op("Add", dense(gelu, f"{at}.output.dense"), attended), f"{at}.output.LayerNorm")

    token_axis = graph.constant("token_axis", np.array([1], np.int64))
    weighted = graph.op("Mul", hidden, graph.op("Unsqueeze", mask, graph.constant("last_axis", np.array([2], np.int64))))
    total = graph.op("ReduceSum", weighted, token_axis, keepdims=0)
    count = graph.op("ReduceSum", mask, token_axis, keepdims=1)
    mean = graph.op("Div", total, count)
    squares = graph.op("ReduceSum", graph.op("Mul", mean, mean), token_axis, keepdims=1)
    floor = graph.constant("smallest", np.array(1e-12, np.float32))
    norm = graph.op("Sqrt", graph.op("Max", squares, floor))
    graph.nodes.append(helper.make_node("Div", [mean, norm], ["embedding"], name="embedding"))

    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "all-MiniLM-L6-v2",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
                for name in ("input_ids", "attention_mask")
            ],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", WIDTH])],
            initializer=list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model


def build(outfile: Path) -> None:
    """Write the quantised model to `outfile`; readers see no file or the whole file, never a part."""
    outfile.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="minilm-", dir=outfile.parent) as folder:
        whole, small = Path(folder, "fp32.onnx"), Path(folder, "int8.onnx")
        onnx.save(build_graph(load_file(weights_folder() / "model.safetensors")), whole)
        # One scale per output column keeps the vectors close to float32; one per matrix does not.
        quantize_dynamic(whole, small, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8)
        os.replace(small, outfile)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tools.minilm_onnx OUTFILE", file=sys.stderr)
        return 2
    build(Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
