// The classes that lie over images, to be shown and hidden, and how sure boxes must be.
import { h, setText } from "./dom.js";
import { classesOf } from "./picture.js";

export class ClassBar {
  // `look` is what the pictures go by; `state` outlives the view.
  constructor(look, state, onChange) {
    this.look = look;
    this.state = state;
    this.onChange = onChange;
    this.node = h("div", { class: "tkm-media-bar", hidden: true });
  }

  render(items) {
    const { classes, hasScores } = classesOf(items);
    this.node.hidden = !classes.size;
    const stamp = JSON.stringify([[...classes], hasScores]);
    if (!classes.size || this.stamp === stamp) return;
    this.stamp = stamp;
    const chips = [...classes].map(([key, known]) => this.chip(key, known));
    if (hasScores) chips.push(this.scores());
    this.node.replaceChildren(...chips);
  }

  chip(key, { label, colour }) {
    const dot = h("i", { class: "tkm-dot" });
    dot.style.background = colour;
    const chip = h(
      "button",
      {
        class: "tkm-chip",
        type: "button",
        "aria-pressed": String(!this.look.hidden.has(key)),
        onclick: () => this.toggle(key, chip),
      },
      dot,
      label,
    );
    return chip;
  }

  toggle(key, chip) {
    const { hidden } = this.look;
    if (!hidden.delete(key)) hidden.add(key);
    this.state.hidden = [...hidden];
    chip.setAttribute("aria-pressed", String(!hidden.has(key)));
    this.onChange();
  }

  scores() {
    const value = h("output", {}, this.look.least.toFixed(2));
    const slider = h("input", {
      type: "range",
      min: 0,
      max: 1,
      step: 0.01,
      value: this.look.least,
      class: "tkm-range tkm-sizer",
      "aria-label": "Least score of boxes",
    });
    slider.addEventListener("input", () => {
      this.look.least = this.state.least = Number(slider.value);
      setText(value, this.look.least.toFixed(2));
      this.onChange();
    });
    return h("label", { class: "tkm-score" }, "score ≥", slider, value);
  }
}
