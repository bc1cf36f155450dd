// A panel of media: one key, of each run that is drawn, at a step or over all of them.
import { ClassBar } from "./classbar.js";
import { compared } from "./difference.js";
import { h, keep, setText } from "./dom.js";
import { Figures, decode } from "./figures.js";
import { Film } from "./film.js";
import { Lightbox } from "./lightbox.js";
import { MediaTable } from "./mediatable.js";
import { Picture, Watcher } from "./picture.js";
import { Sound } from "./sound.js";
import { Stepper } from "./stepper.js";

const SIZE = 120;
// What stands below an image, and below a film.
const BELOW = { image: 34, video: 62 };
const RUN_NAME = 24;
const BESIDE = 24;
const [SMALLEST_FIRST, LARGEST_FIRST] = [80, 480];
const MOST_COMPARED = 4;
const LIGHT = ["image", "audio", "video"];

export function mediaRenderer(stage, view) {
  return new MediaPanel(stage, view);
}

class MediaPanel {
  constructor(stage, view) {
    this.view = view;
    this.files = view.panel.files;
    const { settings } = view.panel;
    settings.media ??= {};
    // What a user set outlives the view.
    this.state = settings.media[view.name] ??= {
      mode: "step",
      hidden: [],
      least: 0,
    };
    this.look = { hidden: new Set(this.state.hidden), least: this.state.least };
    this.parts = new Map();
    this.rows = new Map();
    this.stepper = new Stepper((step, isLast) => this.goTo(step, isLast));
    this.classes = new ClassBar(this.look, this.state, () => this.repaint());
    this.bar = this.makeBar();
    this.body = h("div", { class: "tkm-media-body" });
    this.node = h(
      "div",
      { class: "tkm-media" },
      this.bar,
      this.classes.node,
      this.body,
    );
    stage.replaceChildren(this.node);
    this.figures = new Figures(view.panel, this.node);
    this.watcher = new Watcher(this.body);
  }

  makeBar() {
    const { state } = this;
    this.sizer = h("input", {
      type: "range",
      min: 32,
      max: 512,
      step: 8,
      value: state.size ?? SIZE,
      class: "tkm-range tkm-sizer",
      "aria-label": "Size",
      title: "Size",
    });
    this.sizer.addEventListener("input", () => {
      state.size = Number(this.sizer.value);
      this.render();
    });
    this.modes = new Map(
      [
        ["step", "Step"],
        ["all", "All steps"],
      ].map(([mode, text]) => {
        const isOn = String(state.mode === mode);
        const onclick = () => this.setMode(mode);
        const props = { type: "button", "aria-pressed": isOn, onclick };
        return [mode, h("button", props, text)];
      }),
    );
    this.modeBar = h("span", { class: "tkp-segments" }, ...this.modes.values());
    this.runs = h("select", { class: "tkm-field", "aria-label": "Run" });
    this.runs.addEventListener("change", () =>
      this.view.ask({ run: this.runs.value }),
    );
    this.differ = h(
      "button",
      {
        class: "tkp-toggle",
        type: "button",
        "aria-pressed": String(!!state.isDiffering),
        onclick: () => this.toggleDifference(),
      },
      "Difference",
    );
    return h(
      "div",
      { class: "tkm-media-bar" },
      this.stepper.node,
      this.runs,
      this.modeBar,
      this.differ,
      this.sizer,
    );
  }

  // -- from the kernel

