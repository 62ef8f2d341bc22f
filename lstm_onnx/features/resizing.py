"""Makes any picture a square of fixed size: in ONNX, in NumPy, and as Pillow does it for training.

The filter is Pillow's BILINEAR, a triangle around each new pixel's centre: as wide as the picture shrinks but never
narrower than two pixels, with pixel centres at halves, and weights that add up to 1 at the edges too. It is written as
two matrix products, whose weights come from whole numbers, so that every runtime has the same; ONNX's own `Resize`
differs from runtime to runtime where it filters at all. Pillow rounds to whole grey levels after each direction, and
here nothing is rounded; a picture that has the size already stays as it is.

With `long` and `short` the sides of a picture and `off = (long - short) // 2`, `crop` keeps `short` pixels of the long
side from `off` on, `pad` puts the picture at `off` on a grey square of `long` pixels, and `stretch` does neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Array, Axis, ImageSource, TensorSpec
from lstm_onnx.task import Arrays, Stage

if TYPE_CHECKING:
    from onnx import GraphProto
    from PIL.Image import Image

GREY = 128
"""What stands around a padded picture, in grey levels of 0 to 255."""

Fit = Literal["crop", "pad", "stretch"]
Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

IMAGE = TensorSpec(
    name="image",
    dtype="uint8",
    dims=("batch", "height", "width", "colour"),
    meaning="pictures of any size, the same for all of a batch",
    source=ImageSource(),
)
PICTURE = TensorSpec(
    name="picture",
    dtype="float32",
    dims=("batch", "colour", "down", "across"),
    meaning="pictures cut, padded or stretched to a square and resized, 0 black to 1",
)


def squared(image: Image, size: int, fit: Fit) -> Pixels:
    """Return (size, size, 3) pixels of a picture of mode RGB, as Pillow makes them.

    Where a side is odd by a pixel, that pixel is cut or added at the right or at the bottom.
    """
    from PIL import Image as pillow

    width, height = image.size
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    elif fit == "pad":
        side = max(width, height)
        square = pillow.new("RGB", (side, side), (GREY, GREY, GREY))
        square.paste(image, ((side - width) // 2, (side - height) // 2))
        image = square
    return np.asarray(image.resize((size, size), pillow.Resampling.BILINEAR))


def resize_stage(size: int, fit: Fit) -> Stage:
    """Make `PICTURE`, a square of `size` pixels, of `IMAGE`."""

    def reference(arrays: Arrays) -> dict[str, Array]:
        return {PICTURE.name: resize(arrays[IMAGE.name], size, fit)}

    return Stage(
        inputs=(IMAGE,),
        outputs=(PICTURE,),
        build=lambda: resize_graph(size, fit),
        reference=reference,
        axes={
            "down": Axis(size=size, meaning="pixels of the square, from the top"),
            "across": Axis(size=size, meaning="pixels of the square, from the left"),
        },
    )


def resize(images: Array, size: int, fit: Fit) -> Floats:
    """Return (batch, 3, size, size), from 0 to 1, of bytes (batch, height, width, 3)."""
    height, width = images.shape[1:3]
    if height == width == size:
        return to_unit(images)
    if fit == "stretch":
        down, across = weights(height, size), weights(width, size)
    elif fit == "crop":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        images = images[:, top : top + side, left : left + side]
        down = across = weights(side, size)
    else:
        side = max(height, width)
        top, left = (side - height) // 2, (side - width) // 2
        whole = weights(side, size)
        down, across = whole[:, top : top + height], whole[:, left : left + width]
    levels = images.astype(np.float32) - np.float32(GREY)  # so that what is beyond the picture, as zero, is grey
    rows = (down @ levels.reshape(*levels.shape[:2], -1)).reshape(len(levels), size, -1, 3)
    found: Floats = (rows.transpose(0, 3, 1, 2) @ across.T + np.float32(GREY)) / np.float32(255)
    return found


def to_unit(images: Array) -> Floats:
    """Return square pictures of bytes (batch, size, size, 3) as (batch, 3, size, size), from 0 to 1."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def weights(side: int, size: int) -> Floats:
    """Return how much each of `side` pixels counts in each of `size` new ones, (size, side)."""
    centres = 2 * np.arange(size)[:, None] + 1  # in units of half a pixel, of the picture and of the new one together
    apart = np.abs((2 * np.arange(side) + 1) * size - centres * side)
    triangle = np.maximum(1 - apart.astype(np.float32) / np.float32(2 * max(size, side)), 0)
    found: Floats = triangle / triangle.sum(axis=1, keepdims=True)
    return found


