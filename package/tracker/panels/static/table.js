// A grid of rows and columns of which only those on the screen exist. It knows nothing of runs: its
// owner makes the content of cells, and hears what is pressed.
import { h } from "./dom.js";

const ROW = 26;
const SPARE = 8;
let numbers = 0;

export class Table {
  // `owner`: columns() → [{ id, title, width, isPinned }], row(place) → row or undefined,
  // count(), fillHead(cell, column), fillCell(cell, row, column), dressRow(node, row),
  // press(place, column, event), key(event), seen(first, last, columns), resize(column, width),
  // move(column, before), hover(row or null)
  constructor(owner, label) {
    this.owner = owner;
    this.id = `tkp-table-${(numbers += 1)}`;
    this.active = { row: 0, column: 0 };
    this.rows = new Map();
    this.head = h("div", { class: "tkp-row tkp-head", role: "row" });
    this.head.setAttribute("aria-rowindex", "1");
    this.space = h("div", { class: "tkp-space", role: "rowgroup" });
    this.top = h("div", { class: "tkp-top-rows", role: "rowgroup" }, this.head);
    this.node = h(
      "div",
      {
        class: "tkp-table-box",
        role: "grid",
        tabindex: "0",
        "aria-label": label,
        "aria-multiselectable": "true",
        onkeydown: (event) => this.key(event),
        onclick: (event) => this.press(event),
        ondblclick: (event) => this.press(event),
        oncontextmenu: (event) => this.press(event),
        onpointerdown: (event) => this.grab(event),
        onpointerleave: () => owner.hover(null),
        onscroll: () => this.plan(),
        onfocus: () => this.showActive(),
        onblur: () => this.node.removeAttribute("aria-activedescendant"),
      },
      this.top,
      this.space,
    );
    this.sizes = new ResizeObserver(() => this.plan());
    this.sizes.observe(this.node);
  }

  // Draws everything anew with the next frame.
  refresh() {
    this.isStale = true;
    this.plan();
  }