  update(content, buffers) {
    this.content = content;
    this.buffers = buffers;
    this.isLight = LIGHT.includes(content.kind);
    this.cells = new Map(content.runs.map(({ id }) => [id, []]));
    for (const cell of content.cells) this.cells.get(cell.run)?.push(cell);
    const { steps } = content;
    const isFree = this.state.step === undefined || !this.isLight;
    this.at = isFree ? content.step : Math.min(this.state.step, steps.at(-1));
    this.stepper.show(steps, this.at);
    this.modeBar.hidden =
      !this.isLight || content.kind === "video" || steps.length < 2;
    this.sizer.hidden = !["image", "video"].includes(content.kind);
    const of = content.baseline ? "the baseline's" : "the first run's";
    this.differ.title = `Show where the other runs' images differ from ${of}`;
    this.differ.hidden =
      content.kind !== "image" || this.runsThere().length < 2;
    this.runs.hidden = content.kind !== "table" || content.runs.length < 2;
    if (!this.runs.hidden) {
      this.runs.replaceChildren(
        ...content.runs.map(({ id, name }) => h("option", { value: id }, name)),
      );
      this.runs.value = content.run;
    }
    this.bar.hidden =
      this.stepper.node.hidden &&
      this.modeBar.hidden &&
      this.sizer.hidden &&
      this.runs.hidden;
    this.render();
  }

  runsThere() {
    return this.content.runs.filter(({ id }) => this.cells.get(id).length);
  }

  // -- steps

  goTo(step, isLast) {
    // At the last step the panel follows what is logged.
    this.state.step = isLast ? undefined : step;
    this.at = step;
    const isOver = this.content.is_over_steps;
    if (this.isLight && this.isAtHand(step)) this.render();
    else this.view.ask({ step: isLast && !isOver ? null : step });
  }

  isAtHand(step) {
    const there = this.content.cells.map((cell) => cell.step);
    return step >= Math.min(...there) && step <= Math.max(...there);
  }

  setMode(mode) {
    this.state.mode = mode;
    for (const [name, button] of this.modes)
      button.setAttribute("aria-pressed", String(name === mode));
    this.render();
  }

  // -- drawing

  get isOverview() {
    return this.isLight && this.state.mode === "all" && !this.modeBar.hidden;
  }

  render() {
    const { content } = this;
    if (!content) return;
    const isOver = content.is_over_steps && this.state.step === undefined;
    const words =
      this.isOverview || isOver
        ? `${content.steps.length} steps`
        : `step ${this.at}`;
    this.stepper.say(words);
    const [first] = content.cells;
    if (this.isLight) this.renderLight();
    else if (first?.items[0]?.view === "table")
      this.renderTable(first.items[0]);
    else this.figures.render(content, this.buffers, this.body);
  }

  renderLight() {
    const { content, state } = this;
    const shown = new Set();
    const rows = [];
    const cellsOf = ({ id }) =>
      this.isOverview ? this.cells.get(id) : this.current(id);
    const cells = this.runsThere().flatMap(cellsOf);
    // First, because what it leaves is the room for images.
    this.classes.render(cells.flatMap(({ items }) => items));
    const { size } = this;
    for (const run of this.runsThere()) {
      const nodes = cellsOf(run).flatMap((cell) =>
        cell.items.map((item, index) => {
          const key = `${run.id}/${this.isOverview ? cell.step : ""}/${index}`;
          shown.add(key);
          const isOld =
            !this.isOverview &&
            cell.step !== this.at &&
            content.steps.length > 1;
          const label = this.isOverview || isOld ? `step ${cell.step}` : "";
          const part = this.part(key);
          part.show(item, label, size);
          part.cell = { run, cell, index };
          return part.node;
        }),
      );
      rows.push(this.row(run, nodes));
    }
    for (const [key, part] of this.parts)
      if (!shown.has(key)) {
        this.watcher.unwatch(part);
        part.dispose?.();
        this.parts.delete(key);
      }
    // Above the runs, for below them they would be out of sight.
    if (state.isDiffering && !this.differ.hidden)
      rows.unshift(...this.differences(size));
    this.body.className = `tkm-media-body tkm-${content.kind}s${this.isOverview ? " tkm-overview-steps" : ""}`;
    keep(this.body, rows);
  }

