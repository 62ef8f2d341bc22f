// The page: opens the model, tests it, takes what a person drops, types or chooses, and shows the answer.
import { open, plan } from "./plan.js";
import { answerPicture, answers } from "./reading.js";
import { bench, oneLine, selfTest } from "./self_test.js";
import { element, show } from "./show.js";

const NAMES = { wasm: "WebAssembly", webgpu: "WebGPU" };
const at = (id) => document.getElementById(id);
const backend = new URLSearchParams(location.search).get("on") === "webgpu" ? "webgpu" : "wasm";
let model = null;
let sound = null; // what reads sound, where that is all the model takes
let work = Promise.resolve(); // one thing at a time: the runtime answers one call after the other

const contract = await begin();

/** Runs jobs one after another; what goes wrong is said in a line. */
function queue(job) {
  work = work.then(job).catch((error) => {
    at("message").textContent = oneLine(error);
    at("result").hidden = true;
  });
  return work;
}

async function fetched(name) {
  const response = await fetch(name).catch(() => null);
  if (!response?.ok) throw new Error(`${name} cannot be read: is it beside this page?`);
  return response;
}

async function begin() {
  try {
    const found = await (await fetched("model.json")).json();
    if (found.inputs.some((input) => input.source?.kind === "audio")) {
      const reader = await import("./sound.js");
      sound = reader.isAlone ? reader : null;
    }
    const content = new Uint8Array(await (await fetched("model.onnx")).arrayBuffer());
    const golden = new Uint8Array(await (await fetched("golden.bin")).arrayBuffer());
    forms(found);
    about(found, content.length);
    queue(() => start(content, golden));
    otherBackend();
    return found;
  } catch (error) {
    at("message").textContent = oneLine(error);
    status("backend", "bad", "The model could not be opened");
    throw error;
  }
}

/** Opens the model, and tests it. */
async function start(content, golden) {
  const began = performance.now();
  try {
    if (backend === "webgpu" && !(await adapter())) throw new Error("there is no WebGPU in this browser");
    model = await open(content, { executionProviders: [backend] });
    const opened = performance.now() - began;
    const lines = [];
    const { passed, count, largest } = await selfTest(model, golden, "golden.bin", (line) => lines.push(line));
    const good = passed === count;
    const said = `Self-test ${good ? "passed" : "FAILED"}: ${passed} of ${count} examples`;
    status("test", good ? "good" : "bad", `${said}, largest difference ${Number(largest.toPrecision(2))}`, lines.join("\n"));
    const micros = good ? await bench(model, golden, "golden.bin", { warm: 3, calls: 15 }) : NaN;
    const pace = good ? `, ${time(micros / 1000)} a call` : "";
    status("backend", good ? "good" : "bad", `Runs on ${NAMES[backend]}${pace}`, `opened in ${time(opened)}`);
  } catch (error) {
    status("backend", "bad", `The model could not be opened on ${NAMES[backend]}`);
    throw error;
  }
}

async function adapter() {
  return navigator.gpu?.requestAdapter().catch(() => null);
}

/** Offers WebGPU where there is one. It is not taken by itself: small models are mostly faster without. */
async function otherBackend() {
  if (backend !== "webgpu" && !(await adapter())) return;
  const link = backend === "webgpu" ? ["./", "WebAssembly"] : ["?on=webgpu", "WebGPU"];
  at("backends").append("Run it on ", element("a", { href: link[0] }, link[1]), " instead.");
  at("backends").hidden = false;
}

function status(what, state, text, title = "") {
  const item = at(`status-${what}`);
  item.dataset.state = state;
  item.textContent = text;
  item.title = title;
}

function time(milliseconds) {
  if (milliseconds < 0.1) return "less than 0.1 ms"; // finer than a browser's clock
  return milliseconds < 100 ? `${Number(milliseconds.toPrecision(2))} ms` : `${Math.round(milliseconds)} ms`;
}

/** Answers, and shows what took how long. */
function answer(make, name) {
  return queue(async () => {
    at("message").textContent = "";
    if (!model) throw new Error("the model is not open");
    const began = performance.now();
    const found = await make();
    const taken = performance.now() - began;
    const count = found.length === 1 ? "" : ` for ${found.length} ${{ texts: "texts", picture: "pictures" }[plan.mode] ?? "rows"}`;
    at("timing").textContent = `${name ? `${name}: ` : ""}${time(taken)}${count} on ${NAMES[backend]}`;
    at("answer").replaceChildren(...show(found, contract));
    at("result").hidden = false;
    at("result").dataset.answers = String(Number(at("result").dataset.answers ?? 0) + 1);
  });
}

function answerText(text, name) {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  if (lines.at(-1) === "") lines.pop();
  return answerAll(lines, name);
}

function answerAll(given, name) {
  return answer(async () => {
    const found = [];
    for await (const one of answers(model, given)) found.push(one);
    return found;
  }, name);
}

/** Pixels of a file that the browser can read, over white where it is transparent, at most 1024 wide and high. */
async function pixelsOf(file) {
  const found = await createImageBitmap(file).catch(() => null);
  if (!found) throw new Error(`${file.name} is no picture that this browser can read`);
  const scale = Math.min(1, 1024 / Math.max(found.width, found.height));
  const [, tall, wide] = plan.inputs[0].dims; // a number where the model wants that size
  const size = (dim, pixels) => (typeof dim === "number" ? dim : Math.max(1, Math.round(pixels * scale)));
  const [height, width] = [size(tall, found.height), size(wide, found.width)];
  const drawing = element("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  drawing.fillStyle = "white";
  drawing.fillRect(0, 0, width, height);
  drawing.drawImage(found, 0, 0, width, height);
  return { height, width, values: drawing.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 !== 3) };
}

