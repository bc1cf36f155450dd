// What stands above the panels of a project: its name, its run table, and what is done with runs.
import {
  deltaOf,
  groupCell,
  hintOf,
  isNumeric,
  textOf,
  titleOf,
  widthOf,
} from "./cells.js";
import { h, icon, setText } from "./dom.js";
import { Table } from "./table.js";

export class Runs {
  constructor(panel) {
    this.panel = panel;
    this.rows = new Map();
    this.selected = new Set();
    this.opened = new Set();
    this.count = 0;
    this.columns = [];
    this.name = h("strong", { class: "tkp-name" }, "Waiting for the kernel …");
    this.about = h("span", { class: "tkp-project" });
    this.search = h("input", {
      type: "search",
      class: "tkp-filter",
      placeholder: "Search runs",
      "aria-label": "Search runs",
      oninput: () =>
        this.workspace.patchRuns({ search: this.search.value }, false),
    });
    this.table = new Table(this.tableOwner(), "Runs");
    const who = h("div", { class: "tkp-who" }, this.name, this.about);
    this.node = h(
      "header",
      { class: "tkp-header" },
      h("div", { class: "tkp-top" }, who, this.search),
      this.table.node,
    );
    this.node.dataset.state = "waiting";
    this.timer = setInterval(() => this.tick(), 1000);
  }

  get workspace() {
    return this.panel.workspace;
  }

  // A project has no config of its own.
  showConfig() {}

  // -- from the kernel

  update(head, clockMs) {
    this.head = head;
    this.clockMs = clockMs;
    this.node.dataset.state = "project";
    setText(this.name, head.name);
    const runs = `${head.total} run${head.total === 1 ? "" : "s"}`;
    const some =
      head.matched === head.total ? runs : `${head.matched} of ${runs}`;
    setText(this.about, some);
    if (document.activeElement !== this.search)
      this.search.value = this.workspace.runset.search ?? "";
    this.table.refresh();
  }

  receiveColumns({ columns, shown }) {
    this.known = new Map(
      columns.map(([id, isNumber, count, isConstant]) => [
        id,
        { id, isNumber, count, isConstant },
      ]),
    );
    this.shownColumns = shown;
    this.table.refresh();
  }

  receiveRows(message) {
    this.count = message.count;
    this.baseline = message.baseline;
    this.places = new Map(message.columns.map((id, place) => [id, place]));
    this.rows = new Map(
      message.rows.map((row, place) => [message.from + place, row]),
    );
    this.table.refresh();
  }

  // -- the table

  tableOwner() {
    return {
      columns: () => this.tableColumns(),
      count: () => this.count,
      row: (place) => this.rows.get(place),
      fillHead: (cell, column) => this.fillHead(cell, column),
      fillCell: (cell, row, column) => this.fillCell(cell, row, column),
      dressRow: (node, row) => this.dressRow(node, row),
      seen: (...window) => this.ask(...window),
      press: (...what) => this.press(...what),
      key: (...what) => this.key(...what),
      hover: (row) => this.panel.focusRun(row?.id ?? null),
      resize: (column, width) =>
        this.workspace.patchRuns({ widths: { [column]: width } }, false),
    };
  }

  tableColumns() {
    const { pinned = ["name"], widths = {} } = this.workspace.runset;
    const shown = this.shownColumns ?? ["name"];
    const ids = [...shown.filter((id) => pinned.includes(id))];
    ids.push(...shown.filter((id) => !pinned.includes(id)));
    return ids.map((id) => ({
      id,
      title: titleOf(id),
      width: widthOf(id, widths),
      isPinned: pinned.includes(id),
      mark: this.markOf(id),
    }));
  }

  ask(from, to, columns) {
    const open = [...this.opened];
    const text = JSON.stringify([from, to, columns, open]);
    if (text === this.asked) return;
    this.asked = text;
    clearTimeout(this.askTimer);
    this.askTimer = setTimeout(
      () => this.panel.ask({ type: "rows", from, to, columns, open }),
      this.count ? 30 : 0,
    );
  }

  markOf(column) {
    const order = this.head?.order ?? [];
    const place = order.findIndex(([name]) => name === column);
    if (place < 0) return "";
    const arrow = order[place][1] === "desc" ? "↓" : "↑";
    return order.length > 1 ? `${arrow}${place + 1}` : arrow;
  }

  fillHead(cell, column) {
    cell.title = column.id;
    const mark = h("span", { class: "tkp-sort" }, column.mark);
    cell.append(h("span", { class: "tkp-head-text" }, column.title), mark);
    const way = { "↓": "descending", "↑": "ascending" }[column.mark[0]];
    if (way) cell.setAttribute("aria-sort", way);
    if (this.known?.get(column.id)?.isNumber) cell.classList.add("tkp-num");
  }

