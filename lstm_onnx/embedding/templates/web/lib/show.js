// Shows answers: a forecast as a chart, classes as bars, anything else as a table. Knows the contract, and no task.
import { csv, header, rowsOf } from "./answer.js";
import { chart, clockTicks } from "./chart.js";
import { plan } from "./plan.js";
import { stamp } from "./table.js";

const MOST_ROWS = 1000;
const MOST_BARS = 12;
const MOST_LINES = 5;
const MOST_PICTURES = 24;

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** What to put on the page for the answers that `reading.js` gave. */
export function show(found, contract) {
  const parts = [];
  const ranked = contract.outputs.find((o) => o.is_scores && contract.axes[o.dims.at(-1)].labels);
  const wide = ranked && ranked.dims.length === 2;
  if (plan.mode === "picture") parts.push(...found.slice(0, MOST_PICTURES).map((f) => captioned(f, contract)));
  if (plan.answer.clock >= 0) parts.push(...forecasts(found, contract));
  else if (wide && plan.mode === "texts") parts.push(...found.slice(0, 20).flatMap((f) => bars(f, ranked, contract)));
  else if (wide) {
    parts.push(...bars(found.at(-1), ranked, contract));
    if (found.length > 1) parts.push(shares(found, ranked, contract));
  }
  if (contract.inputs.some((input) => input.source?.kind === "audio")) parts.push(...said(found.at(-1), contract));
  const rows = found.flatMap(({ answer, at }) => rowsOf(answer, at));
  if (!parts.length && rows.length > 1) parts.push(steps(rows));
  parts.push(table(rows, !parts.length || (rows.length < 2 && !wide)));
  return parts.filter(Boolean);
}

