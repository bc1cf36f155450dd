// What a user sets: search, smoothing, x-axis, logarithmic y, height.
import { h, icon, iconButton, setText } from "./dom.js";
import { KINDS } from "./smoothing.js";

const AXES = { step: "Step", relative: "Time", time: "Clock" };
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
      this.taller,
    );
    this.showAmount();
    this.showStretch();
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
    const mark = () => {
      for (const button of buttons) {
        button.setAttribute(
          "aria-pressed",
          String(button.dataset.x === settings.x),
        );
      }
    };
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
      },
    });
    button.append("Log y");
    return button;
  }

  smooth() {
    const { smoothing } = this.panel.settings;
    smoothing.amount = Number(this.slider.value);
    smoothing.kind = this.kind.value;
    this.showAmount();
    for (const chart of this.panel.grid.charts.values()) chart.resmooth();
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
