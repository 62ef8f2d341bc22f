import { InferenceSession, Tensor, TypedTensor } from "onnxruntime-node";

export { Tensor };

/** What the model is called that this was made from, when that was exported, and the SHA-256 of its file. */
export const name: string, created: string, sha256: string;

/** How well it did on the test split, the primary metric first. */
export const scores: Readonly<Record<"accuracy" | "balanced_accuracy" | "macro_f1" | "log_loss" | "auc" | "ece", number>>;

/** The places of the axis class. */
export const classLabels: readonly string[];

/** The sizes of the free axes. */
export interface Sizes {
  /** one example each */
  batchSize: number;
  /** steps of a sequence, the first first, the rest padding */
  timeSize: number;
}

/** Values lie in row-major order in `data`, their shape is `dims`. */
export interface Answer {
  /** (batch): the likeliest class */
  label: TypedTensor<"string">;
  /** (batch, class = 9): probability of each class, calibrated on validation data if there was any; class: 1, 2, 3, 4, 5, 6, 7, 8, … */
  probabilities: TypedTensor<"float32">;
}

/** Opens the model; do it once. */
export function open(content: string | Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;

/** Releases what the runtime holds; no call may be under way. */
export function close(model: InferenceSession): Promise<void>;

/**
 * Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
 *
 * @param values (batch, time, channel = 12): each step of a sequence, in the units of the data; missing where NaN or infinite; channel: cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, …
 * @param lengths (batch): steps of each sequence
 */
export function classify(
  model: InferenceSession,
  sizes: Sizes,
  values: Float32Array,
  lengths: BigInt64Array,
): Promise<Answer>;
