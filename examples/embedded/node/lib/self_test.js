// Feeds the golden examples, and compares.
import { compare, readGolden } from "./golden.js";
import { call, plan, Tensor } from "./plan.js";
import { InputError } from "./table.js";

/** Calls the function with the inputs of a golden example. */
export async function callExample(model, example) {
  const sizes = {};
  const arrays = [];
  const state = {};
  for (const port of plan.inputs) {
    const tensor = example.inputs.get(port.name);
    if (!tensor) throw new InputError(`the golden examples have no ${port.name}`);
    const fits = tensor.dtype === port.dtype && tensor.dims.length === port.dims.length;
    if (!fits || port.dims.some((size, k) => typeof size === "number" && size !== tensor.dims[k])) {
      throw new InputError(`the golden ${port.name} is of another type or shape than the model's`);
    }
    port.dims.forEach((size, k) => {
      if (typeof size === "string") sizes[size] = tensor.dims[k];
    });
    if (port.source === "state") state[port.key] = new Tensor(tensor.dtype, tensor.data, tensor.dims);
    else arrays.push(tensor.data);
  }
  return call(model, state, sizes, arrays);
}

/**
 * Runs every golden example.
 *
 * @param {(line: string) => void} say takes the report, line by line
 * @returns {Promise<{ passed: number, count: number, largest: number }>}
 */
export async function selfTest(model, bytes, name, say = () => {}) {
  const golden = readGolden(bytes, name);
  let passed = 0;
  let overall = 0;
  for (const [number, example] of golden.examples.entries()) {
    let largest = 0;
    let wrong = null;
    try {
      const answer = await callExample(model, example);
      for (const port of plan.outputs) {
        const wanted = example.outputs.get(port.name);
        if (!wanted) throw new InputError(`the golden examples have no ${port.name}`);
        const got = port.source === "state" ? answer.state[port.key] : answer[port.key];
        const found = compare(golden, wanted, got);
        largest = Math.max(largest, found.largest);
        wrong ??= found.wrong;
      }
    } catch (error) {
      wrong = oneLine(error);
    }
    if (wrong) say(`  ${wrong}`);
    say(`example ${number + 1}: ${wrong ? "FAILED" : "ok"}, largest difference ${Number(largest.toPrecision(2))}`);
    passed += wrong ? 0 : 1;
    overall = Math.max(overall, largest);
  }
  const count = golden.examples.length;
  say(`self-test ${passed === count ? "passed" : "FAILED"}: ${passed} of ${count} examples`);
  return { passed, count, largest: overall };
}

/** Times calls with the first golden example: the median in microseconds. */
export async function bench(model, bytes, name, { warm = 100, calls = 1000 } = {}) {
  const [example] = readGolden(bytes, name).examples;
  const taken = [];
  for (let i = -warm; i < calls; i += 1) {
    const start = performance.now();
    await callExample(model, example);
    if (i >= 0) taken.push((performance.now() - start) * 1000);
  }
  taken.sort((a, b) => a - b);
  return taken[taken.length >> 1];
}

/** What went wrong, as one line: runtimes write several. */
export function oneLine(error) {
  return String(error?.message ?? error).split(/[\r\n]/, 1)[0].trim() || "the model cannot be used";
}
