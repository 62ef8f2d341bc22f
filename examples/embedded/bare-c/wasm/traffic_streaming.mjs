/**
 * Forecasts vehicles 24 steps of 1h ahead from the last 168 steps.
 *
 *     const model = await open(await fetch("traffic_streaming.wasm").then((file) => file.arrayBuffer()));
 *     const { forecast } = model.forecast({ values, time, past });
 *
 * Nothing is imported, and no memory is taken after `open`. An opened model is one stream.
 */

/** places of the axis target */
export const targetLabels = [
  "vehicles",
];

/** places of the axis quantile */
export const quantileLabels = [
  "q0.1",
  "q0.5",
  "q0.9",
];

/** @param {BufferSource} wasm content of traffic_streaming.wasm */
export async function open(wasm) {
  const { instance } = await WebAssembly.instantiate(wasm);
  const { memory, place, reset, example, examples, test } = instance.exports;
  const valuesIn = new Float32Array(memory.buffer, place(0), 1);
  const timeIn = new BigInt64Array(memory.buffer, place(1), 1);
  const pastIn = new Float32Array(memory.buffer, place(2), 2);
  const forecastOut = new Float32Array(memory.buffer, place(3), 24);
  const forecastTimeOut = new BigInt64Array(memory.buffer, place(4), 24);
  const quantilesOut = new Float32Array(memory.buffer, place(5), 72);
  reset();

  /**
   * Arrays are flat and in row-major order.
   *
   * @param {number} values (batch = 1, time = 1, target = 1): what is to be forecast, oldest first; missing where NaN or infinite; target: vehicles
   * @param {bigint} time (batch = 1, time = 1): when each row was, UTC; in unix seconds
   * @param {Float32Array} past (batch = 1, time = 1, covariate = 2): covariates of the same rows; NaN where missing; covariate: temperature, clouds
   */
  function forecast({ values, time, past }) {
    valuesIn[0] = values;
    timeIn[0] = time;
    pastIn.set(past);
    instance.exports.run();
    return {
      forecast: forecastOut.slice(), // (batch = 1, horizon = 24, target = 1): forecast of each step ahead, in the units of the values; NaN where none was known; target: vehicles
      forecastTime: forecastTimeOut.slice(), // (batch = 1, horizon = 24): when each step ahead is, UTC; in unix seconds
      quantiles: quantilesOut.slice(), // (batch = 1, horizon = 24, target = 1, quantile = 3): values that what happens stays below with these probabilities, ascending; target: vehicles; quantile: q0.1, q0.5, q0.9
    };
  }

  /** The inputs of a golden example; this and the two that follow it are in self_test.wasm alone. */
  function golden(number) {
    return {
      values: new Float32Array(memory.buffer, example(0, number), 1)[0],
      time: new BigInt64Array(memory.buffer, example(1, number), 1)[0],
      past: new Float32Array(memory.buffer, example(2, number), 2).slice(),
    };
  }

  return { forecast, reset, golden, examples, test };
}
