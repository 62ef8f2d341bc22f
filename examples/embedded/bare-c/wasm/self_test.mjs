// The golden examples and the time of a call in WebAssembly: node wasm/self_test.mjs
import { readFile } from "node:fs/promises";

import { open } from "./traffic_streaming.mjs";

const model = await open(await readFile(new URL("self_test.wasm", import.meta.url)));
let passed = 0;
for (let example = 0; example < model.examples(); example++) {
  const largest = model.test(example);
  console.log(`example ${example + 1}: ${largest >= 0 ? `ok, largest difference ${largest.toPrecision(2)}` : "FAILED"}`);
  passed += largest >= 0;
}
console.log(`self-test ${passed === model.examples() ? "passed" : "FAILED"}: ${passed} of ${model.examples()} examples`);

const taken = [];
for (let call = -100; call < 1000; call++) {
  const start = performance.now();
  model.test(0);
  if (call >= 0) taken.push(performance.now() - start);
}
taken.sort((a, b) => a - b);
console.log(`bench: median ${(taken[500] * 1000).toFixed(1)} us a call of 1000`);
process.exitCode = passed === model.examples() ? 0 : 1;