_WEIGHTS = """
    {of}_pixels = Range (zero, {side}, one)
    {of}_halves = Mul ({of}_pixels, two)
    {of}_centres = Add ({of}_halves, one)
    {of}_places = Mul ({of}_centres, size)
    {of}_wanted = Mul (centres, {side})
    {of}_signed = Sub ({of}_places, {of}_wanted)
    {of}_whole = Abs ({of}_signed)
    {of}_apart = Cast <to = 1> ({of}_whole)
    {of}_larger = Max (size, {side})
    {of}_doubled = Mul ({of}_larger, two)
    {of}_reach = Cast <to = 1> ({of}_doubled)
    {of}_share = Div ({of}_apart, {of}_reach)
    {of}_slope = Sub (unit, {of}_share)
    {of}_triangle = Relu ({of}_slope)
    {of}_sum = ReduceSum ({of}_triangle, last)
    {of} = Div ({of}_triangle, {of}_sum)
"""
"""`weights` of a side, in ONNX."""

_SIDES = """
    shape = Shape (image)
    height = Gather (shape, one)
    width = Gather (shape, two)
"""

_BEGIN = """
    rows_over = Sub ({more_rows}, {fewer_rows})
    rows_off = Div (rows_over, two)
    top = Unsqueeze (rows_off, first)
    columns_over = Sub ({more_columns}, {fewer_columns})
    columns_off = Div (columns_over, two)
    left = Unsqueeze (columns_off, first)
"""

_CROP = f"""
    side = Min (height, width)
    {_BEGIN.format(more_rows="height", fewer_rows="side", more_columns="width", fewer_columns="side")}
    length = Unsqueeze (side, first)
    begin = Concat <axis = 0> (top, left)
    end = Add (begin, length)
    image_axes = Constant <value_ints = [1, 2]> ()
    window = Slice (image, begin, end, image_axes)
    {_WEIGHTS.format(of="filter", side="side")}
"""

_PAD = f"""
    side = Max (height, width)
    {_BEGIN.format(more_rows="side", fewer_rows="height", more_columns="side", fewer_columns="width")}
    {_WEIGHTS.format(of="filter", side="side")}
    rows = Unsqueeze (height, first)
    bottom = Add (top, rows)
    down = Slice (filter, top, bottom, last)
    columns = Unsqueeze (width, first)
    right = Add (left, columns)
    across = Slice (filter, left, right, last)
"""

_STRETCH = f"""
    {_WEIGHTS.format(of="down", side="height")}
    {_WEIGHTS.format(of="across", side="width")}
"""

_APPLY = """
    bytes = Cast <to = 1> ({image})
    levels = Sub (bytes, grey)
    lines_shape = Constant <value_ints = [0, 0, -1]> ()
    lines = Reshape (levels, lines_shape)
    new_lines = MatMul ({down}, lines)
    pixels_shape = Constant <value_ints = [0, 0, -1, 3]> ()
    pixels = Reshape (new_lines, pixels_shape)
    colours = Transpose <perm = [0, 3, 1, 2]> (pixels)
    across_turned = Transpose <perm = [1, 0]> ({across})
    new_pixels = MatMul (colours, across_turned)
    new_levels = Add (new_pixels, grey)
    picture = Div (new_levels, white)
"""


def resize_graph(size: int, fit: Fit) -> GraphProto:
    """Write `resize` in ONNX, in opset 18."""
    from onnx import parser

    fitted, image, down, across = {
        "crop": (_CROP, "window", "filter", "filter"),
        "pad": (_PAD, "image", "down", "across"),
        "stretch": (_STRETCH, "image", "down", "across"),
    }[fit]
    centres = ", ".join(str(2 * k + 1) for k in range(size))
    graph: Any = parser.parse_graph(
        f"""resize (uint8[batch, height, width, 3] image) => (float[batch, 3, {size}, {size}] picture)
        <int64 zero = {{0}}, int64 one = {{1}}, int64 two = {{2}}, int64 size = {{{size}}}, int64[1] first = {{0}},
         int64[1] last = {{1}}, int64[{size}, 1] centres = {{{centres}}}, float unit = {{1}}, float grey = {{{GREY}}},
         float white = {{255}}>
        {{ {_SIDES} {fitted} {_APPLY.format(image=image, down=down, across=across)} }}"""
    )
    for node in graph.node:
        node.name = node.output[0]
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    found: GraphProto = graph
    return found