  dressRow(node, row) {
    node.dataset.state = row.state;
    node.dataset.id = row.id;
    node.setAttribute("aria-selected", String(this.selected.has(row.id)));
    node.setAttribute("aria-level", String(row.depth + 1));
    if ("size" in row) node.setAttribute("aria-expanded", String(row.open));
    node.classList.toggle("tkp-baseline", row.id === this.baseline?.id);
    node.classList.toggle("tkp-unseen", !row.eye);
  }

  fillCell(cell, row, { id }) {
    if (id === "name") {
      this.fillName(cell, row);
      return;
    }
    const value = row.cells[this.places?.get(id)];
    if (value === undefined || value === null) return;
    if ("size" in row) {
      const [content, hint] = groupCell(id, value);
      cell.append(content);
      cell.title = hint;
      if (typeof value === "object") cell.classList.add("tkp-num");
      return;
    }
    if (id === "tags") {
      cell.append(
        ...row.tags.map((tag) => h("span", { class: "tkp-tag" }, tag)),
      );
      cell.title = row.tags.join(", ");
      return;
    }
    cell.append(textOf(id, value, row, this.nowMs));
    cell.title = hintOf(id, value);
    if (isNumeric(value)) cell.classList.add("tkp-num");
    const base = this.baseline?.cells[this.places.get(id)];
    if (this.baseline && row.id !== this.baseline.id)
      cell.append(deltaOf(id, value, base) ?? "");
  }

  fillName(cell, row) {
    const isGroup = "size" in row;
    const swatch = h("span", {
      class: "tkp-swatch",
      title: row.eye ? "Drawn; press to hide" : "Hidden; press to draw",
      "data-press": "eye",
    });
    swatch.style.setProperty("--tkp-run", row.colour);
    swatch.classList.toggle("tkp-on", row.eye);
    const label = h(
      "span",
      { class: "tkp-run-name", title: row.name },
      row.name,
    );
    const inner = h("div", { class: "tkp-run" });
    inner.style.paddingLeft = `${row.depth * 18}px`;
    if (isGroup) {
      const opener = icon("chevron");
      opener.dataset.press = "open";
      opener.classList.toggle("tkp-open", row.open);
      inner.append(opener);
    }
    inner.append(
      swatch,
      h("span", { class: "tkp-dot", title: row.state }),
      label,
    );
    if (isGroup)
      inner.append(h("span", { class: "tkp-count" }, String(row.size)));
    cell.append(inner);
    cell.setAttribute(
      "aria-label",
      `${row.name}, ${row.state}, ${row.eye ? "drawn" : "hidden"}`,
    );
  }

  get nowMs() {
    return Date.now() + (this.clockMs ?? 0);
  }

  // -- what is pressed

  press(place, column, event) {
    if (event.type !== "click") return;
    if (place < 0) {
      this.sort(column.id, event.shiftKey);
      return;
    }
    const row = this.rows.get(place);
    const what = event.target.closest("[data-press]")?.dataset.press;
    if (!row) return;
    if (what === "eye") this.toggle(row);
    else if (what === "open") this.open(row);
  }

  key(event, place, column) {
    const row = this.rows.get(place);
    if (place < 0 && event.key === "Enter")
      this.sort(column.id, event.shiftKey);
    else if (row && event.key === " ") this.toggle(row);
    else if (row && event.key === "Enter" && "size" in row) this.open(row);
    else return false;
    return true;
  }

  // Sorts by a column; with Shift, by it after those that are sorted by already.
  sort(column, isFurther) {
    const order = (this.head?.order ?? []).map((each) => [...each]);
    const known = order.find(([name]) => name === column);
    let next = isFurther ? order : order.filter(([name]) => name === column);
    if (known) known[1] = known[1] === "desc" ? "asc" : "desc";
    else next = [...next, [column, column === "name" ? "asc" : "desc"]];
    this.workspace.patchRuns({ order: next });
  }

  open(row) {
    if (!this.opened.delete(row.id)) this.opened.add(row.id);
    this.table.refresh();
  }

  // Hides a run or a group that is drawn, and draws one that is not.
  toggle(row) {
    const { hidden = [], shown = [], only } = this.workspace.runset;
    const without = (ids) => ids.filter((id) => id !== row.id);
    if (only) {
      const next = row.eye ? without(only) : [...only, row.id];
      this.workspace.patchRuns({ only: next });
    } else if (row.eye) {
      this.workspace.patchRuns({
        hidden: [...without(hidden), row.id],
        shown: without(shown),
      });
    } else {
      this.workspace.patchRuns({
        hidden: without(hidden),
        shown: [...without(shown), row.id],
      });
    }
  }

  tick() {
    if (!this.head || document.hidden || !this.node.isConnected) return;
    this.table.refresh();
  }

  dispose() {
    clearInterval(this.timer);
    clearTimeout(this.askTimer);
    this.table.dispose();
  }
}
