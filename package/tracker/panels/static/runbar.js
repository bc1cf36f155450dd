// What stands above the run table: search, filter, groups, columns, and how many runs are drawn.
import { titleOf } from "./cells.js";
import { h, icon } from "./dom.js";
import { Filter } from "./filter.js";
import { picker } from "./picker.js";
import { menu, opener, popup } from "./popup.js";

const FIRSTS = [10, 25, 50, 100, "all"];

export class RunBar {
  constructor(runs) {
    this.runs = runs;
    this.filter = new Filter(runs);
    this.search = h("input", {
      type: "search",
      placeholder: "Search runs",
      "aria-label": "Search runs",
      oninput: () => this.patch({ search: this.search.value || null }, false),
    });
    this.group = opener("Group", "Group runs by columns", () =>
      this.openGroup(),
    );
    this.columns = opener("Columns", "Choose and order columns", () =>
      this.openColumns(),
    );
    this.drawn = opener("drawn", "How many runs are drawn", () =>
      this.openDrawn(),
    );
    this.node = h(
      "div",
      { class: "tkp-runbar", role: "toolbar", "aria-label": "Runs" },
      h(
        "span",
        { class: "tkp-search tkp-run-search" },
        icon("search"),
        this.search,
      ),
      this.filter.node,
      this.filter.rules,
      this.group,
      this.columns,
      this.drawn,
    );
  }

  get runset() {
    return this.runs.workspace.runset;
  }

  patch(change, isUrgent = true) {
    this.runs.workspace.patchRuns(change, isUrgent);
  }

  update(head) {
    this.head = head;
    this.filter.update(head);
    if (document.activeElement !== this.search)
      this.search.value = this.runset.search ?? "";
    const by = this.runset.group_by ?? [];
    this.group.say(
      by.length ? `Group: ${by.map(titleOf).join(", ")}` : "Group",
    );
    this.group.classList.toggle("tkp-changed", by.length > 0);
    const things = head.groups === null ? head.matched : head.groups;
    const what = head.groups === null ? "" : " groups";
    this.drawn.say(`Drawing ${head.drawn} of ${things}${what}`);
  }

  openGroup() {
    const columns = [...(this.runs.known?.values() ?? [])];
    // What is a number in the summary is a result, and makes a group of each run.
    const all = columns
      .filter(({ id }) => !id.startsWith("summary.") && id !== "created_at")
      .map(({ id }) => id)
      .sort((a, b) => b.startsWith("config.") - a.startsWith("config."));
    const content = picker({
      all,
      chosen: this.runset.group_by ?? [],
      hint: (id) => this.hint(id),
      onChange: (chosen) =>
        this.patch({ group_by: chosen.length ? chosen : null }),
    });
    popup(this.runs.panel, this.group, "Group by", content);
  }

  openColumns() {
    const { runset } = this;
    const pinned = new Set(runset.pinned ?? ["name"]);
    const content = picker({
      all: [...(this.runs.known?.keys() ?? [])],
      chosen: this.runs.shownColumns ?? [],
      pinned,
      hint: (id) => this.hint(id),
      onPin: (id) => {
        if (!pinned.delete(id)) pinned.add(id);
        this.patch({ pinned: [...pinned] });
      },
      onChange: (chosen) => this.runs.chooseColumns(chosen),
    });
    const reset = h(
      "button",
      {
        type: "button",
        class: "tkp-button",
        onclick: () => {
          this.patch({ columns: null, pinned: null, widths: null });
          opened.hidePopover();
        },
      },
      "Back to automatic",
    );
    const csv = h(
      "button",
      {
        type: "button",
        class: "tkp-button",
        title: "The runs that pass, with the shown columns",
        onclick: () => this.runs.panel.ask({ type: "csv" }),
      },
      "Download CSV",
    );
    const opened = popup(
      this.runs.panel,
      this.columns,
      "Columns",
      content,
      h("div", { class: "tkp-popup-foot" }, reset, csv),
    );
  }

  hint(id) {
    const { count, isConstant } = this.runs.known.get(id) ?? {};
    const total = this.head?.total;
    if (count === undefined) return "";
    if (isConstant) return "same in all";
    return count < total ? `in ${count}` : "";
  }

  openDrawn() {
    const { hidden = [], shown = [], only } = this.runset;
    const rows = FIRSTS.map((first) => [
      first === "all" ? "All that pass" : `The first ${first}`,
      () => this.patch({ first, only: null, hidden: null, shown: null }),
      {
        checked:
          this.head.first === first && !only && !hidden.length && !shown.length,
      },
    ]);
    rows.push(null);
    rows.push([
      "None",
      () => this.patch({ only: [] }),
      { checked: only?.length === 0 },
    ]);
    menu(this.runs.panel, this.drawn, "Drawn runs", rows);
  }
}
