// Reads golden.bin and compares. Little-endian throughout; a text is a u32 and that many bytes of UTF-8:
//
//   "LSTMGOLD", u32 version 1, f64 rtol, f64 atol, u32 examples; for each: u32 tensors; for each:
//   u32 role, text name, u32 ONNX type, u32 rank, rank times u32, u32 bytes, values (strings as texts)
import { InputError } from "./table.js";

const TYPES = {
  1: ["float32", Float32Array],
  2: ["uint8", Uint8Array],
  6: ["int32", Int32Array],
  7: ["int64", BigInt64Array],
  8: ["string", null],
  9: ["bool", Uint8Array],
  10: ["float16", Uint16Array],
  11: ["float64", Float64Array],
};

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  take(count) {
    this.at += count;
    if (this.at > this.bytes.length) throw new RangeError("ends too early");
    return this.at - count;
  }

  u32() {
    return this.view.getUint32(this.take(4), true);
  }

  f64() {
    return this.view.getFloat64(this.take(8), true);
  }

  slice(count) {
    const start = this.take(count);
    return this.bytes.slice(start, start + count); // a copy: typed arrays want their own alignment
  }

  text() {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.slice(this.u32()));
  }

  tensor() {
    const role = this.u32();
    const name = this.text();
    const [dtype, ArrayType] = TYPES[this.u32()];
    const dims = Array.from({ length: this.u32() }, () => this.u32());
    const count = dims.reduce((product, size) => product * size, 1);
    const size = this.u32();
    if (dtype === "string") {
      return { role, name, dtype, dims, data: Array.from({ length: count }, () => this.text()) };
    }
    if (count * ArrayType.BYTES_PER_ELEMENT !== size) throw new RangeError("sizes do not fit");
    return { role, name, dtype, dims, data: new ArrayType(this.slice(size).buffer) };
  }
}

/**
 * Reads the golden examples: `{ rtol, atol, examples: [{ inputs: Map, outputs: Map }] }`.
 *
 * @param {Uint8Array} bytes the content of golden.bin
 * @param {string} name of the file, for messages
 */
export function readGolden(bytes, name) {
  try {
    const reader = new Reader(bytes);
    const magic = String.fromCharCode(...reader.slice(8));
    if (magic !== "LSTMGOLD" || reader.u32() !== 1) throw new RangeError("another format");
    const [rtol, atol] = [reader.f64(), reader.f64()];
    const examples = Array.from({ length: reader.u32() }, () => {
      const tensors = Array.from({ length: reader.u32() }, () => reader.tensor());
      const named = (role) => new Map(tensors.filter((t) => t.role === role).map((t) => [t.name, t]));
      return { inputs: named(0), outputs: named(1) };
    });
    if (!examples.length) throw new RangeError("no examples");
    return { rtol, atol, examples };
  } catch {
    throw new InputError(`${name}: is no file of golden examples, or a part of one`);
  }
}

/** The number that 16 bits of float16 stand for. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 31 ? (fraction ? NaN : Infinity) : exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24;
  return bits >> 15 ? -size : size;
}

function numbers({ dtype, data }) {
  return dtype === "float16" && data instanceof Uint16Array ? Array.from(data, half) : Array.from(data);
}

/**
 * Holds a tensor to the golden one: |got - wanted| <= atol + rtol * the largest |wanted| of the example.
 *
 * @returns `{ largest, wrong }`: the largest difference, and what is wrong in one line
 */
export function compare(golden, wanted, got) {
  const { name } = wanted;
  const axis = wanted.dims.findIndex((size, k) => size !== got.dims[k]);
  if (axis >= 0) {
    return { largest: 0, wrong: `${name} has ${got.dims[axis]} places along axis ${axis} instead of ${wanted.dims[axis]}` };
  }
  if (!wanted.dtype.startsWith("float")) {
    const i = wanted.data.findIndex((value, k) => value !== got.data[k]);
    return { largest: 0, wrong: i < 0 ? null : `${name}[${i}] is ${got.data[i]} instead of ${wanted.data[i]}` };
  }
  const [found, needed] = [numbers({ dtype: wanted.dtype, data: got.data }), numbers(wanted)];
  const width = needed.length / (wanted.dims[0] || 1);
  let largest = 0;
  for (let start = 0; start < needed.length; start += width) {
    const sizes = needed.slice(start, start + width).map(Math.abs).filter(Number.isFinite);
    const scale = sizes.reduce((a, b) => Math.max(a, b), 0);
    for (let i = start; i < start + width; i += 1) {
      if (found[i] === needed[i] || (Number.isNaN(found[i]) && Number.isNaN(needed[i]))) continue;
      const difference = Math.abs(found[i] - needed[i]);
      if (!(difference <= golden.atol + golden.rtol * scale)) {
        return { largest, wrong: `${name}[${i}] is ${found[i]} instead of ${needed[i]}` };
      }
      largest = Math.max(largest, difference);
    }
  }
  return { largest, wrong: null };
}
