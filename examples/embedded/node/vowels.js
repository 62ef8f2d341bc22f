// Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
//
//     const model = await open("model.onnx");
//     const answer = await classify(model, sizes, values, lengths);
//
// Open the model once and use it for every call. Types are in vowels.d.ts.
import * as ort from "onnxruntime-node";

ort.env.logLevel = "fatal"; // errors are thrown, there is no need to print them too

export const { Tensor } = ort;

/** What the model is called that this was made from, when that was exported, and the SHA-256 of its file. */
export const name = "vowels";
export const created = "2026-11-23T17:47:47.498409+00:00";
export const sha256 = "032f11715ec91a5c708106b440e1661b132216445cfb2f055c9ed03fd6a7afc8";

/** How well it did on the test split, the primary metric first. */
export const scores = {
  "accuracy": 0.972972972972973,
  "balanced_accuracy": 0.9726132130136579,
  "macro_f1": 0.9737687922124992,
  "log_loss": 0.09482879445118517,
  "auc": 0.999154421298664,
  "ece": 0.008666842289873071,
};

/** The places of the axis class. */
export const classLabels = [
  "1",
  "2",
  "3",
  "4",
  "5",
  "6",
  "7",
  "8",
  "9",
];

/** The inputs for which this was made: name, type, and sizes, null where an axis is free. */
const inputs = [
  { name: "values", type: "float32", sizes: [null, null, 12] },
  { name: "lengths", type: "int64", sizes: [null] },
];

/** The outputs for which this was made: name, type, and sizes, null where an axis is free. */
const outputs = [
  { name: "label", type: "string", sizes: [null] },
  { name: "probabilities", type: "float32", sizes: [null, 9] },
];

/** Opens the model, a file's name or its content. */
export async function open(content, options = {}) {
  const model = await ort.InferenceSession.create(content, {
    intraOpNumThreads: 1, // fastest for small models
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    ...options,
  });
  hold("input", inputs, model.inputMetadata);
  hold("output", outputs, model.outputMetadata);
  if (model.inputNames.length === inputs.length) return model;
  throw new TypeError("there are more inputs: this program was made for another model");
}

/** Releases what the runtime holds; no call may be under way. */
export async function close(model) {
  await model.release();
}

/** Whether something is of a port's type and shape, as far as it is known. */
function fits(port, type, dims) {
  if (type !== port.type || dims?.length !== port.sizes.length) return false;
  return port.sizes.every((size, k) => size === null || typeof dims[k] !== "number" || dims[k] < 0 || dims[k] === size);
}

function other(kind, port) {
  return new TypeError(
    `${kind} ${port.name} is missing or of another type or shape: this program was made for another model`,
  );
}

/** Holds a model to the inputs or outputs for which this was made. */
function hold(kind, ports, found) {
  for (const port of ports) {
    const same = found.find((value) => value.name === port.name);
    if (!same?.isTensor || !fits(port, same.type, same.shape)) throw other(kind, port);
  }
}

/**
 * Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
 *
 * values: float32 (batch, time, channel = 12): each step of a sequence, in the units of the data; missing where NaN or infinite; channel: cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, …
 * lengths: int64 (batch): steps of each sequence
 */
export async function classify(model, { batchSize, timeSize }, values, lengths) {
  inRange("batch", batchSize, 1, Infinity);
  inRange("time", timeSize, 1, Infinity);
  areLengths("lengths", lengths, 1, timeSize);
  const results = await model.run({
    "values": new ort.Tensor("float32", values, [batchSize, timeSize, 12]),
    "lengths": new ort.Tensor("int64", lengths, [batchSize]),
  });
  return {
    label: checked(results, outputs[0]),
    probabilities: checked(results, outputs[1]),
  };
}

/** Holds the length of an axis to what the model takes: the runtime ends the process where an LSTM gets no sequence. */
function inRange(axis, size, least, most) {
  if (Number.isInteger(size) && size >= least && size <= most) return;
  const [limit, end] = size > most ? [most, "most"] : [least, "least"];
  throw new RangeError(`axis '${axis}' has length ${size}, and must have ${limit} at ${end}`);
}

/** A length beyond the end would be read there. */
function areLengths(input, lengths, least, most) {
  const at = lengths.findIndex((length) => length < least || length > most);
  if (at < 0) return;
  throw new RangeError(`input '${input}': ${lengths[at]} at ${at}, and a length must be from ${least} to ${most}`);
}

/** Holds an output to what it must be, so that another model is noticed. */
function checked(results, port) {
  const tensor = results[port.name];
  if (tensor && fits(port, tensor.type, tensor.dims)) return tensor;
  throw other("output", port);
}