  plan() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (this.node.isConnected) this.draw();
    });
  }

  // Where each column begins, and which are on the screen.
  measure() {
    const columns = this.owner.columns();
    const pinned = columns.filter((column) => column.isPinned);
    const free = columns.filter((column) => !column.isPinned);
    const pinnedWidth = pinned.reduce((sum, { width }) => sum + width, 0);
    let left = 0;
    const low = this.node.scrollLeft - 200;
    const high = this.node.scrollLeft + this.node.clientWidth + 200;
    const shown = [];
    let before = 0;
    for (const column of free) {
      const isIn = left + column.width > low && left < high - pinnedWidth;
      if (isIn) shown.push(column);
      else if (!shown.length) before = left + column.width;
      left += column.width;
    }
    this.layout = { columns, pinned, shown, before };
    this.layout.width = pinnedWidth + left;
  }

  draw() {
    this.measure();
    const { layout, node } = this;
    const count = this.owner.count();
    this.space.style.height = `${count * ROW}px`;
    this.space.style.width = this.top.style.width = `${layout.width}px`;
    node.setAttribute("aria-rowcount", String(count + 1));
    node.setAttribute("aria-colcount", String(layout.columns.length));
    const height = node.clientHeight - ROW;
    const first = Math.max(0, Math.floor(node.scrollTop / ROW) - SPARE);
    const last = Math.min(
      count,
      Math.ceil((node.scrollTop + height) / ROW) + SPARE,
    );
    node.classList.toggle("tkp-aside", node.scrollLeft > 0);
    node.style.setProperty("--tkp-count", String(count));
    this.drawHead();
    for (const [place, row] of this.rows) {
      if (place >= first && place < last) continue;
      row.remove();
      this.rows.delete(place);
    }
    for (let place = first; place < last; place += 1) this.drawRow(place);
    this.isStale = false;
    const ids = [...layout.pinned, ...layout.shown].map(({ id }) => id);
    this.owner.seen(first, last, ids);
    this.showActive();
  }

  // The cells of a row: the pinned ones stay where they are, the others keep their distance.
  cells(make) {
    const { pinned, shown, before } = this.layout;
    const spacer = h("span", { class: "tkp-gap", role: "presentation" });
    spacer.style.width = `${before}px`;
    let left = 0;
    const still = pinned.map((column) => {
      const cell = make(column);
      cell.classList.add("tkp-pinned");
      cell.style.setProperty("--tkp-left", `${left}px`);
      left += column.width;
      return cell;
    });
    return [...still, spacer, ...shown.map(make)];
  }

  drawHead() {
    const name = this.layout.columns
      .map((c) => `${c.id} ${c.width} ${c.isPinned} ${c.mark}`)
      .join();
    const drawn = `${name} ${this.layout.shown.map(({ id }) => id)}`;
    if (drawn === this.drawnHead && !this.isStale) return;
    this.drawnHead = drawn;
    this.head.replaceChildren(
      ...this.cells((column) => {
        const cell = this.cell("columnheader", 0, column);
        this.owner.fillHead(cell, column);
        cell.append(this.grip(column));
        return cell;
      }),
    );
  }

  drawRow(place) {
    const row = this.owner.row(place);
    const drawn =
      this.layout.columns.length + this.layout.shown.map((c) => c.id).join();
    let node = this.rows.get(place);
    if (
      node &&
      node !== document.activeElement &&
      node.contains(document.activeElement)
    )
      return; // somebody is writing in it
    if (node && node.row === row && node.drawn === drawn && !this.isStale)
      return;
    if (!node) {
      node = h("div", { class: "tkp-row", role: "row" });
      node.style.transform = `translateY(${place * ROW}px)`;
      node.setAttribute("aria-rowindex", String(place + 2));
      node.addEventListener("pointerenter", () => this.owner.hover(node.row));
      this.rows.set(place, node);
      this.space.append(node);
    }
    node.row = row;
    node.drawn = drawn;
    if (row) this.owner.dressRow(node, row);
    node.replaceChildren(
      ...this.cells((column) => {
        const cell = this.cell("gridcell", place + 1, column);
        if (row) this.owner.fillCell(cell, row, column);
        return cell;
      }),
    );
  }

  cell(role, line, column) {
    const cell = h("div", { class: "tkp-cell", role });
    cell.id = `${this.id}-${line}-${this.layout.columns.indexOf(column)}`;
    cell.style.width = `${column.width}px`;
    cell.dataset.column = column.id;
    cell.setAttribute(
      "aria-colindex",
      String(this.layout.columns.indexOf(column) + 1),
    );
    return cell;
  }

  // The edge of a column's head, by which it is made wider or narrower.
  grip(column) {
    const grip = h("span", { class: "tkp-grip", title: "Drag to resize" });
    grip.addEventListener("click", (event) => event.stopPropagation());
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      grip.setPointerCapture(event.pointerId);
      const from = event.clientX - column.width;
      const move = ({ clientX }) => this.resize(column, clientX - from);
      grip.addEventListener("pointermove", move);
      grip.addEventListener(
        "pointerup",
        () => grip.removeEventListener("pointermove", move),
        { once: true },
      );
    });
    return grip;
  }

  resize(column, width) {
    const bounded = Math.round(Math.min(Math.max(width, 44), 900));
    this.owner.resize(column.id, bounded);
    this.refresh();
  }

  // A head that is dragged moves its column.
  grab(event) {
    const cell = event.target.closest(".tkp-head .tkp-cell");
    if (!cell || event.button !== 0 || event.target.closest(".tkp-grip"))
      return;
    const from = event.clientX;
    let target = null;
    const over = ({ clientX }) => {
      if (!this.isDragging && Math.abs(clientX - from) < 6) return;
      this.isDragging = true;
      cell.classList.add("tkp-dragged");
      target?.cell.classList.remove("tkp-drop-left", "tkp-drop-right");
      target = this.headAt(clientX);
      const side = target?.isRight ? "tkp-drop-right" : "tkp-drop-left";
      target?.cell.classList.add(side);
    };
    const end = () => {
      removeEventListener("pointermove", over);
      cell.classList.remove("tkp-dragged");
      target?.cell.classList.remove("tkp-drop-left", "tkp-drop-right");
      if (!this.isDragging) return;
      // The click that follows is none.
      setTimeout(() => (this.isDragging = false));
      if (target) this.drop(cell.dataset.column, target);
    };
    addEventListener("pointermove", over);
    addEventListener("pointerup", end, { once: true });
    addEventListener("pointercancel", end, { once: true });
  }

  headAt(x) {
    for (const cell of this.head.querySelectorAll(".tkp-cell")) {
      const { left, right } = cell.getBoundingClientRect();
      if (x >= left && x < right)
        return { cell, isRight: x > (left + right) / 2 };
    }
    return null;
  }

  drop(column, { cell, isRight }) {
    const ids = this.layout.columns.map(({ id }) => id);
    const place = ids.indexOf(cell.dataset.column) + (isRight ? 1 : 0);
    if (ids[place] !== column) this.owner.move(column, ids[place] ?? null);
  }

  // -- pointer and keyboard; row 0 is the head

  press(event) {
    const cell = event.target.closest(".tkp-cell");
    if (!cell || !this.node.contains(cell) || this.isDragging) return;
    const [line, column] = cell.id.split("-").slice(-2).map(Number);
    this.active = { row: line, column };
    this.showActive();
    this.owner.press(line - 1, this.layout.columns[column], event);
  }

  get activeColumn() {
    return this.layout?.columns[this.active.column];
  }

  key(event) {
    if (event.target !== this.node) return;
    const page = Math.max(1, Math.floor(this.node.clientHeight / ROW) - 2);
    const { row, column } = this.active;
    const lastRow = this.owner.count();
    const lastColumn = this.layout.columns.length - 1;
    const isFar = event.ctrlKey || event.metaKey;
    const moves = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      PageUp: [row - page, column],
      PageDown: [row + page, column],
      Home: [isFar ? 1 : row, 0],
      End: [isFar ? lastRow : row, lastColumn],
    };
    if (event.key in moves && !event.altKey) {
      const [nextRow, nextColumn] = moves[event.key];
      this.active = {
        row: Math.min(Math.max(nextRow, 0), lastRow),
        column: Math.min(Math.max(nextColumn, 0), lastColumn),
      };
      this.reveal();
    } else if (!this.owner.key(event, row - 1, this.activeColumn)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  reveal() {
    const { row } = this.active;
    if (row > 0) {
      const top = (row - 1) * ROW;
      const height = this.node.clientHeight - ROW;
      if (top < this.node.scrollTop) this.node.scrollTop = top;
      else if (top + ROW > this.node.scrollTop + height)
        this.node.scrollTop = top + ROW - height;
    }
    this.revealColumn();
    this.draw();
  }

  revealColumn() {
    const column = this.activeColumn;
    if (!column || column.isPinned) return;
    const { columns, pinned } = this.layout;
    const free = columns.filter((each) => !each.isPinned);
    const sum = (some) => some.reduce((all, { width }) => all + width, 0);
    const left = sum(free.slice(0, free.indexOf(column)));
    const room = this.node.clientWidth - sum(pinned);
    if (left < this.node.scrollLeft) this.node.scrollLeft = left;
    else if (left + column.width > this.node.scrollLeft + room)
      this.node.scrollLeft = left + column.width - room;
  }

  cellAt(line, column) {
    return this.node.querySelector(`#${this.id}-${line}-${column}`);
  }

  showActive() {
    this.node.querySelector(".tkp-active")?.classList.remove("tkp-active");
    if (!this.layout) return;
    const { row, column } = this.active;
    const cell = this.cellAt(row, column);
    if (!cell) return;
    cell.classList.add("tkp-active");
    this.node.setAttribute("aria-activedescendant", cell.id);
  }

  dispose() {
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
  }
}
