// The machine in one line: small curves of its readings with their last values.
import { h, svg } from "./dom.js";
import { formatReading } from "./format.js";
import { unpacker } from "./series.js";

const WIDTH = 100;
const HEIGHT = 26;

export class Strip {
  constructor() {
    this.node = h("div", {
      class: "tkp-strip",
      role: "group",
      "aria-label": "System",
    });
    this.node.hidden = true;
  }

  receive({ tiles }, buffers) {
    const unpack = unpacker(buffers);
    this.node.hidden = !tiles.length;
    this.node.replaceChildren(...tiles.map((tile) => this.tile(tile, unpack)));
  }

  tile({ title, unit, top, lines }, unpack) {
    const curves = lines.map(({ parts }) => ({
      x: unpack(parts[0]),
      y: unpack(parts[1]),
    }));
    const drawing = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    const box = bounds(curves, top);
    curves.slice(0, 4).forEach((curve, place) => {
      const { line, area } = path(curve, box);
      if (place === 0)
        drawing.append(svg("path", { d: area, class: "tkp-area" }));
      const look = `tkp-curve tkp-curve-${place}`;
      drawing.append(svg("path", { d: line, class: look }));
    });
    const [value, beside] = reading(lines, unit);
    const hint = lines
      .map((line) => `${line.label}: ${formatReading(line.last, unit)}`)
      .join("\n");
    return h(
      "div",
      { class: "tkp-tile", title: hint },
      h("span", { class: "tkp-tile-name" }, title),
      h(
        "span",
        { class: "tkp-tile-value" },
        h("b", {}, value),
        " ",
        h("small", {}, beside),
      ),
      drawing,
    );
  }
}

// Returns what stands in bold, and what stands beside it.
function reading(lines, unit) {
  const values = lines
    .map((line) => line.last)
    .filter((value) => value !== null);
  if (!values.length) return ["–", ""];
  const sum = values.reduce((total, value) => total + value, 0);
  // Traffic goes two ways.
  if (unit === "MB/s") return [formatReading(sum, unit), ""];
  if (values.length === 1) return [formatReading(values[0], unit), ""];
  if (lines[1].label === "machine") {
    return [
      formatReading(values[0], unit),
      `/ ${formatReading(values[1], unit)}`,
    ];
  }
  // Several GPUs.
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return [`${Math.round(least)}–${formatReading(Math.round(most), unit)}`, ""];
}

function bounds(curves, top) {
  let [left, right, most] = [Infinity, -Infinity, 0];
  for (const { x, y } of curves) {
    if (!x.length) continue;
    left = Math.min(left, x[0]);
    right = Math.max(right, x[x.length - 1]);
    for (const value of y)
      if (Number.isFinite(value)) most = Math.max(most, value);
  }
  return { left, right, top: top ?? (most * 1.1 || 1) };
}

// Returns a curve, broken where a value is missing, and what lies below it.
function path({ x, y }, { left, right, top }) {
  const span = right - left || 1;
  let line = "";
  let area = "";
  let run = [];
  const finish = () => {
    if (run.length === 1)
      run.push([Math.min(Number(run[0][0]) + 3, WIDTH), run[0][1]]);
    if (run.length) {
      const points = run.map((point) => point.join(" ")).join("L");
      line += `M${points}`;
      area += `M${run[0][0]} ${HEIGHT}L${points}L${run.at(-1)[0]} ${HEIGHT}Z`;
    }
    run = [];
  };
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(y[i])) {
      finish();
      continue;
    }
    const across = ((x[i] - left) / span) * WIDTH;
    const share = Math.min(Math.max(y[i] / top, 0), 1);
    const height = HEIGHT - 1 - share * (HEIGHT - 3);
    run.push([across.toFixed(1), height.toFixed(1)]);
  }
  finish();
  return { line, area };
}
