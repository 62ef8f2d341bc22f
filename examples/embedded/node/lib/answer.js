// Lays an answer out as rows of cells, and as CSV.
import { plan } from "./plan.js";
import { stamp } from "./table.js";

const { answer: layout, outputs, streaming } = plan;
const leads = layout.lead && !(streaming && layout.rows === "step");

/** The names of the columns. */
export const header = [
  ...(streaming ? ["at"] : []),
  ...(leads ? [layout.lead] : []),
  ...layout.cells.map((cell) => cell.header),
];

/** Shortest digits that read back to the same value; nothing where it is missing. */
function digits(value, dtype) {
  if (Number.isNaN(value)) return "";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (dtype === "float64") return String(value);
  let precision = 6;
  while (precision < 9 && Math.fround(Number(value.toPrecision(precision))) !== value) precision += 1;
  return String(Number(value.toPrecision(precision)));
}

function text(port, value) {
  if (port.labels.length) return port.labels[Number(value)] ?? "?";
  return typeof value === "number" && port.dtype.startsWith("float") ? digits(value, port.dtype) : String(value);
}

/** The place of the score that `rank` others stand before; of equal ones the first. */
function ranked(scores, rank) {
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b)[rank];
}

/**
 * The rows of an answer, each a list of texts.
 *
 * @param {string} at what a stream's answer is for: a time, or the number of the row
 */
export function rowsOf(answer, at) {
  const tensors = outputs.map((port) => (port.source === "state" ? null : answer[port.key]));
  const first = tensors[layout.clock] ?? tensors[layout.cells[0]?.output];
  const count = layout.rows === "one" ? 1 : layout.count || first.dims[1];
  return Array.from({ length: count }, (_, row) => [
    ...(streaming ? [at] : []),
    ...(leads ? [layout.rows === "future" ? stamp(Number(first.data[row])) : String(row)] : []),
    ...layout.cells.map((cell) => {
      const [port, data] = [outputs[cell.output], tensors[cell.output].data];
      if (cell.rank >= 0) {
        const scores = data.slice(row * cell.stride, row * cell.stride + cell.labels.length);
        const place = ranked(scores, cell.rank);
        return cell.score ? text(port, scores[place]) : cell.labels[place];
      }
      if (!cell.joined) return text(port, data[cell.place + row * cell.stride]);
      const values = cell.stride ? data.slice(row * cell.stride, (row + 1) * cell.stride) : data;
      return Array.from(values, (value) => text(port, value)).join(" ");
    }),
  ]);
}

/** One line of CSV. */
export function csv(cells) {
  return `${cells.map((c) => (/[,"\r\n]/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)).join(",")}\n`;
}
