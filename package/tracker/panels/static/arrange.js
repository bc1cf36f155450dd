// Arranges the panels of a workspace: adds, moves, resizes and removes them and their sections.
import { confirmed, written } from "./dialogs.js";
import { bounded, COLUMNS, drag, HEIGHTS, resize } from "./dragging.js";
import { h, icon, iconButton } from "./dom.js";
import { panelForm } from "./form.js";
import { menu } from "./popup.js";

const NEW_SECTION = "Panels";
const HEIGHT = 158;

export class Arranger {
  constructor(panel) {
    this.panel = panel;
  }

  get workspace() {
    return this.panel.workspace;
  }

  get kinds() {
    return this.panel.menu?.kinds ?? [];
  }

  // -- the handles of a card

  dress(card) {
    if (card.grip) {
      this.name(card);
      return;
    }
    card.grip = h(
      "button",
      {
        type: "button",
        class: "tkp-icon-button tkp-move tkp-card-grip",
        onkeydown: (event) => this.key(event, card),
        onpointerdown: (event) => drag(event, card, this),
      },
      icon("grip"),
    );
    card.more = iconButton("more", "More", () => this.open(card), {
      class: "tkp-icon-button tkp-card-more",
      "aria-haspopup": "menu",
    });
    const corner = h("span", {
      class: "tkp-corner",
      title: "Drag to resize",
      onpointerdown: (event) => resize(event, card, this),
    });
    const bar = card.node.querySelector(".tkp-bar");
    bar.prepend(card.grip);
    bar.append(card.more);
    card.largeButton?.classList.add("tkp-large");
    card.node.append(corner);
    this.name(card);
  }

  name(card) {
    const title = card.title.textContent;
    card.grip.title =
      "Drag to move. Arrow keys move, with Shift they resize, Delete removes.";
    card.grip.setAttribute("aria-label", `Move ${title}: ${card.grip.title}`);
    card.more.setAttribute("aria-label", `More for ${title}`);
  }

  open(card) {
    const { panelSpec: spec } = card;
    const kind = this.kinds.find((each) => each.kind === spec.kind);
    menu(this.panel, card.more, "Panel", [
      ["Edit …", () => this.edit(card), { disabled: !kind }],
      ["Duplicate", () => this.duplicate(card)],
      null,
      ...[
        ["Quarter of the width", 3],
        ["Third of the width", 4],
        ["Half of the width", 6],
        ["Whole width", 12],
      ].map(([text, width]) => [
        text,
        () => this.change(spec.id, { width }),
        { checked: spec.width === width },
      ]),
      null,
      ["Remove", () => this.remove(spec.id), { isBad: true, hint: "Del" }],
    ]);
  }

  // -- changes, by the panel's id

  change(id, fields) {
    this.workspace.arrange((sections) => {
      const spec = found(sections, id)?.spec;
      if (spec) Object.assign(spec, fields);
    });
  }

  async edit(card) {
    const { panelSpec: spec } = card;
    const kind = this.kinds.find((each) => each.kind === spec.kind);
    const known =
      spec.kind === "curve"
        ? { keys: keysOf(spec), title: spec.title ?? "" }
        : {};
    const fields = await panelForm(
      this.panel,
      kind,
      { ...known, ...spec },
      "Save",
    );
    if (fields) this.change(spec.id, fields);
  }

  duplicate({ panelSpec: spec }) {
    this.workspace.arrange((sections) => {
      const { section, place } = found(sections, spec.id);
      const copy = { ...structuredClone(spec), id: fresh(spec.kind) };
      if (spec.kind === "curve") copy.keys = keysOf(spec);
      section.panels.splice(place + 1, 0, copy);
    });
  }

  remove(id) {
    const { removed = [] } = this.workspace.content;
    // A metric without a panel would get one again.
    const more = id.startsWith("metric/") ? { removed: [...removed, id] } : {};
    this.workspace.arrange((sections) => {
      const { section, place } = found(sections, id) ?? {};
      section?.panels.splice(place, 1);
    }, more);
  }

  // Puts a panel before another one, or at the end of a section.
  move(id, name, before = null) {
    if (id === before) return;
    this.workspace.arrange((sections) => {
      const { section, place, spec } = found(sections, id);
      section.panels.splice(place, 1);
      const target = sections.find((each) => each.name === name);
      const next = target.panels.findIndex((each) => each.id === before);
      target.panels.splice(next < 0 ? target.panels.length : next, 0, spec);
    });
    this.panel.grid.cards.get(id)?.grip.focus();
  }

  // -- new panels

  openAdd(anchor, section) {
    const { removed = [] } = this.workspace.content;
    menu(this.panel, anchor, "Add panel", [
      ...this.kinds.map((kind) => [kind.title, () => this.add(kind, section)]),
      null,
      ["Section …", () => this.addSection()],
      ...(removed.length
        ? [
            [
              `Bring back ${removed.length} removed`,
              () => this.workspace.patch({ removed: null }),
            ],
          ]
        : []),
    ]);
  }

