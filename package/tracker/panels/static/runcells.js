// The cells of the run table.
import {
  deltaOf,
  groupCell,
  hintOf,
  isNumeric,
  isTimely,
  textOf,
} from "./cells.js";
import { h, icon, setText } from "./dom.js";

export class RunCells {
  constructor(runs) {
    this.runs = runs;
  }

  get nowMs() {
    return Date.now() + (this.runs.clockMs ?? 0);
  }

  fillHead(cell, column) {
    cell.title = column.id;
    const mark = h("span", { class: "tkp-sort" }, column.mark);
    cell.append(h("span", { class: "tkp-head-text" }, column.title), mark);
    const way = { "↓": "descending", "↑": "ascending" }[column.mark[0]];
    if (way) cell.setAttribute("aria-sort", way);
    if (this.runs.known?.get(column.id)?.isNumber)
      cell.classList.add("tkp-num");
  }

  dress(node, row) {
    const { selection, baseline } = this.runs;
    node.dataset.state = row.state;
    node.dataset.id = row.id;
    node.setAttribute("aria-selected", String(selection.has(row.id)));
    node.setAttribute("aria-level", String(row.depth + 1));
    if ("size" in row) node.setAttribute("aria-expanded", String(row.open));
    else node.removeAttribute("aria-expanded");
    node.classList.toggle("tkp-baseline", row.id === baseline?.id);
    node.classList.toggle("tkp-unseen", !row.eye);
  }

  fill(cell, row, { id }) {
    if (id === "name") {
      this.fillName(cell, row);
      return;
    }
    const { baseline, places } = this.runs;
    const value = row.cells[places?.get(id)];
    if (value === undefined || value === null) return;
    if ("size" in row) {
      const [content, hint] = groupCell(id, value);
      cell.append(content);
      cell.title = hint;
      if (typeof value === "object") cell.classList.add("tkp-num");
      return;
    }
    if (id === "tags") {
      const tags = row.tags.map((tag) => h("span", { class: "tkp-tag" }, tag));
      cell.append(...tags);
      cell.title = row.tags.join(", ");
      return;
    }
    cell.append(h("span", {}, textOf(id, value, row, this.nowMs)));
    cell.title = hintOf(id, value);
    if (isNumeric(value)) cell.classList.add("tkp-num");
    if (baseline && row.id !== baseline.id)
      cell.append(deltaOf(id, value, baseline.cells[places.get(id)]) ?? "");
  }

  fillName(cell, row) {
    const isGroup = "size" in row;
    const box = h("span", { class: "tkp-choose", "data-press": "choose" }, "✓");
    const swatch = h("span", {
      class: row.eye ? "tkp-swatch tkp-on" : "tkp-swatch",
      title: row.eye ? "Drawn: press to hide" : "Hidden: press to draw",
      "data-press": "eye",
    });
    swatch.style.setProperty("--tkp-run", row.colour);
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
    } else {
      box.title = "Choose this run; with Shift, all up to it";
      inner.append(box);
    }
    const dot = h("span", { class: "tkp-dot", title: row.state });
    inner.append(swatch, dot, label);
    if (isGroup)
      inner.append(h("span", { class: "tkp-count" }, String(row.size)));
    cell.append(inner);
    const seen = row.eye ? "drawn" : "hidden";
    cell.setAttribute("aria-label", `${row.name}, ${row.state}, ${seen}`);
  }

  // A field in the place of the name, until Enter, Escape or the pointer elsewhere.
  rename(row) {
    const { table, panel } = this.runs;
    const node = [...table.rows.values()].find((each) => each.row === row);
    const label = node?.querySelector(".tkp-run-name");
    if (!label) return;
    const field = h("input", {
      type: "text",
      class: "tkp-rename",
      value: row.name,
      maxlength: "200",
      "aria-label": `Name of ${row.name}`,
    });
    let isOver = false;
    const end = (isSaved, isBack) => {
      if (isOver) return;
      isOver = true;
      const name = field.value.trim();
      field.replaceWith(label);
      if (isSaved && name && name !== row.name) {
        setText(label, name);
        panel.ask({ type: "edit", runs: [row.id], changes: { name } });
      }
      if (isBack) table.node.focus();
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(true, true);
      if (event.key === "Escape") end(false, true);
    });
    field.addEventListener("blur", () => end(true, false));
    for (const type of ["click", "dblclick"])
      field.addEventListener(type, (event) => event.stopPropagation());
    label.replaceWith(field);
    field.focus();
    field.select();
  }

  // Durations and times ago go on by themselves.
  tick(node) {
    const { row } = node;
    const { places } = this.runs;
    if (!row || "size" in row) return;
    for (const cell of node.children) {
      const { column } = cell.dataset;
      const text = cell.firstChild;
      if (!column || !isTimely(column) || !text) continue;
      const value = row.cells[places.get(column)];
      setText(text, textOf(column, value, row, this.nowMs));
    }
  }
}
