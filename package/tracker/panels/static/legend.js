// The names of a chart's lines: beside a large chart all of them, below a small one a few.
import { h } from "./dom.js";

const FEW = 6;

export class Legend {
  constructor(chart) {
    this.chart = chart;
    this.hidden = new Set();
    this.node = h("div", { class: "tkp-legend", hidden: true });
  }

  // What was hidden stays so when new values come; lines are told apart by run and name.
  hide(series) {
    for (const line of series.lines)
      line.isHidden = this.hidden.has(nameOf(line));
  }

  show() {
    const { isLarge, spec, series } = this.chart;
    if (!series) return;
    const lines = series.lines.filter((line) => (line.opacity ?? 1) === 1);
    const isNeeded = lines.length > 1 && !spec.system;
    this.node.hidden = !isNeeded || !(isLarge || lines.length <= FEW);
    if (this.node.hidden) return;
    const shown = lines.map((line) => [line.label, line.colour, line.isHidden]);
    const text = JSON.stringify(shown);
    if (text === this.text) return;
    this.text = text;
    this.node.replaceChildren(...lines.map((line) => this.entry(line, series)));
  }

  entry(line, series) {
    const press = () => {
      const name = nameOf(line);
      if (!this.hidden.delete(name)) this.hidden.add(name);
      this.hide(series);
      this.show();
      this.chart.request(true);
    };
    return h(
      "button",
      {
        type: "button",
        class: "tkp-legend-entry",
        title: `${line.label}: press to hide or show`,
        "aria-pressed": String(!line.isHidden),
        onclick: press,
        onpointerenter: () => this.chart.panel.focusRun(line.run),
        onpointerleave: () => this.chart.panel.focusRun(undefined),
      },
      h("i", { style: `background: ${line.colour}` }),
      h("span", {}, line.label),
    );
  }
}

const nameOf = (line) => `${line.run} ${line.label}`;
