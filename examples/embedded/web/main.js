// The command line: a table, texts or pictures in, CSV out; or the self-test. Exit status 0, 1 where the self-test fails, 2 for
// input that cannot be used.
import { readFile } from "node:fs/promises";

import { csv, header, rowsOf } from "./lib/answer.js";
import { open, plan } from "./lib/plan.js";
import { answers } from "./lib/reading.js";
import { bench, oneLine, selfTest } from "./lib/self_test.js";
import { InputError } from "./lib/table.js";

const library = plan.mode === "library";
const USAGE = `usage: node main.js [--model FILE] [--golden FILE] [--self-test | --bench]${library ? "" : "  < INPUT"}`;

function options(given) {
  const found = { model: "model.onnx", golden: "golden.bin", selfTest: false, bench: false };
  for (let i = 0; i < given.length; i += 1) {
    if (given[i] === "--self-test") found.selfTest = true;
    else if (given[i] === "--bench") found.bench = true;
    else if (["--model", "--golden"].includes(given[i]) && i + 1 < given.length) found[given[i].slice(2)] = given[(i += 1)];
    else throw new InputError(USAGE);
  }
  if (library && !found.selfTest && !found.bench) throw new InputError(USAGE);
  return found;
}

async function read(file) {
  try {
    return new Uint8Array(await readFile(file));
  } catch {
    throw new InputError(`${file}: cannot be read`);
  }
}

/** Lines of standard input, as they come: a stream is answered row by row. */
async function* lines() {
  let rest = "";
  process.stdin.setEncoding("utf8");
  for await (const piece of process.stdin) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop();
    for (const line of parts) yield line.replace(/\r$/, "");
  }
  if (rest) yield rest.replace(/\r$/, "");
}

/** All bytes of standard input. */
async function whole() {
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

async function main(given) {
  const chosen = options(given);
  const content = await read(chosen.model);
  const model = await open(content).catch((error) => {
    throw new InputError(`${chosen.model}: ${oneLine(error)}`);
  });
  if (chosen.selfTest) {
    const { passed, count } = await selfTest(model, await read(chosen.golden), chosen.golden, console.log);
    return passed === count ? 0 : 1;
  }
  if (chosen.bench) {
    const median = await bench(model, await read(chosen.golden), chosen.golden);
    console.log(`bench: median ${median.toFixed(1)} us a call of 1000`);
    return 0;
  }
  let begun = false;
  const input = plan.mode === "picture" ? [await whole()] : lines();
  for await (const { answer, at } of answers(model, input)) {
    if (!begun) process.stdout.write(csv(header));
    begun = true;
    process.stdout.write(rowsOf(answer, at).map(csv).join(""));
  }
  return 0;
}

process.stdout.on("error", () => process.exit(0)); // who reads has seen enough, as `head` does
process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${oneLine(error)}\n`);
  return 2;
});
