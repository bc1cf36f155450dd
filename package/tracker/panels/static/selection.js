// What is done with runs: names, tags and notes are changed in place, several at once where chosen.
import { h, setText } from "./dom.js";
import { confirmed, question, written } from "./dialogs.js";

const button = (text, onclick, more = {}) =>
  h("button", { type: "button", class: "tkp-button", onclick, ...more }, text);

export class Selection {
  constructor(runs) {
    this.runs = runs;
    this.ids = new Map();
    this.count = h("strong", {});
    this.single = button("Baseline", () => this.base([...this.ids.keys()][0]), {
      title: "Compare all other runs with this one",
    });
    this.all = button("Choose all", () =>
      this.runs.panel.ask({ type: "choose" }),
    );
    this.node = h(
      "div",
      { class: "tkp-selection", role: "toolbar", "aria-label": "Chosen runs" },
      this.count,
      button("Draw only these", () => this.drawOnly()),
      button("Hide", () => this.hide()),
      this.single,
      button("Tags …", () => this.tag()),
      button("Delete …", () => this.remove(), {
        class: "tkp-button tkp-danger",
      }),
      button("Clear", () => this.clear()),
      this.all,
    );
    this.node.hidden = true;
  }

  has(id) {
    return this.ids.has(id);
  }

  get workspace() {
    return this.runs.workspace;
  }

  // With Shift all runs between the last one that was pressed and this one.
  toggle(row, place, isRange) {
    if (isRange && this.lastPlace !== undefined) {
      const [low, high] = [this.lastPlace, place].sort((a, b) => a - b);
      for (let i = low; i <= high; i += 1) this.add(this.runs.rows.get(i));
    } else if (!this.ids.delete(row.id)) this.add(row);
    this.lastPlace = place;
    this.show();
  }

  add(row) {
    if (row && !("size" in row)) this.ids.set(row.id, row.name);
  }

  // What the kernel says are all runs that pass filter and search.
  choose(runs) {
    this.ids = new Map(runs);
    this.show();
  }

  clear() {
    this.ids.clear();
    this.show();
  }

  show() {
    const { size } = this.ids;
    this.node.hidden = !size;
    this.single.hidden = size !== 1;
    const passing = this.runs.head?.matched ?? 0;
    this.all.hidden = size >= passing;
    setText(this.all, `Choose all ${passing}`);
    setText(this.count, `${size} run${size === 1 ? "" : "s"} chosen`);
    this.runs.table.refresh();
    this.runs.panel.grid.choose(new Set(this.ids.keys()));
  }

  // The chosen runs if this row is one of them, else this row alone.
  around(row) {
    return this.has(row.id) ? this.ids : new Map([[row.id, row.name]]);
  }

  edit(runs, changes) {
    this.runs.panel.ask({ type: "edit", runs, changes });
  }

  drawOnly(ids = this.ids) {
    this.workspace.patchRuns({ only: [...ids.keys()] });
  }

  hide(ids = this.ids) {
    const { hidden = [], shown = [] } = this.workspace.runset;
    this.workspace.patchRuns({
      hidden: [...new Set([...hidden, ...ids.keys()])],
      shown: shown.filter((id) => !ids.has(id)),
    });
  }

  base(id) {
    const isBase = this.workspace.runset.baseline === id;
    this.workspace.patchRuns({ baseline: isBase ? null : id });
  }

  async rename(row) {
    const name = await written(this.runs.panel, "Rename run", "Name", row.name);
    if (name?.trim()) this.edit([row.id], { name });
  }

  async note(row) {
    const field = h("textarea", { rows: "6", "aria-label": "Notes" });
    field.value = row.notes;
    const answer = await question(
      this.runs.panel,
      `Notes on ${row.name}`,
      [field],
      [
        ["Cancel", ""],
        ["Save", "yes", { isMain: true }],
      ],
    );
    if (answer) this.edit([row.id], { notes: field.value });
  }

  async tags(row) {
    const text = await written(
      this.runs.panel,
      `Tags of ${row.name}`,
      "Tags, separated by commas",
      row.tags.join(", "),
    );
    if (text !== null) this.edit([row.id], { tags: split(text) });
  }

  async tag(ids = this.ids) {
    const some = `${ids.size} run${ids.size === 1 ? "" : "s"}`;
    const field = h("input", { type: "text" });
    const answer = await question(
      this.runs.panel,
      `Tags of ${some}`,
      [h("label", {}, h("span", {}, "Tags, separated by commas"), field)],
      [
        ["Cancel", ""],
        ["Take away", "remove_tags"],
        ["Add", "add_tags", { isMain: true }],
      ],
    );
    const tags = split(field.value);
    if (answer && tags.length) this.edit([...ids.keys()], { [answer]: tags });
  }

  async remove(ids = this.ids) {
    const names = [...ids.values()].slice(0, 5).join(", ");
    const rest = ids.size > 5 ? ` and ${ids.size - 5} more` : "";
    const some = `${ids.size} run${ids.size === 1 ? "" : "s"}`;
    const isSure = await confirmed(
      this.runs.panel,
      `Delete ${some}?`,
      `${names}${rest}: all that was logged is deleted and cannot be brought back.`,
      `Delete ${some}`,
    );
    if (!isSure) return;
    this.runs.panel.ask({ type: "delete", runs: [...ids.keys()] });
    this.ids = new Map([...this.ids].filter(([id]) => !ids.has(id)));
    this.show();
  }
}

const split = (text) =>
  text
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);
