// The menu of saved workspaces: open, save, rename, delete, reset.
import { h, setText } from "./dom.js";
import { confirmed, question, written } from "./dialogs.js";
import { menu, opener } from "./popup.js";

const KEYS = [
  ["Arrows, Page, Home, End", "move through the run table"],
  ["Space", "draw a run or a group, or hide it"],
  ["Enter", "open a group; change a name, tags or notes; sort by a column"],
  ["Shift + Enter", "sort by a column after the others"],
  ["X, Shift + X", "choose a run, or all up to it"],
  ["Ctrl + A", "choose all runs that pass"],
  ["B", "make a run the baseline"],
  ["F2", "rename a run"],
  ["Delete", "delete the chosen runs"],
  ["Alt + Left, Right", "move a column (in the head)"],
  ["+, −", "make a column wider or narrower (in the head)"],
  ["Shift + F10", "menu of a run or a column"],
  ["Ctrl + Z", "undo a change of the workspace; with Shift, redo"],
  ["Arrows on a card's handle", "move a panel; with Shift, resize it"],
  ["Left, Right on a chart", "move the crosshair; Enter shows it large"],
];

export class Workspaces {
  constructor(panel) {
    this.panel = panel;
    this.button = opener("default", "Workspace", () => this.open(), {
      "aria-haspopup": "menu",
    });
    this.save = h(
      "button",
      {
        type: "button",
        class: "tkp-button tkp-main",
        title: "Save this workspace with the project",
        onclick: () => this.send("save"),
      },
      "Save",
    );
    this.save.hidden = true;
    this.note = h("span", { class: "tkp-newer" });
    this.note.hidden = true;
    this.node = h(
      "span",
      { class: "tkp-workspaces" },
      this.note,
      this.button,
      this.save,
    );
  }

  get state() {
    return this.panel.workspace.state;
  }

  update() {
    const {
      name,
      is_changed: isChanged,
      is_newer_elsewhere: isNewer,
    } = this.state;
    this.button.say(name);
    this.button.title = `Workspace ${name}${isChanged ? ", with changes that are not saved" : ""}`;
    this.button.classList.toggle("tkp-changed", !!isChanged);
    this.save.hidden = !isChanged;
    this.note.hidden = !isNewer;
    setText(this.note, isNewer ? "changed elsewhere too" : "");
  }

  send(type, more = {}) {
    this.panel.workspace.flush();
    this.panel.ask({ type, ...more });
  }

  open() {
    const {
      name,
      names,
      is_saved: isSaved,
      is_changed: isChanged,
    } = this.state;
    const { workspace } = this.panel;
    menu(this.panel, this.button, "Workspaces", [
      ...names.map((each) => [
        each,
        () => this.load(each),
        { checked: each === name },
      ]),
      ...(names.length ? [null] : []),
      ["Save", () => this.send("save"), { disabled: !isChanged && isSaved }],
      ["Save as …", () => this.saveAs()],
      ["Rename …", () => this.rename(), { disabled: !isSaved }],
      ["Delete …", () => this.forget(), { disabled: !isSaved, isBad: true }],
      null,
      [
        "Undo",
        () => workspace.undo(),
        { hint: "Ctrl Z", disabled: !workspace.past.length },
      ],
      [
        "Redo",
        () => workspace.redo(),
        { hint: "Ctrl Shift Z", disabled: !workspace.future.length },
      ],
      null,
      ["Reset to automatic", () => this.send("reset")],
      ["Keyboard …", () => this.help()],
    ]);
  }

  help() {
    const rows = KEYS.map(([keys, text]) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, h("kbd", {}, keys)),
        h("td", {}, text),
      ),
    );
    question(
      this.panel,
      "Keyboard",
      [h("table", { class: "tkp-keys" }, h("tbody", {}, ...rows))],
      [["Close", "", { isMain: true }]],
    );
  }

  async load(name) {
    if (this.state.is_changed) {
      const isSure = await confirmed(
        this.panel,
        `Open ${name}?`,
        "Changes of the workspace that is open now are not saved, and would be lost.",
        "Open all the same",
      );
      if (!isSure) return;
    }
    this.send("load", { name });
  }

  async saveAs() {
    const name = await written(
      this.panel,
      "Save workspace as",
      "Name",
      this.state.name,
    );
    if (name) this.send("save", { name });
  }

  async rename() {
    const { name: before } = this.state;
    const name = await written(this.panel, "Rename workspace", "Name", before);
    if (name && name !== before) this.send("rename", { name });
  }

  async forget() {
    const { name } = this.state;
    const text =
      "What you see stays until you close it, but is not saved any more.";
    if (
      await confirmed(this.panel, `Delete workspace ${name}?`, text, "Delete")
    )
      this.send("forget", { name });
  }

  // Somebody else has saved the same workspace, or there is one of the wanted name: nothing is
  // lost until this is answered.
  async conflict(wanted) {
    const { name } = this.state;
    const isOther = wanted && wanted !== name;
    const title = isOther
      ? `There is a workspace ${wanted} already`
      : `${name} was saved elsewhere meanwhile`;
    const text = isOther
      ? "Save under another name, or replace it."
      : "Another notebook has saved this workspace since you opened it. Your changes are " +
        "still here, and nothing has been saved.";
    const answer = await question(
      this.panel,
      title,
      [h("p", {}, text)],
      [
        ["Keep editing", ""],
        ...(isOther ? [] : [["Open the other one", "load"]]),
        [isOther ? "Replace it" : "Save mine over it", "replace"],
        ["Save under another name …", "as", { isMain: true }],
      ],
    );
    if (answer === "load") this.send("load", { name });
    else if (answer === "replace")
      this.send("save", { name: wanted ?? name, replace: true });
    else if (answer === "as") await this.saveAs();
  }
}
