// The columns of the run table: what they are called, how wide they are, and how a value reads.
import { h } from "./dom.js";
import {
  asNumber,
  formatAgo,
  formatDuration,
  formatMoment,
  formatNumber,
} from "./format.js";

const FIXED = {
  name: ["Name", 220],
  state: ["State", 84],
  created_at: ["Created", 92],
  updated_at: ["Updated", 92],
  ended_at: ["Ended", 92],
  duration: ["Duration", 84],
  step: ["Step", 72],
  tags: ["Tags", 140],
  notes: ["Notes", 160],
  id: ["Id", 92],
  group: ["Group", 110],
  job_type: ["Job type", 100],
  sweep: ["Sweep", 92],
};
const TIMES = new Set(["created_at", "updated_at", "ended_at"]);
const WIDTH = 104;

export const isTimely = (column) => TIMES.has(column) || column === "duration";

// Of "2h 05m ago" the first part: a table is read at a glance.
const shortAgo = (seconds) => formatAgo(seconds).replace(/ \S+ ago$/, " ago");

export function titleOf(column) {
  return FIXED[column]?.[0] ?? column.replace(/^(config|summary)\./, "");
}

export function widthOf(column, widths = {}) {
  if (widths[column]) return widths[column];
  if (FIXED[column]) return FIXED[column][1];
  return Math.min(Math.max(WIDTH, titleOf(column).length * 6.6 + 30), 200);
}

// A value that came in a row: a number, a text, or what JSON lacks.
export function valueOf(cell) {
  return cell && typeof cell === "object" && "n" in cell
    ? asNumber(cell.n)
    : cell;
}

export function isNumeric(cell) {
  const value = valueOf(cell);
  return typeof value === "number";
}

export function textOf(column, cell, row, nowMs) {
  const value = valueOf(cell);
  if (value === null || value === undefined) return "";
  if (TIMES.has(column)) return shortAgo(nowMs / 1000 - value);
  if (column === "duration") {
    const more = row.state === "running" ? (nowMs - row.updated_ms) / 1000 : 0;
    return formatDuration(value + Math.max(0, more));
  }
  if (typeof value === "boolean") return value ? "true" : "false";
  return typeof value === "number" ? formatNumber(value) : String(value);
}

// What a pointer that rests on a value is told.
export function hintOf(column, cell) {
  const value = valueOf(cell);
  if (value === null || value === undefined) return "";
  if (TIMES.has(column)) return formatMoment(value * 1000);
  return typeof value === "number" ? String(value) : textOf(column, cell, {});
}

// A column of a group: the mean, with what lies around it.
export function groupCell(column, cell) {
  if (cell === null || typeof cell !== "object") return [cell ?? "", ""];
  if ("distinct" in cell) return [`${cell.distinct} values`, ""];
  const format = (value) => formatIn(column, value);
  const odd = cell.odd ? `, ${cell.odd} not finite` : "";
  if (cell.mean === undefined) return [`${cell.odd} not finite`, ""];
  const lines = [
    `mean ${format(cell.mean)}`,
    `min ${format(cell.min)}`,
    `max ${format(cell.max)}`,
    cell.std === undefined ? null : `std ${formatSpan(column, cell.std)}`,
    `count ${cell.count}${odd}`,
  ];
  const hint = lines.filter(Boolean).join("\n");
  const isSpread = cell.min !== cell.max && !TIMES.has(column);
  return [
    h(
      "span",
      { class: "tkp-mean" },
      format(cell.mean),
      isSpread && cell.std !== undefined
        ? h("small", {}, ` ±${formatSpan(column, cell.std)}`)
        : null,
    ),
    hint,
  ];
}

function formatIn(column, value) {
  if (TIMES.has(column)) return shortAgo(Date.now() / 1000 - value);
  if (column === "duration") return formatDuration(value);
  return formatNumber(value);
}

function formatSpan(column, seconds) {
  return isTimely(column) ? formatDuration(seconds) : formatNumber(seconds);
}

// The difference to the baseline's value, and whether it is more or less.
export function deltaOf(column, cell, base) {
  const [value, before] = [valueOf(cell), valueOf(base)];
  if (typeof value !== "number" || typeof before !== "number") return null;
  if (TIMES.has(column) || !Number.isFinite(value - before)) return null;
  const delta = value - before;
  if (delta === 0) return null;
  const size =
    column === "duration"
      ? formatDuration(Math.abs(delta))
      : formatNumber(Math.abs(delta));
  return h("small", { class: "tkp-delta" }, `${delta > 0 ? "+" : "−"}${size}`);
}
