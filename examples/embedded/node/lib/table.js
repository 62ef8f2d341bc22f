// Reads a table as a person writes it: CSV with a header, missing cells, times in several spellings.

/** What a person gave cannot be used; the message is one line that says what and where. */
export class InputError extends Error {}

const NAN_WORDS = new Set(["", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "+nan", "-nan", "inf", "infinity", "+inf", "+infinity", "-inf", "-infinity"]);
const TRUTH = { true: 1, false: 0 };
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d*)?(?:([+-])(\d\d)(?::?(\d\d))?)?)?Z?$/;
const LATEST = 253402300799; // the end of the year 9999

/** Cuts lines into cells; the first line that is not blank is the header, and must have the columns `names`. */
export class Table {
  constructor(names) {
    this.names = names;
    this.number = 0; // of the line read last
    this.width = 0;
    this.places = null; // where each of `names` lies; null before the header
    this.mark = ",";
  }

  /** The cells of `names` in this line; null for the header and for a blank line. */
  row(line) {
    this.number += 1;
    if (!this.places) return this.header(line);
    if (!line.trim()) return null;
    const cells = this.split(line);
    if (cells.length !== this.width) {
      throw new InputError(`line ${this.number}: has ${cells.length} cells, and the header has ${this.width}`);
    }
    return this.places.map((place) => cells[place]);
  }

  /** To be called after the last line. */
  end() {
    if (!this.places) {
      throw new InputError("the input is empty: give a table, its first line the names of the columns");
    }
  }

  header(line) {
    const text = line.replace(/^\uFEFF/, "");
    if (!text.trim()) return null;
    const bare = text.split('"').filter((_, i) => i % 2 === 0).join(""); // outside quotes
    const count = (mark) => bare.split(mark).length;
    this.mark = [",", ";", "\t"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
    const cells = this.split(text);
    this.width = cells.length;
    cells.forEach((name, i) => {
      const first = cells.indexOf(name);
      if (name && first < i) {
        throw new InputError(`line ${this.number}: columns ${first + 1} and ${i + 1} are both called '${name}'; rename one of them`);
      }
    });
    this.places = this.names.map((name) => {
      const place = cells.indexOf(name);
      if (place < 0) throw new InputError(`line ${this.number}: there is no column '${name}'`);
      return place;
    });
    return null;
  }

  /** A cell in quotes may hold the mark, and a quote written twice. */
  split(line) {
    const cells = [];
    let at = 0;
    for (;;) {
      let quoted = line[at] === '"';
      let cell = "";
      at += quoted ? 1 : 0;
      while (at < line.length && (quoted || line[at] !== this.mark)) {
        if (quoted && line[at] === '"') {
          if (line[at + 1] !== '"') {
            quoted = false;
            at += 1;
            continue;
          }
          at += 1;
        }
        cell += line[at];
        at += 1;
      }
      cells.push(cell.trim());
      if (at >= line.length) return cells;
      at += 1;
    }
  }
}

/** The number in a cell, NaN where it is missing or infinite; undefined where it is none. */
export function number(cell) {
  const plain = cell.toLowerCase();
  if (NAN_WORDS.has(plain)) return NaN;
  if (Object.hasOwn(TRUTH, plain)) return TRUTH[plain];
  if (!NUMBER.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : NaN;
}

/** Seconds since 1970 of a time in a cell; undefined where it is none. */
export function time(cell) {
  if (/^[+-]?\d+$/.test(cell)) return Math.abs(Number(cell)) <= LATEST ? Number(cell) : undefined;
  const found = DATE.exec(cell);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const ahead = (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0)) * (found[7] === "-" ? -60 : 60); // of UTC
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // Date.UTC would take the year 20 for 1920
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59) return undefined;
  return date.getTime() / 1000 + (hour * 60 + minute) * 60 + second - ahead;
}

/** Writes seconds since 1970 as `2020-01-31 13:00:00`. */
export function stamp(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "?" : date.toISOString().replace("T", " ").slice(0, -5);
}

/** The time `steps` steps after `seconds`, where a step is so many seconds, or calendar months. */
export function after(seconds, step, steps) {
  if (step.seconds) return seconds + step.seconds * steps;
  const date = new Date(seconds * 1000);
  const month = new Date(0);
  month.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + step.months * steps, 1);
  return month.getTime() / 1000;
}
