// Makes what the function takes of what a person gives: rows of a table, texts, or pictures.
import { pictures } from "./picture.js";
import { call, plan } from "./plan.js";
import { after, InputError, number, stamp, Table, time } from "./table.js";

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};
const LONGEST_GAP = 10000;
const stepped = plan.time !== null && (plan.step.seconds || plan.step.months);

/** Answers lines, or the bytes of files of pictures: yields `{ answer, at, row, text, picture }` for each answer. */
export function answers(model, lines) {
  if (plan.mode === "picture") return answerPictures(model, lines);
  if (plan.mode === "texts") return answerTexts(model, lines);
  return plan.streaming ? answerRows(model, lines) : answerTable(model, lines);
}

/** Answers each row as it comes. */
async function* answerRows(model, lines) {
  const table = new Table(names());
  let state = null;
  let series = [];
  let count = 0;
  for await (const line of lines) {
    const cells = table.row(line);
    if (!cells) continue;
    const now = readRow(table, cells);
    count += 1;
    const fed = series.length;
    fillGap(series, now, table.number);
    series.push(now);
    for (let i = fed; i < series.length; i += 1) {
      const answer = await answerFor(model, state, series, i, 1);
      state = answer.state;
      // rows that were missing in between are fed, and not answered
      if (i + 1 === series.length) {
        yield { answer, at: plan.time === null ? String(table.number - 1) : stamp(now.time), row: now };
      }
    }
    series = series.slice(-1);
  }
  table.end();
  if (!count) throw new InputError("there is no row below the header");
}

/** Reads the whole table, and answers for what comes after its newest known row, or for the sequence. */
async function* answerTable(model, lines) {
  const table = new Table(names());
  const series = [];
  for await (const line of lines) {
    const cells = table.row(line);
    if (!cells) continue;
    const now = readRow(table, cells);
    fillGap(series, now, table.number);
    series.push(now);
  }
  table.end();
  const window = plan.mode === "window";
  const targets = plan.columns.flatMap((column, place) => (column.target ? [place] : []));
  let count = series.length;
  if (window && targets.length) {
    while (count && targets.every((place) => Number.isNaN(series[count - 1].cells[place]))) count -= 1;
  }
  const length = lengthOf(count, window);
  yield { answer: await answerFor(model, null, series, count - 1, length), series, origin: count - 1, length };
}

/** How many of `count` rows are looked at. */
function lengthOf(count, window) {
  const { size, min, max, typical } = plan.rows;
  if (size !== null) {
    if (window && !count) throw new InputError("there is no row with a known value");
    if (!window && count !== size) throw new InputError(`the model takes ${size} rows, and there are ${count}`);
    return size;
  }
  const least = Math.max(min, plan.shortest, 1);
  if (!count && least === 1) throw new InputError(`there is no row${window ? " with a known value" : " below the header"}`);
  if (count < least) {
    throw new InputError(`the model needs ${least} rows${window ? " with known values" : ""} at least, and there are ${count}`);
  }
  if (!window && max && count > max) throw new InputError(`the model takes ${max} rows at most, and there are ${count}`);
  return window ? Math.min(count, typical ?? count, max ?? count) : count;
}

/** Answers each line, a text. */
async function* answerTexts(model, lines) {
  let number_ = 0;
  for await (const line of lines) {
    number_ += 1;
    const bytes = new TextEncoder().encode(line);
    if (bytes.length < plan.shortest) throw new InputError(`line ${number_}: is empty, and the model needs a text`);
    const port = plan.inputs.find((p) => p.source === "bytes");
    const room = Math.max(bytes.length, port ? port.ends.min : 1);
    const padded = new Uint8Array(room);
    padded.set(bytes);
    const arrays = plan.inputs.map((p) => {
      if (p.source === "text") return [line];
      return p.source === "bytes" ? padded : array(p.dtype, [bytes.length]);
    });
    yield { answer: await call(model, null, sizes({ room }), arrays), text: line };
  }
  if (!number_) throw new InputError("the input is empty: give a text a line");
}

/** Answers each picture of each file. */
async function* answerPictures(model, files) {
  let count = 0;
  for (const bytes of files) {
    for (const picture of pictures(bytes)) {
      count += 1;
      yield { answer: await answerPicture(model, picture), picture };
    }
  }
  if (!count) throw new InputError(`the input is empty: give a picture, such as ${plan.example}`);
}

