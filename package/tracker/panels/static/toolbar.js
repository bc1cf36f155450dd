// What a user sets: search, smoothing, x-axis, logarithmic y, height.
import { h, icon, iconButton, setText } from "./dom.js";
import { opener } from "./popup.js";
import { KINDS } from "./smoothing.js";

const AXES = { step: "Step", relative: "Time", time: "Clock" };
const NO_SMOOTHING = { kind: "time-weighted", amount: 0 };
const HINTS = {
  step: "Steps",
  relative: "Time since the run began",
  time: "Time of day",
};

export class Toolbar {
  constructor(panel) {
    this.panel = panel;
    const { settings } = panel;
    this.amount = h("output", { class: "tkp-amount" });
    this.slider = h("input", {
      type: "range",
      min: "0",
      max: "0.99",
      step: "0.01",
      "aria-label": "Smoothing",
      oninput: () => this.smooth(),
    });
    this.slider.value = settings.smoothing.amount;
    this.kind = h(
      "select",
      { "aria-label": "Kind of smoothing", onchange: () => this.smooth() },
      ...Object.entries(KINDS).map(([value, text]) =>
        h("option", { value }, text),
      ),
    );
    this.kind.value = settings.smoothing.kind;
    this.taller = iconButton(
      "taller",
      "Show all charts without scrolling",
      () => this.stretch(),
    );
    this.node = h(
      "div",
      { class: "tkp-toolbar", role: "toolbar", "aria-label": "Charts" },
      this.search(),
      h(
        "label",
        { class: "tkp-smooth" },
        h("span", {}, "Smoothing"),
        this.slider,
        this.amount,
      ),
      this.kind,
      this.axes(),
      this.log(),
      ...this.arranging(),
      this.taller,
    );
    this.showAmount();
    this.showStretch();
  }

  arranging() {
    const { arranger } = this.panel;
    if (!arranger) return [];
    const add = opener("Add panel", "Add a panel or a section", () =>
      arranger.openAdd(add),
    );
    return [add];
  }

  // Takes over what the workspace says of curves.
  adopt(curves = {}) {
    const { settings, grid } = this.panel;
    const before = JSON.stringify([settings.smoothing, settings.logY]);
    if (document.activeElement !== this.slider)
      settings.smoothing = { ...NO_SMOOTHING, ...curves.smoothing };
    settings.logY = curves.log_y === true;
    const x = curves.x ?? "step";
    if (settings.x !== x) {
      settings.x = x;
      this.panel.tellView();
    }
    this.markAxes();
    if (before === JSON.stringify([settings.smoothing, settings.logY])) return;
    this.slider.value = settings.smoothing.amount;
    this.kind.value = settings.smoothing.kind;
    this.logButton.setAttribute("aria-pressed", String(settings.logY));
    this.showAmount();
    for (const chart of grid.charts.values()) chart.resmooth();
  }

  search() {
    const { settings, grid } = this.panel;
    const field = h("input", {
      type: "search",
      placeholder: "Search metrics",
      "aria-label": "Search metrics",
      value: settings.search,
      oninput: () => {
        settings.search = field.value;
        grid.filter();
      },
    });
    return h("span", { class: "tkp-search" }, icon("search"), field);
  }

  axes() {
    const { settings } = this.panel;
    const buttons = Object.entries(AXES).map(([x, text]) => {
      const press = () => {
        settings.x = x;
        mark();
        this.panel.changeAxis();
      };
      return h(
        "button",
        { type: "button", title: HINTS[x], "data-x": x, onclick: press },
        text,
      );
    });
    const mark = (this.markAxes = () => {
      for (const button of buttons) {
        button.setAttribute(
          "aria-pressed",
          String(button.dataset.x === settings.x),
        );
      }
    });
    mark();
    return h(
      "span",
      { class: "tkp-segments", role: "group", "aria-label": "X-axis" },
      ...buttons,
    );
  }

  log() {
    const { settings, grid } = this.panel;
    const button = h("button", {
      class: "tkp-toggle",
      type: "button",
      title: "Logarithmic y-axis",
      "aria-pressed": String(settings.logY),
      onclick: () => {
        settings.logY = !settings.logY;
        button.setAttribute("aria-pressed", String(settings.logY));
        grid.redraw();
        this.panel.saveCurves({ log_y: settings.logY });
      },
    });
    this.logButton = button;
    button.append("Log y");
    return button;
  }

  smooth() {
    const { smoothing } = this.panel.settings;
    smoothing.amount = Number(this.slider.value);
    smoothing.kind = this.kind.value;
    this.showAmount();
    for (const chart of this.panel.grid.charts.values()) chart.resmooth();
    this.panel.saveCurves({ smoothing: { ...smoothing } });
  }

  showAmount() {
    const { amount } = this.panel.settings.smoothing;
    setText(this.amount, amount ? amount.toFixed(2) : "off");
    this.slider.style.setProperty("--tkp-fill", `${(amount / 0.99) * 100}%`);
  }

  stretch() {
    this.panel.settings.isTall = !this.panel.settings.isTall;
    this.showStretch();
  }

  showStretch() {
    const { isTall } = this.panel.settings;
    this.panel.node.classList.toggle("tkp-tall", isTall);
    this.taller.setAttribute("aria-pressed", String(isTall));
  }
}