/** A picture as the model sees it, and below it what the model says, if that is words. */
function captioned({ answer, picture: { height, width, values } }, contract) {
  const canvas = element("canvas", { width, height, role: "img", "aria-label": "the picture that was given" });
  const pixels = new ImageData(width, height);
  pixels.data.forEach((_, i) => {
    pixels.data[i] = i % 4 === 3 ? 255 : values[Math.floor(i / 4) * 3 + (i % 4)];
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  const said = contract.outputs.find((o) => o.dtype === "string" && o.dims.length === 1);
  const words = said ? [element("figcaption", { class: "name" }, answer[keyOf(said.name)].data[0])] : [];
  return element("figure", { class: "captioned" }, canvas, ...words);
}

/** What was heard: a text, or of a stream the labels of its steps, put together. */
function said({ answer }, contract) {
  const whole = contract.outputs.find((o) => o.dtype === "string" && o.dims.length === 1);
  const steps = contract.outputs.find((o) => o.labels && o.dims.length === 2 && o.dims[1] === contract.stream?.axis);
  if (!whole && !steps) return [];
  const begun = () => Array.from(answer[keyOf(steps.name)].data, Number).filter((k) => k > 0);
  const text = whole ? answer[keyOf(whole.name)].data[0] : begun().map((k) => steps.labels[k]).join("");
  return [element("div", { class: "verdict" }, element("span", { class: "name" }, text || "(nothing)"))];
}

/** The probabilities of one example, the largest first. */
function bars({ answer, text }, port, contract) {
  const { labels } = contract.axes[port.dims.at(-1)];
  const { data } = answer[keyOf(port.name)];
  const order = labels.map((_, k) => k).sort((a, b) => data[b] - data[a]);
  const share = (k) => `${(data[k] * 100).toFixed(1)} %`;
  const verdict = element(
    "div",
    { class: "verdict" },
    ...(text === undefined ? [] : [element("p", { class: "said" }, text.length > 300 ? `${text.slice(0, 300)}…` : text)]),
    element("span", { class: "name" }, labels[order[0]]),
    element("span", { class: "share" }, share(order[0])),
  );
  const list = element("dl", { class: "bars", "aria-label": port.meaning });
  order.slice(0, MOST_BARS).forEach((k, rank) => {
    const fill = element("div", { class: rank ? "fill" : "fill first" });
    fill.style.width = `${Math.max(0, Math.min(1, data[k])) * 100}%`;
    list.append(
      element("dt", { title: labels[k] }, labels[k]),
      element("dd", { class: "track", "aria-hidden": "true" }, fill),
      element("dd", { class: "value" }, share(k)),
    );
  });
  return [verdict, list];
}

/** How probabilities went while a stream ran, of the classes that were likeliest at the end. */
function shares(found, port, contract) {
  const { labels } = contract.axes[port.dims.at(-1)];
  const key = keyOf(port.name);
  const final = found.at(-1).answer[key].data;
  const order = labels.map((_, k) => k).sort((a, b) => final[b] - final[a]).slice(0, MOST_LINES);
  const lines = order.map((k, n) => ({
    name: labels[k],
    look: `c${n}`,
    values: new Map(found.map(({ answer }, i) => [i, answer[key].data[k]])),
  }));
  return chart({ title: `${port.meaning}, row by row`, lines, label: (i, brief) => (brief ? found[i].at : `after row ${found[i].at}`) });
}

/** The newest rows and what comes after them, one chart for each thing that is forecast. */
function forecasts(found, contract) {
  const { answer, series, origin } = found.at(-1);
  const rows = series ? series.slice(0, origin + 1) : found.map((f) => f.row);
  const { answer: layout, outputs, columns } = plan;
  const times = Array.from(answer[outputs[layout.clock].key].data, Number);
  const past = rows.slice(-Math.max(3 * times.length, 48));
  const points = contract.outputs.filter((o) => o.source?.kind === "columns" && o.source.rows === "future");
  return points.flatMap((port) =>
    port.source.columns.slice(0, 6).map((name, k, all) => {
      const { data } = answer[keyOf(port.name)];
      const place = columns.findIndex((c) => c.name === name);
      const ahead = new Map(times.map((time, row) => [time, data[row * all.length + k]]));
      const lines = [{ name: `forecast of ${name}${port.unit ? `, ${port.unit}` : ""}`, look: "c0", values: ahead }];
      if (place >= 0) {
        const values = new Map(past.map((row) => [row.time, row.cells[place]]));
        lines.unshift({ name: `${name} so far`, look: "past", values });
        const last = past.findLast((row) => Number.isFinite(row.cells[place]));
        if (last && !ahead.has(last.time)) ahead.set(last.time, last.cells[place]); // joins the two lines
      }
      const now = past.at(-1)?.time ?? null;
      const band = interval(answer, contract, times, k, all.length);
      const places = plan.step.months ? null : clockTicks;
      return chart({ title: `Forecast of ${name}`, lines, band, now, places, label: clock });
    }),
  );
}

/** The widest interval that the quantiles of an output span. */
function interval(answer, contract, times, target, targets) {
  const level = (label) => Number(/^q(0?\.\d+)$/.exec(label)?.[1]);
  const port = contract.outputs.find((o) => o.dims.length === 4 && contract.axes[o.dims[3]].labels?.every(level));
  if (!port) return null;
  const levels = contract.axes[port.dims[3]].labels.map(level);
  if (levels.length < 2) return null;
  const { data } = answer[keyOf(port.name)];
  const at = (row, k) => data[(row * targets + target) * levels.length + k];
  const values = new Map(times.map((time, row) => [time, [at(row, 0), at(row, levels.length - 1)]]));
  const percent = Math.round((levels.at(-1) - levels[0]) * 100);
  return { name: `${percent} % interval`, look: "c0", values };
}

/** Numbers over the rows of an answer. */
function steps(rows) {
  const lead = header.length - plan.answer.cells.length;
  const numeric = header.map((_, k) => k).slice(lead);
  const drawn = numeric.filter((k) => rows.every((row) => row[k] === "" || Number.isFinite(Number(row[k])))).slice(0, MOST_LINES);
  if (!drawn.length) return null;
  const lines = drawn.map((k, n) => ({
    name: header[k],
    look: `c${n}`,
    values: new Map(rows.map((row, i) => [i, row[k] === "" ? NaN : Number(row[k])])),
  }));
  return chart({ title: "The answer, row by row", lines, label: (i) => (lead ? rows[i][0] : String(i + 1)) });
}

function table(rows, open) {
  const head = element("tr", {}, ...header.map((name) => element("th", { scope: "col" }, name)));
  const body = rows.slice(0, MOST_ROWS).map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))));
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "the answer as a table" });
  scroll.append(element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
  const button = element("button", { type: "button" }, "Save as CSV");
  button.addEventListener("click", () => save(`${plan.id}.csv`, [header, ...rows].map(csv).join("")));
  const more = rows.length > MOST_ROWS ? `, the first ${MOST_ROWS} here` : "";
  const details = element(
    "details",
    {},
    element("summary", {}, `Table: ${rows.length} ${rows.length === 1 ? "row" : "rows"}${more}`),
    scroll,
    element("div", { class: "buttons" }, button),
  );
  details.open = open;
  return details;
}

function save(name, text) {
  const link = element("a", { download: name, href: URL.createObjectURL(new Blob([text], { type: "text/csv" })) });
  link.click();
  URL.revokeObjectURL(link.href);
}

function keyOf(name) {
  return plan.outputs.find((port) => port.name === name).key;
}

/** A time as short as its steps allow. */
function clock(seconds, brief) {
  const text = stamp(seconds);
  if (plan.step.months) return text.slice(0, 7);
  if (plan.step.seconds % 86400 === 0) return text.slice(0, 10);
  if (!brief) return text.slice(0, 16);
  return text.endsWith("00:00:00") ? text.slice(0, 10) : text.slice(11, 16);
}