/** Answers a picture: `{ height, width, values }`. */
export function answerPicture(model, { height, width, values }) {
  const [batch, tall, wide] = plan.inputs[0].dims;
  for (const [size, wanted] of [[height, tall], [width, wide]]) {
    if (typeof wanted === "number" && size !== wanted) throw new InputError(`the model takes pictures of ${wide} by ${tall} only`);
  }
  return call(model, null, { [batch]: 1, [tall]: height, [wide]: width }, [values]);
}

function names() {
  return [...(plan.time === null ? [] : [plan.time]), ...plan.columns.map((c) => c.name)];
}

/** Reads a row's cells; says which cannot be used. */
function readRow(table, texts) {
  const [first, ...others] = plan.time === null ? [null, ...texts] : texts;
  const row = { time: first === null ? 0 : time(first), cells: [] };
  if (row.time === undefined) {
    throw new InputError(`line ${table.number}: column '${plan.time}': '${first}' is no time; write it as 2020-01-31 13:00`);
  }
  row.cells = others.map((cell, k) => {
    const { name, missing } = plan.columns[k];
    const value = number(cell);
    if (value === undefined) {
      throw new InputError(`line ${table.number}: column '${name}': '${cell}' is not a number; leave the cell empty where it is missing`);
    }
    if (!missing && !Number.isFinite(value)) {
      throw new InputError(`line ${table.number}: column '${name}': '${cell}' is no finite number, which this model needs`);
    }
    return value;
  });
  return row;
}

/** Adds rows that the clock says are missing between the last one and `now`, as missing values. */
function fillGap(series, now, line) {
  for (let filled = 0; stepped && series.length; filled += 1) {
    const missing = { time: after(series.at(-1).time, plan.step, 1), cells: plan.columns.map(() => NaN) };
    if (missing.time === now.time) return;
    if (missing.time > now.time || filled === LONGEST_GAP) {
      const step = plan.step.seconds ? `${plan.step.seconds} seconds` : `${plan.step.months} months`;
      throw new InputError(`line ${line}: the time is no number of ${step} after the row before, or the gap is too long`);
    }
    series.push(missing);
  }
}

/** Sizes of the free axes; those that are not said are 1, as the batch is. */
function sizes(said) {
  return Object.fromEntries(Object.entries(plan.sizes).map(([size, from]) => [size, said[from] ?? 1]));
}

/** What a call takes: the `length` rows that end at row `origin`, and the rows after it, as arrays. */
function answerFor(model, state, series, origin, length) {
  const last = series[origin];
  let ahead = series.length - origin - 1;
  if (plan.ahead) {
    if (ahead < plan.ahead.min) {
      throw new InputError(`${plan.ahead.min} rows after the newest known value are needed, and there are ${ahead}`);
    }
    ahead = Math.min(ahead, plan.ahead.max ?? ahead);
  }
  const steps = (count, make) => Array.from({ length: count }, (_, i) => make(i));
  const arrays = plan.inputs
    .filter((port) => port.source !== "state")
    .map((port) => {
      const { source, dtype, places } = port;
      if (source === "rows") {
        const from = origin + 1 - length;
        const cell = (i, place) => (from + i < 0 ? NaN : series[from + i].cells[place]);
        return array(dtype, steps(length, (i) => places.map((place) => cell(i, place))).flat());
      }
      if (source === "time") return array(dtype, steps(length, (i) => after(last.time, plan.step, i + 1 - length)));
      if (source === "lengths") return array(dtype, [length]);
      if (source === "static") {
        const known = (place) => series.find((row) => !Number.isNaN(row.cells[place]))?.cells[place] ?? NaN;
        return array(dtype, places.map(known));
      }
      const count = port.ends.ahead ?? ahead;
      if (source === "time_future") return array(dtype, steps(count, (i) => after(last.time, plan.step, i + 1)));
      const later = (i, place) => {
        const cell = series[origin + 1 + i]?.cells[place] ?? NaN;
        if (!Number.isNaN(cell)) return cell;
        throw new InputError(`row ${i + 1} after the newest known value: column '${plan.columns[place].name}' must be known ahead`);
      };
      return array(dtype, steps(count, (i) => places.map((place) => later(i, place))).flat());
    });
  return call(model, state, sizes({ length, ahead }), arrays);
}

function array(dtype, values) {
  if (dtype !== "int64") return ARRAYS[dtype].from(values);
  return BigInt64Array.from(values, (value) => BigInt(Number.isNaN(value) ? 0 : Math.trunc(value)));
}
