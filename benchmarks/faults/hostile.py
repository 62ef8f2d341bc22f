"""Damages inputs of every kind: bytes of any file, cells of a table, values of JSON, parts of a graph."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import onnx

from lstm_onnx.contract import METADATA_KEY

TOKENS = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b",",
    b",,,,",
    b"\n",
    b"\r",
    b"NaN",
    b"inf",
    b"-",
    b"1e999",
    b"9" * 400,
    b"2024-02-30 25:61",
    b"\xf0\x9f\x98\x80",
    b"\x7f\xff\xff\xff",
    b"=1+1",
    b"[",
    b"}",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    3,
    2**63,
    -(2**70),
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x" * 5000,
    "[bold]",
    "\x00",
    "../../x",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
)
NUMBERS = (0, -1, 1, 2, 7, 2**31 - 1, 2**31, 2**40, -(2**62))


def spoil_bytes(content: bytes, random: Random) -> bytes:
    """Flip, write over, cut out, repeat or put in, one to four times."""
    data = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        size = min(2 ** random.randrange(10), max(len(data) // 4, 1))
        how = random.randrange(6)
        if how == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif how == 1:
            data[at : at + size] = random.randbytes(size)
        elif how == 2:
            del data[at : at + size]
        elif how == 3:
            data[at:at] = data[at : at + size]
        elif how == 4:
            data[at:at] = random.choice(TOKENS)
        elif random.random() < 0.3:
            del data[at:]
    return bytes(data)


def spoil_cells(content: bytes, random: Random) -> bytes:
    """Change cells, rows and columns of a CSV table, which stays one; or its bytes."""
    if random.random() < 0.3:
        return spoil_bytes(content, random)
    rows = [line.split(b",") for line in content.splitlines()]
    for _ in range(random.choice((1, 1, 2, 3))):
        row = random.randrange(len(rows)) if random.random() < 0.8 else 0
        column = random.randrange(max(len(rows[row]), 1))
        how = random.randrange(9)
        if how < 5 and rows[row]:
            rows[row][column] = random.choice((*TOKENS, b"", random.choice(random.choice(rows) or [b""])))
        elif how == 5:
            rows.insert(row, list(random.choice(rows)))
        elif how == 6 and len(rows) > 1:
            del rows[row : row + random.choice((1, 1, 50))]
            rows = rows or [[b""]]
        elif how == 7 and random.random() < 0.3:
            rows = [r[:column] + r[column + 1 :] for r in rows]
        elif random.random() < 0.3:
            random.shuffle(rows)
    return random.choice((b"\n", b"\r\n")).join(b",".join(r) for r in rows)


def spoil_json(content: bytes, random: Random) -> bytes:
    """Remove, replace, repeat or move values anywhere in JSON; or change its bytes."""
    if random.random() < 0.2:
        return spoil_bytes(content, random)
    whole = [json.loads(content)]
    for _ in range(random.randint(1, 3)):
        holder, key = _place(whole, random)
        how = random.randrange(4)
        if how == 0 and holder is not whole:
            del holder[key]
        elif how == 1:
            other, name = _place(whole, random)
            holder[key] = copy.deepcopy(other[name])
        elif how == 2 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            value = holder[key]
            near = isinstance(value, int | float) and random.random() < 0.5
            holder[key] = random.choice(NUMBERS) if near else copy.deepcopy(random.choice(VALUES))
    return json.dumps(whole[0]).encode()


def _place(holder: Any, random: Random) -> tuple[Any, Any]:
    """Go down from the top by chance, so that a long list does not hide what is written once."""
    while True:
        key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or random.random() < 0.15:
            return holder, key
        holder = inner


def spoil_contract(content: bytes, random: Random) -> bytes:
    """Change the contract in an exported file."""
    model = onnx.load_model_from_string(content)
    entry = next(p for p in model.metadata_props if p.key == METADATA_KEY)
    entry.value = spoil_json(entry.value.encode(), random).decode(errors="replace")
    return bytes(model.SerializeToString())


def spoil_graph(content: bytes, random: Random) -> bytes:
    """Change nodes, weights and types of an exported file; or its bytes."""
    if random.random() < 0.3:
        return spoil_bytes(content, random)
    model = onnx.load_model_from_string(content)
    for _ in range(random.randint(1, 2)):
        random.choice(_GRAPH)(model, random)
    return bytes(model.SerializeToString())


def _nodes(model: onnx.ModelProto, random: Random) -> None:
    nodes = model.graph.node
    if not nodes:
        return
    node, other, how = random.choice(nodes), random.choice(nodes), random.randrange(5)
    if how == 0:
        nodes.remove(node)
    elif how == 1:
        node.op_type = random.choice((other.op_type, "Nothing", "Loop", "If", "Scan", "StringSplit"))
    elif how == 2 and node.input:
        node.input[random.randrange(len(node.input))] = random.choice(("", "nowhere", *other.input, *other.output))
    elif how == 3 and node.output:
        node.output[random.randrange(len(node.output))] = random.choice(("", *other.output))
    elif node.attribute:
        attribute = random.choice(node.attribute)
        attribute.i = random.choice(NUMBERS) if random.random() < 0.5 else attribute.i
        attribute.ints[:] = [random.choice(NUMBERS) for _ in attribute.ints]
        attribute.type = random.choice((attribute.type, 1, 2, 3, 4, 7))


def _weights(model: onnx.ModelProto, random: Random) -> None:
    tensor, how = random.choice(model.graph.initializer), random.randrange(5)
    if how == 0:
        tensor.raw_data = tensor.raw_data[: random.randrange(len(tensor.raw_data) + 1)]
    elif how == 1:
        tensor.data_type = random.randrange(24)
    elif how == 2:
        model.graph.initializer.remove(tensor)
    elif how == 3:
        tensor.dims[:] = [random.choice(NUMBERS) for _ in range(random.randrange(4))]
    else:
        tensor.raw_data = spoil_bytes(tensor.raw_data, random)


def _interface(model: onnx.ModelProto, random: Random) -> None:
    values = random.choice((model.graph.input, model.graph.output))
    if not values:
        return
    value, how = random.choice(values), random.randrange(5)
    dims = value.type.tensor_type.shape.dim
    if how == 0:
        values.remove(value)
    elif how == 1:
        value.type.tensor_type.elem_type = random.randrange(24)
    elif how == 2 and dims:
        random.choice(dims).dim_value = random.choice(NUMBERS)
    elif how == 3:
        value.name = random.choice(("", "x", random.choice(values).name))
    elif dims:
        dims.pop()


def _head(model: onnx.ModelProto, random: Random) -> None:
    how = random.randrange(3)
    if how == 0 and model.opset_import:
        random.choice(model.opset_import).version = random.choice(NUMBERS)
    elif how == 1:
        model.ir_version = random.choice(NUMBERS)
    else:
        model.metadata_props.add().CopyFrom(random.choice(model.metadata_props))


_GRAPH = (_nodes, _nodes, _weights, _weights, _interface, _head)