  // As a user set it; until then a few images fill the height that there is, wide ones the width.
  get size() {
    if (this.state.size) return this.state.size;
    const runs = this.runsThere();
    const items = runs.map(({ id }) => this.current(id)[0]?.items ?? []);
    const count = Math.max(...items.map(({ length }) => length), 0);
    if (this.isOverview || count > 3) {
      this.sizer.value = SIZE;
      return SIZE;
    }
    const wide = Math.max(
      ...items.flat().map(({ width, height }) => width / height || 1),
      1,
    );
    const height =
      this.body.clientHeight / Math.max(runs.length, 1) -
      (BELOW[this.content.kind] ?? 0) -
      (this.content.runs.length > 1 ? RUN_NAME : 0);
    const width = this.body.clientWidth / Math.max(count, 1) - BESIDE;
    const size = Math.max(
      SMALLEST_FIRST,
      Math.min(height * wide, LARGEST_FIRST * wide, width),
    );
    this.sizer.value = size;
    return size;
  }

  // The last cell of a run up to the step that is shown.
  current(run) {
    const cells = this.cells.get(run).filter(({ step }) => step <= this.at);
    return cells.slice(-1);
  }

  part(key) {
    let part = this.parts.get(key);
    if (part) return part;
    const { kind } = this.content;
    if (kind === "audio") part = new Sound(this.files);
    else if (kind === "video") part = new Film(this.files);
    else
      part = new Picture(this.files, this.look, (picture) =>
        this.enlarge(picture),
      );
    this.parts.set(key, part);
    this.watcher.watch(part);
    return part;
  }

  row(run, nodes) {
    let row = this.rows.get(run.id);
    if (!row) {
      row = {
        name: h("span", {}),
        dot: h("i", { class: "tkm-dot" }),
        items: h("div", { class: "tkm-media-items" }),
      };
      row.head = h("div", { class: "tkm-media-run" }, row.dot, row.name);
      row.node = h("section", { class: "tkm-media-row" }, row.head, row.items);
      this.rows.set(run.id, row);
    }
    setText(row.name, run.name);
    row.dot.style.background = run.colour;
    row.head.hidden = this.content.runs.length < 2;
    keep(row.items, nodes);
    return row.node;
  }

  renderTable(item) {
    this.body.className = "tkm-media-body tkm-tables";
    if (!this.table) {
      this.table = new MediaTable(this);
      this.body.replaceChildren(this.table.node);
    }
    const figure =
      item.large === undefined ? null : decode(this.buffers[item.large]);
    this.table.show(item, figure);
  }

  resize() {
    if (this.isLight && !this.state.size) this.render();
    this.figures.replot();
    this.table?.scrolled();
  }

  retheme() {
    this.figures.replot();
  }

  repaint() {
    for (const part of this.parts.values()) if (part.isSeen) part.overlay?.();
    this.lightbox?.overlay();
  }

  // -- one large, and two compared

  enlarge(picture) {
    const order = this.parts.size ? [...this.parts.values()] : [picture];
    this.lightbox = new Lightbox(this.files, this.look, order, picture);
    this.node.append(this.lightbox.node);
    this.lightbox.open();
  }

  toggleDifference() {
    this.state.isDiffering = !this.state.isDiffering;
    this.differ.setAttribute("aria-pressed", String(this.state.isDiffering));
    this.render();
    this.body.scrollTop = 0;
  }

  // Of each further run, how its images differ from those of the first: the baseline, if any.
  differences(size) {
    const [one, ...others] = this.runsThere();
    const [first] = this.current(one.id);
    return others.slice(0, MOST_COMPARED).map((other) => {
      const [second] = this.current(other.id);
      const count = Math.min(
        first?.items.length ?? 0,
        second?.items.length ?? 0,
      );
      const text = `${other.name} − ${one.name}`;
      const items = h("div", { class: "tkm-media-items" });
      for (let at = 0; at < count; at++)
        items.append(
          compared(this.files, first.items[at], second.items[at], size),
        );
      return h(
        "section",
        { class: "tkm-media-row tkm-differences" },
        h("div", { class: "tkm-media-run" }, text),
        items,
      );
    });
  }

  dispose() {
    this.stepper.stop();
    this.watcher.dispose();
    this.table?.dispose();
    this.lightbox?.close();
    this.figures.dispose();
    for (const part of this.parts.values()) part.dispose?.();
  }
}