  async add(kind, name = NEW_SECTION) {
    const fields = await panelForm(this.panel, kind, {}, "Add");
    if (!fields) return;
    const { title, ...rest } = kind.defaults;
    const spec = { id: fresh(kind.kind), kind: kind.kind, ...rest, ...fields };
    if (!spec.title && kind.kind !== "curve") spec.title = title;
    this.workspace.arrange((sections) => {
      let section = sections.find((each) => each.name === name);
      if (!section) {
        section = { name, open: true, panels: [] };
        sections.unshift(section);
      }
      section.open = true;
      section.panels.push(spec);
    });
    this.panel.grid.cards
      .get(spec.id)
      ?.node.scrollIntoView({ block: "nearest" });
  }

  // -- sections

  dressSection(section) {
    if (!this.workspace) return;
    const add = iconButton("plus", `Add a panel to ${section.name}`, () =>
      this.openAdd(add, section.name),
    );
    const more = iconButton("more", `More for ${section.name}`, () =>
      this.openSection(section, more),
    );
    section.bar.append(h("span", { class: "tkp-section-tools" }, add, more));
  }

  openSection({ name }, anchor) {
    const { sections } = this.workspace;
    const place = sections.findIndex((each) => each.name === name);
    menu(this.panel, anchor, `Section ${name}`, [
      ["Rename …", () => this.renameSection(name)],
      ["Move up", () => this.moveSection(name, -1), { disabled: place === 0 }],
      [
        "Move down",
        () => this.moveSection(name, 1),
        { disabled: place === sections.length - 1 },
      ],
      ["Add section …", () => this.addSection(place + 1)],
      null,
      ["Remove …", () => this.removeSection(name), { isBad: true }],
    ]);
  }

  async addSection(place = 0) {
    const name = await this.sectionName("Add section", "", "Add");
    if (!name) return;
    this.workspace.arrange((sections) =>
      sections.splice(place, 0, { name, open: true, panels: [] }),
    );
  }

  async renameSection(before) {
    const name = await this.sectionName("Rename section", before, "Rename");
    if (!name || name === before) return;
    this.workspace.arrange((sections) => {
      sections.find((each) => each.name === before).name = name;
    });
  }

  async sectionName(title, value, verb) {
    const name = (
      await written(this.panel, title, "Name", value, verb)
    )?.trim();
    const isTaken = this.workspace.sections.some((each) => each.name === name);
    if (isTaken && name !== value) {
      this.panel.tell("problem", `There is a section ${name} already.`);
      return null;
    }
    return name;
  }

  moveSection(name, by) {
    this.workspace.arrange((sections) => {
      const place = sections.findIndex((each) => each.name === name);
      const [section] = sections.splice(place, 1);
      sections.splice(place + by, 0, section);
    });
  }

  async removeSection(name) {
    const section = this.workspace.sections.find((each) => each.name === name);
    const count = section.panels.length;
    const text = `Its ${count} panel${count === 1 ? "" : "s"} go with it. What was logged stays.`;
    if (
      count &&
      !(await confirmed(this.panel, `Remove section ${name}?`, text, "Remove"))
    )
      return;
    const { removed = [] } = this.workspace.content;
    const metrics = section.panels
      .map(({ id }) => id)
      .filter((id) => id.startsWith("metric/"));
    this.workspace.arrange(
      (sections) => {
        const place = sections.findIndex((each) => each.name === name);
        sections.splice(place, 1);
      },
      { removed: [...removed, ...metrics] },
    );
  }

  // -- keyboard and pointer

  key(event, card) {
    const { sections } = this.workspace;
    const { section, place, spec } = found(sections, card.name) ?? {};
    if (!spec) return;
    const index = sections.indexOf(section);
    const to = (by) => section.panels[place + by]?.id;
    const plain = {
      ArrowLeft: () => place > 0 && this.move(spec.id, section.name, to(-1)),
      ArrowRight: () =>
        place < section.panels.length - 1 &&
        this.move(spec.id, section.name, to(2)),
      ArrowUp: () => index > 0 && this.move(spec.id, sections[index - 1].name),
      ArrowDown: () =>
        index < sections.length - 1 &&
        this.move(
          spec.id,
          sections[index + 1].name,
          sections[index + 1].panels[0]?.id,
        ),
      Delete: () => this.remove(spec.id),
      Enter: () => this.open(card),
    };
    const wide = (by) => ({
      width: bounded((spec.width ?? this.spanOf(card)) + by, 2, COLUMNS),
    });
    const tall = (by) => ({
      height: bounded((spec.height ?? HEIGHT) + by, ...HEIGHTS),
    });
    const sizes = {
      ArrowLeft: () => this.change(spec.id, wide(-1)),
      ArrowRight: () => this.change(spec.id, wide(1)),
      ArrowUp: () => this.change(spec.id, tall(-20)),
      ArrowDown: () => this.change(spec.id, tall(20)),
    };
    const action = (event.shiftKey ? sizes : plain)[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  spanOf(card) {
    const width = card.node.parentNode.clientWidth;
    return Math.round((card.node.offsetWidth / width) * COLUMNS);
  }
}

function found(sections, id) {
  for (const section of sections) {
    const place = section.panels.findIndex((spec) => spec.id === id);
    if (place >= 0) return { section, place, spec: section.panels[place] };
  }
  return null;
}

const keysOf = (spec) =>
  spec.keys ?? (spec.id.startsWith("metric/") ? [spec.id.slice(7)] : []);

const fresh = (kind) => `${kind}-${Math.random().toString(36).slice(2, 9)}`;
