// Draws lines over steps or times as SVG: ticks at round numbers, a band, and a cursor for mouse and arrow keys.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = innerWidth < 640 ? 400 : 880; // letters keep their size on a telephone
const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [300, 58, 14, 12, 30];

function svg(tag, attributes = {}, text = "") {
  const made = document.createElementNS(NS, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function html(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Round numbers that cover a range, about `count` of them. */
export function ticks(low, high, count = 5) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.8);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) found.push(k * step || 0); // 0, not -0
  return found;
}

/** Hours and days at which a clock is looked at, as many as fit. */
export function clockTicks(first, last) {
  const day = 86400;
  const step = [1 / 24, 1 / 8, 1 / 4, 1 / 2, 1, 2, 7, 14, 28, 91, 364].map((d) => d * day).find((s) => (last - first) / s <= (WIDTH < 640 ? 4 : 7));
  if (!step || last - first < 3 * 3600) return [first, last];
  const found = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) found.push(at);
  return found;
}

export function short(value) {
  if (!Number.isFinite(value)) return "missing";
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 5 }).format(value);
}

/**
 * Draws a chart.
 *
 * @param {object} given
 * @param {string} given.title what is drawn, for those who do not see it
 * @param {{ name: string, look: string, values: Map<number, number> }[]} given.lines y by x; NaN leaves a gap
 * @param {{ name: string, look: string, values: Map<number, [number, number]> } | null} given.band
 * @param {number | null} given.now where the past ends
 * @param {((first: number, last: number) => number[]) | null} given.places where an x is written; evenly by default
 * @param {(x: number, brief: boolean) => string} given.label writes an x
 */
export function chart({ title, lines, band = null, now = null, places = null, label }) {
  const xs = [...new Set([...lines, ...(band ? [band] : [])].flatMap((l) => [...l.values.keys()]))].sort((a, b) => a - b);
  const ys = [...lines.flatMap((l) => [...l.values.values()]), ...(band ? [...band.values.values()].flat() : [])];
  const known = ys.filter(Number.isFinite);
  let low = known.reduce((a, b) => Math.min(a, b), Infinity);
  let high = known.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!known.length) [low, high] = [0, 1];
  const margin = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  if (low < 0 || low - margin >= 0) low -= margin; // not below 0 where nothing is
  high += margin;
  const [first, last] = [xs[0], xs.at(-1)];
  const x = (value) => LEFT + ((value - first) / (last - first || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);

  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title, tabindex: "0" });
  for (const value of ticks(low, high)) {
    picture.append(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }));
    picture.append(svg("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  const count = Math.min(WIDTH < 640 ? 3 : 6, xs.length);
  const even = Array.from({ length: count }, (_, k) => xs[Math.round((k * (xs.length - 1)) / Math.max(count - 1, 1))]);
  for (const at of places ? places(first, last) : even) {
    const anchor = x(at) < LEFT + 30 ? "start" : x(at) > WIDTH - RIGHT - 30 ? "end" : "middle";
    picture.append(svg("text", { x: x(at), y: HEIGHT - 8, "text-anchor": anchor }, label(at, true)));
  }
  if (band) {
    const points = [...band.values].filter(([, pair]) => pair.every(Number.isFinite)).sort((a, b) => a[0] - b[0]);
    const up = points.map(([at, [, top]]) => `${x(at)},${y(top)}`);
    const down = points.reverse().map(([at, [bottom]]) => `${x(at)},${y(bottom)}`);
    if (points.length) picture.append(svg("path", { class: `area ${band.look}`, d: `M${[...up, ...down].join("L")}Z` }));
  }
  for (const line of lines) {
    const points = [...line.values].sort((a, b) => a[0] - b[0]);
    let path = "";
    let gap = true;
    for (const [at, value] of points) {
      if (Number.isFinite(value)) path += `${gap ? "M" : "L"}${x(at).toFixed(2)},${y(value).toFixed(2)}`;
      gap = !Number.isFinite(value);
    }
    picture.append(svg("path", { class: `line ${line.look}`, d: path }));
    points.forEach(([at, value], k) => {
      const alone = [points[k - 1], points[k + 1]].every((other) => !Number.isFinite(other?.[1]));
      if (alone && Number.isFinite(value)) picture.append(svg("circle", { class: line.look, cx: x(at), cy: y(value), r: 3 }));
    });
  }
  if (now !== null) picture.append(svg("line", { class: "now", x1: x(now), x2: x(now), y1: TOP, y2: HEIGHT - BOTTOM }));

  const legend = html("figcaption");
  for (const line of lines) legend.append(html("span", {}, html("span", { class: `swatch ${line.look}` }), line.name));
  if (band) legend.append(html("span", {}, html("span", { class: `swatch band ${band.look}` }), band.name));
  const readout = html("p", { class: "readout", "aria-live": "polite" }, "Point at the chart, or focus it and use the arrow keys.");
  addCursor(picture, readout, { xs, x, y, lines, band, label });
  return html("figure", {}, legend, picture, readout);
}

function addCursor(picture, readout, { xs, x, y, lines, band, label }) {
  const cursor = svg("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  const dots = lines.map((line) => svg("circle", { class: line.look, r: 4, visibility: "hidden" }));
  picture.append(cursor, ...dots);
  let place = xs.length - 1;
  const show = (to) => {
    place = Math.max(0, Math.min(xs.length - 1, to));
    const at = xs[place];
    cursor.setAttribute("x1", x(at));
    cursor.setAttribute("x2", x(at));
    cursor.setAttribute("visibility", "visible");
    const said = [];
    lines.forEach((line, k) => {
      const value = line.values.get(at);
      dots[k].setAttribute("visibility", Number.isFinite(value) ? "visible" : "hidden");
      if (value === undefined) return;
      if (Number.isFinite(value)) {
        dots[k].setAttribute("cx", x(at));
        dots[k].setAttribute("cy", y(value));
      }
      said.push(`${line.name} ${short(value)}`);
    });
    const pair = band?.values.get(at);
    if (pair) said.push(`${band.name} ${short(pair[0])} to ${short(pair[1])}`);
    readout.textContent = `${label(at, false)}: ${said.join(", ")}`;
  };
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * WIDTH;
    show(xs.reduce((best, value, k) => (Math.abs(x(value) - at) < Math.abs(x(xs[best]) - at) ? k : best), 0));
  });
  picture.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: xs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
}
