// What the program must know of this model, made from model.json: how lines become inputs, and answers lines.
import { classify } from "../vowels.js";

export { open, Tensor } from "../vowels.js";

export const plan = {
  id: "vowels",
  mode: "sequence",
  streaming: false,
  example: "example.csv",
  time: null,
  step: { seconds: 0, months: 0 },
  shortest: 1,
  rows: { size: null, min: 1, max: null, typical: 15 },
  ahead: null,
  columns: [
    { name: "cepstrum 1", missing: true, target: false },
    { name: "cepstrum 2", missing: true, target: false },
    { name: "cepstrum 3", missing: true, target: false },
    { name: "cepstrum 4", missing: true, target: false },
    { name: "cepstrum 5", missing: true, target: false },
    { name: "cepstrum 6", missing: true, target: false },
    { name: "cepstrum 7", missing: true, target: false },
    { name: "cepstrum 8", missing: true, target: false },
    { name: "cepstrum 9", missing: true, target: false },
    { name: "cepstrum 10", missing: true, target: false },
    { name: "cepstrum 11", missing: true, target: false },
    { name: "cepstrum 12", missing: true, target: false },
  ],
  // free axes, and what of the input says how long they are
  sizes: {
    batchSize: "one",
    timeSize: "length",
  },
  inputs: [
    { name: "values", key: "values", dtype: "float32", dims: ["batchSize", "timeSize", 12], source: "rows", places: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], ends: { min: 1, ahead: null } },
    { name: "lengths", key: "lengths", dtype: "int64", dims: ["batchSize"], source: "lengths", places: [], ends: { min: 1, ahead: null } },
  ],
  outputs: [
    { name: "label", key: "label", dtype: "string", source: "other", labels: [] },
    { name: "probabilities", key: "probabilities", dtype: "float32", source: "other", labels: [] },
  ],
  answer: {
    rows: "one",
    clock: -1,
    count: 1,
    lead: "",
    cells: [
      { header: "label", output: 0, place: 0, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 1", output: 1, place: 0, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 2", output: 1, place: 1, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 3", output: 1, place: 2, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 4", output: 1, place: 3, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 5", output: 1, place: 4, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 6", output: 1, place: 5, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 7", output: 1, place: 6, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 8", output: 1, place: 7, stride: 0, joined: false, rank: -1, score: false, labels: [] },
      { header: "probabilities 9", output: 1, place: 8, stride: 0, joined: false, rank: -1, score: false, labels: [] },
    ],
  },
};

/** Calls the function with arrays in the order of the model's inputs, states left out. */
export function call(model, state, sizes, arrays) {
  void state; // this model keeps none
  return classify(model, sizes, ...arrays);
}
