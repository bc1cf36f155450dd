// The values of all lines of a chart at one place, for charts with several.
import { h } from "./dom.js";
import { formatNumber, formatPlace, formatReading } from "./format.js";

const ROWS = 12;

export class Tip {
  constructor() {
    this.node = h("div", { class: "tkp-tip", hidden: true });
  }

  // Shows the values beside a place of the stage.
  show(found, { kind, axis, unit, left, width }) {
    const values = found.filter((value) => value && !Number.isNaN(value.y));
    values.sort((one, other) => other.y - one.y);
    const format = unit ? (y) => formatReading(y, unit) : formatNumber;
    const rows = values
      .slice(0, ROWS)
      .map(({ y, line }) =>
        h(
          "div",
          { class: "tkp-tip-row" },
          h("i", { style: `background: ${line.colour}` }),
          h("span", {}, line.label),
          h("b", {}, format(y)),
        ),
      );
    if (values.length > ROWS)
      rows.push(h("div", {}, `… ${values.length - ROWS} more`));
    const [first] = values;
    if (first)
      rows.unshift(
        h("div", { class: "tkp-place" }, formatPlace(kind, first.x, axis)),
      );
    this.node.replaceChildren(...rows);
    this.node.hidden = !first;
    const isRight = left > width / 2;
    this.node.style.left = isRight ? "auto" : `${left + 10}px`;
    this.node.style.right = isRight ? `${width - left + 10}px` : "auto";
  }

  hide() {
    this.node.hidden = true;
  }
}
