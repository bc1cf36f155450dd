// What stands above the panels of a project: its name, its run table, and what is done with runs.
import { titleOf, widthOf } from "./cells.js";
import { h, iconButton, setText } from "./dom.js";
import { menu } from "./popup.js";
import { RunBar } from "./runbar.js";
import { RunCells } from "./runcells.js";
import { Selection } from "./selection.js";
import { Table } from "./table.js";
import { Workspaces } from "./workspaces.js";

export class Runs {
  constructor(panel) {
    this.panel = panel;
    this.rows = new Map();
    this.opened = new Set();
    this.count = 0;
    this.name = h("strong", { class: "tkp-name" }, "Waiting for the kernel …");
    this.about = h("span", { class: "tkp-project" });
    this.workspaces = new Workspaces(panel);
    this.cells = new RunCells(this);
    this.table = new Table(this.owner(), "Runs");
    this.selection = new Selection(this);
    this.bar = new RunBar(this);
    this.empty = h("p", { class: "tkp-empty tkp-no-runs" });
    this.empty.hidden = true;
    this.folder = iconButton("chevron", "The table of runs", () =>
      this.fold(!this.panel.node.hasAttribute("data-folded")),
    );
    this.folder.classList.add("tkp-folder");
    this.folder.hidden = true;
    const who = h(
      "div",
      { class: "tkp-who" },
      this.folder,
      this.name,
      this.about,
    );
    this.node = h(
      "header",
      { class: "tkp-header tkp-project-header" },
      h("div", { class: "tkp-top" }, who, this.workspaces.node),
      this.bar.node,
      this.bar.filter.problem,
      this.selection.node,
      this.table.node,
      this.empty,
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
    // A report puts its panels first, and the runs behind a click.
    if (head.workspace.content.folded && this.folder.hidden) {
      this.folder.hidden = false;
      this.fold(this.panel.settings.isFolded ?? true);
    }
    const runs = `${head.total.toLocaleString("en-US")} run${head.total === 1 ? "" : "s"}`;
    const parts = [
      head.matched === head.total ? runs : `${head.matched} of ${runs}`,
    ];
    if (head.groups !== null) parts.push(`${head.groups} groups`);
    if (head.running) parts.push(`${head.running} running`);
    setText(this.about, parts.join(" · "));
    this.bar.update(head);
    this.workspaces.update();
    this.explain();
    this.table.refresh();
  }

  fold(isFolded) {
    this.panel.settings.isFolded = isFolded;
    this.panel.node.toggleAttribute("data-folded", isFolded);
    this.folder.setAttribute("aria-expanded", String(!isFolded));
    if (!isFolded) this.table.refresh();
  }

  explain() {
    const { total, matched, name } = this.head;
    this.empty.hidden = matched > 0;
    this.table.node.hidden = !matched;
    if (matched) return;
    const text = total
      ? "No run passes the filter and the search: change them above."
      : `No runs yet: tracker.init(project="${name}") starts the first.`;
    setText(this.empty, text);
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

  // -- what the table asks

  owner() {
    return {
      columns: () => this.columns(),
      count: () => this.count,
      row: (place) => this.rows.get(place),
      fillHead: (cell, column) => this.cells.fillHead(cell, column),
      fillCell: (cell, row, column) => this.cells.fill(cell, row, column),
      dressRow: (node, row) => this.cells.dress(node, row),
      seen: (...window) => this.ask(...window),
      press: (...what) => this.press(...what),
      key: (...what) => this.key(...what),
      // Of a group's runs there may be no lines but the group's own.
      hover: (row) =>
        this.panel.focusRun(row?.eye ? (row.within ?? row.id) : null),
      resize: (column, width) =>
        this.workspace.patchRuns({ widths: { [column]: width } }, false),
      move: (column, before) => this.moveColumn(column, before),
    };
  }

  columns() {
    const { widths = {} } = this.workspace.runset;
    const shown = this.shownColumns ?? ["name"];
    const pinned = shown.filter((id) => this.isPinned(id));
    const free = shown.filter((id) => !this.isPinned(id));
    return [...pinned, ...free].map((id) => ({
      id,
      title: titleOf(id),
      width: widthOf(id, widths),
      isPinned: this.isPinned(id),
      mark: this.markOf(id),
    }));
  }

  isPinned(column) {
    return (this.workspace.runset.pinned ?? ["name"]).includes(column);
  }

  chooseColumns(columns) {
    this.shownColumns = columns;
    this.workspace.patchRuns({ columns });
    this.table.refresh();
  }

  moveColumn(column, before) {
    const order = this.columns().map(({ id }) => id);
    const others = order.filter((id) => id !== column);
    const place = before === null ? others.length : others.indexOf(before);
    others.splice(place, 0, column);
    this.chooseColumns(others);
  }

  // Asks for the window on the screen, unless that was asked last.
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

  // A new connection knows nothing of the window.
  askAgain() {
    this.asked = undefined;
    this.table.refresh();
  }

  // -- order

  get order() {
    return (this.head?.order ?? []).map((each) => [...each]);
  }

  markOf(column) {
    const { order } = this;
    const place = order.findIndex(([name]) => name === column);
    if (place < 0) return "";
    const arrow = order[place][1] === "desc" ? "↓" : "↑";
    return order.length > 1 ? `${arrow}${place + 1}` : arrow;
  }

  // Sorts by a column; with Shift, by it after those that are sorted by already.
  sort(column, isFurther, way) {
    const { order } = this;
    const known = order.find(([name]) => name === column);
    const usual = column === "name" ? "asc" : "desc";
    const turned = known?.[1] === "desc" ? "asc" : "desc";
    const term = [column, way ?? (known ? turned : usual)];
    let next = [term];
    if (isFurther && known)
      next = order.map((each) => (each[0] === column ? term : each));
    else if (isFurther) next = [...order, term];
    this.workspace.patchRuns({ order: next });
  }

  unsort(column) {
    const order = this.order.filter(([name]) => name !== column);
    this.workspace.patchRuns({ order: order.length ? order : null });
  }

  // -- what is pressed

  press(place, column, event) {
    const isMenu = event.type === "contextmenu";
    if (isMenu) event.preventDefault();
    if (place < 0) {
      if (isMenu) this.openHeadMenu(column, event);
      else if (event.type === "click") this.sort(column.id, event.shiftKey);
      return;
    }
    const row = this.rows.get(place);
    if (!row) return;
    if (isMenu) this.openRowMenu(row, event);
    else if (event.type === "dblclick") this.edit(row, column);
    else this.pressRow(row, place, event);
  }

  pressRow(row, place, event) {
    const what = event.target.closest("[data-press]")?.dataset.press;
    if (what === "eye") this.toggle(row);
    else if (what === "open") this.open(row);
    else if (
      what === "choose" ||
      event.ctrlKey ||
      event.metaKey ||
      event.shiftKey
    )
      this.selection.toggle(row, place, event.shiftKey);
  }

  key(event, place, column) {
    if ((event.ctrlKey || event.metaKey) && event.key === "a") {
      this.panel.ask({ type: "choose" });
      return true;
    }
    if (place < 0) return this.headKey(event, column);
    const row = this.rows.get(place);
    if (!row) return false;
    const anchor = this.table.cellAt(place + 1, this.table.active.column);
    const actions = {
      " ": () => this.toggle(row),
      Enter: () => ("size" in row ? this.open(row) : this.edit(row, column)),
      F2: () => this.edit(row, { id: "name" }),
      x: () => this.selection.toggle(row, place, event.shiftKey),
      X: () => this.selection.toggle(row, place, event.shiftKey),
      b: () => this.selection.base(row.id),
      Delete: () => this.selection.remove(this.selection.around(row)),
      Escape: () => this.selection.clear(),
      ContextMenu: () => this.openRowMenu(row, anchor),
    };
    if (event.shiftKey && event.key === "F10")
      actions.F10 = actions.ContextMenu;
    if ("size" in row)
      for (const key of ["F2", "x", "X", "b", "Delete"]) delete actions[key];
    if (!(event.key in actions)) return false;
    actions[event.key]();
    return true;
  }

  headKey(event, column) {
    const columns = this.columns().map(({ id }) => id);
    const place = columns.indexOf(column.id);
    const isMove = event.altKey && /^Arrow(Left|Right)$/.test(event.key);
    if (event.key === "Enter") this.sort(column.id, event.shiftKey);
    else if (isMove) {
      const by = event.key === "ArrowLeft" ? -1 : 2;
      this.moveColumn(column.id, columns[Math.max(0, place + by)] ?? null);
      this.table.active.column += by < 0 ? -1 : 1;
    } else if (event.key === "+" || event.key === "-")
      this.table.resize(column, column.width + (event.key === "+" ? 16 : -16));
    else if (event.key === "ContextMenu" || event.key === "F10")
      this.openHeadMenu(column, this.table.cellAt(0, place));
    else return false;
    return true;
  }

  openHeadMenu({ id }, anchor) {
    const { runset } = this.workspace;
    const by = runset.group_by ?? [];
    const pinned = runset.pinned ?? ["name"];
    const without = (ids) => ids.filter((each) => each !== id);
    const isSorted = this.order.some(([name]) => name === id);
    const patch = (change) => this.workspace.patchRuns(change);
    menu(this.panel, anchor, id, [
      ["Sort ascending", () => this.sort(id, false, "asc")],
      ["Sort descending", () => this.sort(id, false, "desc")],
      [
        "Sort by this next",
        () => this.sort(id, true),
        { hint: "Shift + click" },
      ],
      ["Do not sort by this", () => this.unsort(id), { disabled: !isSorted }],
      null,
      [
        "Pinned",
        () =>
          patch({
            pinned: this.isPinned(id) ? without(pinned) : [...pinned, id],
          }),
        { checked: this.isPinned(id) },
      ],
      [
        "Group by this",
        () => patch({ group_by: by.includes(id) ? without(by) : [...by, id] }),
        { checked: by.includes(id) },
      ],
      [
        "Hide column",
        () => this.chooseColumns(without(this.shownColumns)),
        { disabled: id === "name" },
      ],
    ]);
  }

  openRowMenu(row, anchor) {
    const { selection, panel } = this;
    if ("size" in row) {
      menu(panel, anchor, row.name, [
        [row.open ? "Close" : "Open", () => this.open(row)],
        ["Draw only this", () => this.workspace.patchRuns({ only: [row.id] })],
        [row.eye ? "Hide" : "Draw", () => this.toggle(row)],
      ]);
      return;
    }
    const ids = selection.around(row);
    const some = ids.size > 1 ? `${ids.size} runs` : "this run";
    const isBase = this.workspace.runset.baseline === row.id;
    menu(panel, anchor, row.name, [
      ["Rename", () => this.edit(row, { id: "name" }), { hint: "F2" }],
      [
        "Tags …",
        () => (ids.size > 1 ? selection.tag(ids) : selection.tags(row)),
      ],
      ["Notes …", () => selection.note(row)],
      ["Copy path", () => this.copyPath(row)],
      null,
      [row.eye ? "Hide" : "Draw", () => this.toggle(row), { hint: "Space" }],
      [`Draw only ${some}`, () => selection.drawOnly(ids)],
      [
        "Baseline",
        () => selection.base(row.id),
        { checked: isBase, hint: "B" },
      ],
      null,
      [
        `Delete ${some} …`,
        () => selection.remove(ids),
        { isBad: true, hint: "Del" },
      ],
    ]);
  }

  copyPath(row) {
    navigator.clipboard?.writeText(`${this.head.name}/${row.id}`);
  }

  edit(row, column) {
    if ("size" in row) return;
    if (column.id === "tags") this.selection.tags(row);
    else if (column.id === "notes") this.selection.note(row);
    else if (column.id === "name") this.cells.rename(row);
  }

  open(row) {
    if (!this.opened.delete(row.id)) this.opened.add(row.id);
    this.table.refresh();
  }

  // Hides a run or a group that is drawn, and draws one that is not.
  toggle(row) {
    const { hidden = [], shown = [], only } = this.workspace.runset;
    const without = (ids) => ids.filter((id) => id !== row.id);
    let change = {
      hidden: without(hidden),
      shown: [...without(shown), row.id],
    };
    if (only) change = { only: row.eye ? without(only) : [...only, row.id] };
    else if (row.eye)
      change = { hidden: [...without(hidden), row.id], shown: without(shown) };
    this.workspace.patchRuns(change);
  }

  tick() {
    if (!this.head || document.hidden) return;
    for (const node of this.table.rows.values()) this.cells.tick(node);
  }

  dispose() {
    clearInterval(this.timer);
    clearTimeout(this.askTimer);
    this.table.dispose();
  }
}