/** Answers a picture in a format of the browser's, or all those of a file of Netpbm's. */
async function answerPictures(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 80 && (bytes[1] === 53 || bytes[1] === 54)) return answerAll([bytes], file.name);
  return answer(async () => {
    const { height, width, values } = await pixelsOf(file);
    const picture = { height, width, values: new Uint8Array(values) };
    return [{ answer: await answerPicture(model, picture), picture }];
  }, file.name);
}

async function answerSounds(read, name) {
  return answer(async () => {
    const { answerSound, samplesOf } = sound;
    return [{ answer: await answerSound(model, await samplesOf(await read(), name)), at: "1" }];
  }, name);
}

async function take(file) {
  if (sound) return answerSounds(() => file.arrayBuffer(), file.name);
  return plan.mode === "picture" ? answerPictures(file) : answerText(await file.text(), file.name);
}

/** A button that begins to listen and, pressed again, answers for what was heard. */
function microphone() {
  const [start, end] = ["Listen", "Stop and answer"];
  const button = element("button", { type: "button", class: "main" }, start);
  let stop = null;
  button.addEventListener("click", async () => {
    try {
      if (stop) {
        const content = await stop();
        stop = null;
        await answerSounds(() => content, "recorded");
      } else {
        at("message").textContent = "";
        stop = await sound.record();
      }
    } catch (error) {
      stop = null;
      at("message").textContent = oneLine(error);
    }
    button.textContent = stop ? end : start;
  });
  return button;
}

/** What a person can give, by what the model reads. */
function forms(found) {
  const picture = plan.mode === "picture";
  const place = at("forms");
  if (plan.mode === "library" && !sound) {
    place.append(element("p", { class: "hint" }, "This model takes arrays that no file or text stands for: the page tests it, and programs call it."));
    return;
  }
  const what = sound ? "a sound" : picture ? "a picture" : plan.mode === "texts" ? "a file with a text on each line" : "a CSV";
  const input = element("input", { type: "file", id: "file", accept: sound ? "audio/*" : picture ? "image/*,.ppm,.pgm" : ".csv,.tsv,.txt,text/*" });
  const drop = element("label", { class: "drop", for: "file" }, element("strong", {}, "Choose a file"), ` or drop ${what} anywhere`, input);
  input.addEventListener("change", () => {
    if (input.files[0]) take(input.files[0]);
    input.value = ""; // the same file may be chosen again
  });
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) take(file);
    else if (!picture && !sound && event.dataTransfer.getData("text")) answerText(event.dataTransfer.getData("text"), "dropped text");
  });
  const buttons = element("div", { class: "buttons" });
  if (sound) {
    buttons.append(microphone());
    place.append(drop, buttons);
    return;
  }
  if (plan.mode === "texts") {
    const area = element("textarea", { id: "text", "aria-label": "a text a line", placeholder: "Type or paste a text; each line is answered." });
    const button = element("button", { type: "button", class: "main" }, "Answer");
    button.addEventListener("click", () => answerText(area.value, ""));
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) button.click();
    });
    place.append(area);
    buttons.append(button);
  }
  const example = element("button", { type: "button", id: "example", class: plan.mode === "texts" ? "" : "main" }, "Try the example");
  example.addEventListener("click", async () => {
    const response = await fetched(plan.example);
    if (picture) return answerAll([new Uint8Array(await response.arrayBuffer())], plan.example);
    const text = await response.text();
    if (at("text")) at("text").value = text;
    return answerText(text, plan.example);
  });
  buttons.append(example);
  place.append(...(plan.mode === "texts" ? [buttons, drop] : [drop, buttons]));
  if (plan.columns.length) place.append(columnsHint(found));
  if (picture) {
    addEventListener("paste", (event) => {
      const [file] = event.clipboardData.files;
      if (file) take(file);
    });
  } else if (plan.mode !== "texts") {
    addEventListener("paste", (event) => {
      const text = event.clipboardData.getData("text");
      if (text.trim()) answerText(text, "pasted");
    });
  }
}

function columnsHint(found) {
  const names = [...(plan.time === null ? [] : [plan.time]), ...plan.columns.map((c) => c.name)];
  const hint = element("p", { class: "hint" }, "Columns: ");
  names.forEach((name, k) => hint.append(k ? ", " : "", element("code", {}, name)));
  const typical = plan.rows?.typical;
  hint.append(". Others are passed over, empty cells are missing values.");
  if (plan.mode === "window" && typical && !plan.streaming) hint.append(` It looks at the newest ${typical} rows; text can be pasted too.`);
  else if (found.stream) hint.append(` Each row is answered; after ${found.stream.context} rows answers are as good as in training.`);
  else hint.append(" Text can be pasted too.");
  return hint;
}

function about(found, bytes) {
  const say = (term, text) => at("about").append(element("dt", {}, term), element("dd", {}, text));
  say("Task", `${found.task}, ${found.variant}`);
  say("File", `model.onnx, ${(bytes / 1024).toFixed(0)} kB, opset ${found.opset}`);
  for (const port of [...found.inputs, ...found.outputs]) {
    say(port.name, `${port.dtype} (${port.dims.join(", ")}): ${port.meaning}${port.unit ? `, in ${port.unit}` : ""}`);
  }
  const primary = found.scores?.primary;
  if (primary && primary in (found.scores.model ?? {})) {
    const others = Object.entries(found.scores.baselines ?? {}).map(([name, s]) => `${name} ${Number(s[primary].toPrecision(3))}`);
    say(primary, `${Number(found.scores.model[primary].toPrecision(3))} on test data${others.length ? ` (${others.join(", ")})` : ""}`);
  }
}
