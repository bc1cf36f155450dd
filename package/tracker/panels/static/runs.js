// What stands above the charts of a project: its runs, and which of them are drawn.
import { h, setText } from "./dom.js";
import { formatAgo, formatDuration, formatNumber } from "./format.js";

const FIXED = {
  name: { title: "run", of: (run) => run.name.toLowerCase() },
  state: { title: "state", of: (run) => run.state },
  created: { title: "created", of: (run) => run.created_ms },
  duration: { title: "duration", of: (run) => run.runtime_s },
  step: { title: "step", of: (run) => run.step },
};

export class Runs {
  constructor(panel) {
    this.panel = panel;
    this.rows = new Map();
    this.name = h("strong", { class: "tkp-name" }, "Waiting for the kernel …");
    this.count = h("span", { class: "tkp-project" });
    this.filter = h("input", {
      type: "search",
      class: "tkp-filter",
      placeholder: "Search runs",
      "aria-label": "Search runs",
      value: panel.settings.runSearch ?? "",
      oninput: () => {
        panel.settings.runSearch = this.filter.value;
        this.arrange();
      },
    });
    this.heads = h("tr");
    this.body = h("tbody");
    this.table = h("table", {}, h("thead", {}, this.heads), this.body);
    const who = h("div", { class: "tkp-who" }, this.name, this.count);
    this.node = h(
      "header",
      { class: "tkp-header" },
      h("div", { class: "tkp-top" }, who, this.filter),
      h("div", { class: "tkp-runs", tabindex: "0" }, this.table),
    );
    this.node.dataset.state = "waiting";
    this.timer = setInterval(() => this.tick(), 1000);
  }

  update(head, clockMs) {
    this.head = head;
    this.clockMs = clockMs;
    this.node.dataset.state = "project";
    setText(this.name, head.name);
    const count = `${head.runs.length}${head.is_cut ? " newest" : ""}`;
    setText(this.count, `${count} run${head.runs.length === 1 ? "" : "s"}`);
    this.panel.settings.sort ??= { by: "created", down: true };
    this.showHeads(head.columns);
    this.arrange();
  }

  // A project has no config of its own.
  showConfig() {}

  get shown() {
    return new Set(this.panel.settings.runs ?? this.head.shown);
  }

  showHeads(columns) {
    const { sort } = this.panel.settings;
    const names = [...Object.keys(FIXED), ...columns.map((name) => `/${name}`)];
    if (this.headNames === `${names}${sort.by}${sort.down}`) return;
    this.headNames = `${names}${sort.by}${sort.down}`;
    const heads = names.map((by) => {
      const title = FIXED[by]?.title ?? by.slice(1);
      const direction = sort.down ? "descending" : "ascending";
      const press = () => this.sortBy(by);
      const mark = sort.by === by ? (sort.down ? " ↓" : " ↑") : "";
      return h(
        "th",
        {
          scope: "col",
          title,
          "aria-sort": sort.by === by ? direction : undefined,
        },
        h("button", { type: "button", onclick: press }, title + mark),
      );
    });
    this.heads.replaceChildren(...heads);
  }

  sortBy(by) {
    const { sort } = this.panel.settings;
    sort.down = sort.by === by ? !sort.down : by !== "name";
    sort.by = by;
    this.showHeads(this.head.columns);
    this.arrange();
  }

  arrange() {
    const { settings } = this.panel;
    const { by, down } = settings.sort;
    const column = this.head.columns.indexOf(by.slice(1));
    const value = FIXED[by]?.of ?? ((run) => run.sort[column] ?? null);
    const search = (settings.runSearch ?? "").trim().toLowerCase();
    const runs = this.head.runs
      .filter((run) => fits(run, search))
      .sort((one, other) => compare(value(one), value(other), down));
    const rows = runs.map((run) => this.row(run));
    for (const [id] of this.rows) {
      if (!this.head.runs.some((run) => run.id === id)) this.rows.delete(id);
    }
    // Rows that stay where they are keep the keyboard's focus.
    const isSame =
      rows.length === this.body.children.length &&
      rows.every((row, place) => this.body.children[place] === row);
    if (!isSame) this.body.replaceChildren(...rows);
  }

  row(run) {
    let row = this.rows.get(run.id);
    if (!row) {
      row = this.makeRow(run);
      this.rows.set(run.id, row);
    }
    const isShown = this.shown.has(run.id);
    row.swatch.setAttribute("aria-pressed", String(isShown));
    row.swatch.style.setProperty("--tkp-run", run.colour);
    row.dataset.state = run.state;
    setText(row.label, run.name);
    row.run = run;
    const cells = [run.state, "", "", formatNumber(run.step), ...run.values];
    while (row.cells.length - 1 < cells.length) row.append(h("td"));
    while (row.cells.length - 1 > cells.length) row.lastChild.remove();
    cells.forEach((text, place) => {
      if (place !== 1 && place !== 2) setText(row.cells[place + 1], text);
    });
    this.tickRow(row);
    return row;
  }

  makeRow(run) {
    const swatch = h("button", {
      type: "button",
      class: "tkp-swatch",
      title: "Draw this run, or not",
      "aria-label": `Draw ${run.name}`,
      onclick: () => this.toggle(run.id),
    });
    const label = h("span", { class: "tkp-run-name", title: run.id });
    const tags = run.tags.map((tag) => h("span", { class: "tkp-tag" }, tag));
    const dot = h("span", { class: "tkp-dot" });
    const cell = h("div", { class: "tkp-run" }, dot, swatch, label, ...tags);
    const name = h("th", { scope: "row" }, cell);
    const row = h("tr", {
      onpointerenter: () => this.panel.focusRun(run.id),
      onpointerleave: () => this.panel.focusRun(null),
    });
    row.append(name);
    row.swatch = swatch;
    row.label = label;
    return row;
  }

  toggle(id) {
    const shown = this.shown;
    if (!shown.delete(id)) shown.add(id);
    this.panel.settings.runs = [...shown];
    this.arrange();
    this.panel.changeRuns();
  }

  tick() {
    if (!this.head || document.hidden) return;
    for (const row of this.body.children) this.tickRow(row);
  }

  tickRow(row) {
    const { run } = row;
    const now = Date.now() + this.clockMs;
    const more =
      run.state === "running" ? Math.max(0, now - run.updated_ms) / 1000 : 0;
    setText(row.cells[2], formatAgo((now - run.created_ms) / 1000));
    setText(row.cells[3], formatDuration(run.runtime_s + more));
  }

  dispose() {
    clearInterval(this.timer);
  }
}

function fits(run, search) {
  const text = [run.name, run.id, run.state, ...run.tags].join(" ");
  return text.toLowerCase().includes(search);
}

// What is missing comes last, whichever way is up.
function compare(one, other, down) {
  if (one === null || other === null) return (one === null) - (other === null);
  const order = one < other ? -1 : one > other ? 1 : 0;
  return down ? -order : order;
}
