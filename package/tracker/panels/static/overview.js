// Config, summary and origin of a run, as tables that open below the header.
import { h, setText } from "./dom.js";

export class Overview {
  constructor() {
    this.config = table("Config", "Nothing was configured.");
    this.summary = table("Summary", "Nothing was logged.");
    this.origin = table("Run", "");
    this.node = h("div", { class: "tkp-overview", hidden: true });
    this.node.append(this.config.node, this.summary.node, this.origin.node);
  }

  describe(about) {
    this.config.fill(about.config ?? []);
    const words = [
      ["group", about.group],
      ["job type", about.job_type],
      ["notes", about.notes],
    ];
    const origin = [
      ...words.filter(([, value]) => value),
      ...(about.metadata ?? []),
    ];
    this.origin.fill(origin);
    this.origin.node.hidden = !origin.length;
  }
}

function table(name, empty) {
  const count = h("span", { class: "tkp-count" });
  const body = h("tbody");
  const nothing = h("p", { class: "tkp-empty" }, empty);
  const node = h("div", { class: "tkp-table" }, h("h4", {}, name, " ", count));
  node.append(
    h(
      "div",
      { class: "tkp-rows", tabindex: "0" },
      h("table", {}, body),
      nothing,
    ),
  );
  const fill = (pairs) => {
    setText(count, pairs.length ? String(pairs.length) : "");
    nothing.hidden = pairs.length > 0;
    const rows = pairs.map(([key, value]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row", title: key }, key),
        h("td", { title: value }, value),
      ),
    );
    body.replaceChildren(...rows);
  };
  return { node, fill };
}
