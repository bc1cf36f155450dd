// What stands above the panels of a report that stand on no workspace: the runs in them.
import { h, setText } from "./dom.js";

export class ReportHeader {
  constructor() {
    this.more = h("button", { hidden: true });
    this.rest = h("span", { class: "tkp-report-rest" });
    this.node = h("header", { class: "tkp-report-runs", hidden: true });
  }

  update({ runs, more }) {
    const chips = runs.map(([name, colour]) => {
      const dot = h("span", { class: "tkp-report-dot" });
      dot.style.background = colour;
      return h("span", { class: "tkp-report-run" }, dot, name);
    });
    setText(this.rest, more ? `and ${more} more` : "");
    this.node.replaceChildren(...chips, this.rest);
    this.node.hidden = !runs.length;
  }

  // A report has no config of its own, and nothing that goes on by itself.
  showConfig() {}
  dispose() {}
}
