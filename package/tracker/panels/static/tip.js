// The values of all lines of a chart at one place, for charts with several.
import { h } from "./dom.js";
import { formatNumber, formatPlace, formatReading } from "./format.js";

const ROWS = 12;
const GAP = 10;

function spread(found, format) {
  if (!found) return null;
  const { low, high, count } = found;
  const band = low === undefined ? "" : ` ${format(low)} … ${format(high)}`;
  return h("small", {}, `${band} · ${count}`);
}

export class Tip {
  constructor() {
    this.node = h("div", { class: "tkp-tip", hidden: true });
  }

  // Shows the values beside a place of the stage.
  show(found, { kind, axis, unit, left, series }) {
    const values = found.filter((value) => value && !Number.isNaN(value.y));
    values.sort((one, other) => other.y - one.y);
    const format = unit ? (y) => formatReading(y, unit) : formatNumber;
    const rows = values
      .slice(0, ROWS)
      .map(({ x, y, line }) =>
        h(
          "div",
          { class: "tkp-tip-row" },
          h("i", { style: `background: ${line.colour}` }),
          h("span", {}, line.label),
          h("b", {}, format(y), spread(series?.spreadAt(line, x), format)),
        ),
      );
    const more = (series?.lines.length ?? 0) - rows.length;
    if (rows.length === ROWS && more > 0)
      rows.push(h("div", { class: "tkp-place" }, `… ${more} more`));
    const [first] = values;
    if (first)
      rows.unshift(
        h("div", { class: "tkp-place" }, formatPlace(kind, first.x, axis)),
      );
    this.node.replaceChildren(...rows);
    this.node.hidden = !first;
    // On the side of the crosshair that has room, within the panel.
    const { left: from } = this.node.parentNode.getBoundingClientRect();
    const panel = this.node.closest(".tkp").getBoundingClientRect();
    const own = this.node.offsetWidth + GAP;
    const isRight =
      from + left + own > panel.right - GAP && from + left - own > panel.left;
    this.node.style.left = `${isRight ? left - own : left + GAP}px`;
  }

  hide() {
    this.node.hidden = true;
  }
}
