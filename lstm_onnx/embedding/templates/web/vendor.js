// Copies what the page needs of onnxruntime-web into runtime/, so that the folder works without node_modules.
import { copyFile, mkdir } from "node:fs/promises";

const FILES = [
  "ort.wasm.bundle.min.mjs",
  "ort-wasm-simd-threaded.wasm",
  "ort.webgpu.bundle.min.mjs", // these two only for WebGPU
  "ort-wasm-simd-threaded.asyncify.wasm",
];

const from = new URL("./node_modules/onnxruntime-web/dist/", import.meta.url);
const to = new URL("./runtime/", import.meta.url);
await mkdir(to, { recursive: true });
for (const file of FILES) await copyFile(new URL(file, from), new URL(file, to));
