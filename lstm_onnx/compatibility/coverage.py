"""Operators and attributes that are known to run on targets that cannot be tried from Python.

The list is that of the reference models (`exported/`), which onnxruntime-node and onnxruntime-web answer as they
should: `tests/embedding/test_node.py` and `test_web.py` run them there; `tests/compatibility/test_coverage.py` holds
the list to the files. An attribute on it ran with the values that these models have: of numbers, that is no promise
for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx

from lstm_onnx.compatibility.rules import every_node, operator_name

RAN = {
    "Abs": "",
    "Add": "",
    "And": "",
    "ArgMax": "axis keepdims select_last_index",
    "Cast": "to",
    "Clip": "",
    "Concat": "axis",
    "Constant": "value_ints",
    "ConstantOfShape": "value",
    "Conv": "auto_pad dilations group kernel_shape pads strides",
    "CumSum": "exclusive reverse",
    "Div": "",
    "Equal": "",
    "Erf": "",
    "Exp": "",
    "Expand": "",
    "Gather": "axis",
    "GatherElements": "axis",
    "Gemm": "alpha beta transA transB",
    "Greater": "",
    "GreaterOrEqual": "",
    "IsInf": "",
    "IsNaN": "",
    "LSTM": "hidden_size",
    "LayerNormalization": "axis epsilon stash_type",
    "Less": "",
    "LessOrEqual": "",
    "Log": "",
    "LogSoftmax": "axis",
    "Loop": "body",
    "MatMul": "",
    "Max": "",
    "Min": "",
    "Mod": "fmod",
    "Mul": "",
    "Neg": "",
    "Not": "",
    "Or": "",
    "Pad": "",
    "Pow": "",
    "Range": "",
    "Reciprocal": "",
    "ReduceMax": "keepdims",
    "ReduceMean": "keepdims noop_with_empty_axes",
    "ReduceMin": "keepdims noop_with_empty_axes",
    "ReduceSum": "keepdims noop_with_empty_axes",
    "RegexFullMatch": "pattern",
    "Relu": "",
    "Reshape": "allowzero",
    "ReverseSequence": "batch_axis time_axis",
    "ScatterElements": "axis reduction",
    "Shape": "end start",
    "Sigmoid": "",
    "Sin": "",
    "Slice": "",
    "Softmax": "axis",
    "Softplus": "",
    "Split": "axis num_outputs",
    "Squeeze": "",
    "StringConcat": "",
    "StringSplit": "delimiter",
    "Sub": "",
    "Tanh": "",
    "Tile": "",
    "TopK": "axis largest sorted",
    "Transpose": "perm",
    "Unsqueeze": "",
    "Where": "",
    "ai.onnx.ml.LabelEncoder": "default_int64 keys_strings values_int64s",
    "com.microsoft.DynamicQuantizeLSTM": "hidden_size",
}
"""Operator, with its domain where that is not the standard one -> its attributes, apart by spaces."""

TARGETS = {"node": "onnxruntime-node 1.30", "web": "onnxruntime-web 1.30"}
"""Targets on which all of `RAN` ran, and the version that did."""


def uncovered(model: onnx.ModelProto) -> Iterator[str]:
    """Yield each operator of a model, or attribute of one, of which `RAN` knows nothing.

    An attribute that says what holds without it, such as the mode `constant` of Pad, is none that would have to be
    tried: exporters write it out or not.
    """
    versions = {entry.domain: entry.version for entry in model.opset_import}
    for node in every_node(model):
        name = operator_name(node)
        if name not in RAN:
            yield name
            continue
        known = RAN[name].split()
        for attribute in node.attribute:
            if attribute.name not in known and not _says_default(attribute, node, versions):
                yield f"{attribute.name} of {name}"


def _says_default(attribute: onnx.AttributeProto, node: onnx.NodeProto, versions: Mapping[str, int]) -> bool:
    """Whether an attribute has the value that the operator takes where it is left out."""
    try:
        schema = onnx.defs.get_schema(node.op_type, versions.get(node.domain, 1), node.domain)
    except onnx.defs.SchemaError:
        return False
    known = schema.attributes.get(attribute.name)
    if known is None or known.default_value.type != attribute.type:
        return False
    return bool(onnx.helper.get_attribute_value(known.default_value) == onnx.helper.get_attribute_value(attribute))
