// A slider over steps that plays.
import { h, setText } from "./dom.js";

const PLAY_MS = 350;

export class Stepper {
  // `onGo(step, isLast)` is told where a user, or the playing, goes.
  constructor(onGo) {
    this.onGo = onGo;
    this.steps = [];
    this.button = h(
      "button",
      {
        class: "tkm-play",
        type: "button",
        "aria-label": "Play the steps",
        onclick: () => this.toggle(),
      },
      "▶",
    );
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: 0,
      value: 0,
      class: "tkm-range",
      "aria-label": "Step",
    });
    this.slider.addEventListener("input", () =>
      this.goTo(Number(this.slider.value)),
    );
    this.text = h("output", { class: "tkm-step" });
    this.node = h(
      "span",
      { class: "tkm-steps" },
      this.button,
      this.slider,
      this.text,
    );
  }

  show(steps, step) {
    this.steps = steps;
    this.node.hidden = steps.length < 2;
    this.slider.max = steps.length - 1;
    this.at = this.place(step);
    this.slider.value = this.at;
  }

  // Says where it stands.
  say(words) {
    setText(this.text, words);
    this.slider.setAttribute("aria-valuetext", words);
  }

  // The last place up to a step.
  place(step) {
    let found = 0;
    while (found + 1 < this.steps.length && this.steps[found + 1] <= step)
      found++;
    return found;
  }

  goTo(place) {
    const step = this.steps[place];
    if (step === undefined) return;
    this.at = place;
    this.slider.value = place;
    this.onGo(step, place === this.steps.length - 1);
  }

  toggle() {
    if (this.timer) this.stop();
    else this.play();
  }

  play() {
    setText(this.button, "❚❚");
    this.button.setAttribute("aria-label", "Stop");
    const next = () => this.goTo((this.at + 1) % this.steps.length);
    if (this.at === this.steps.length - 1) this.goTo(0);
    this.timer = setInterval(next, PLAY_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    setText(this.button, "▶");
    this.button.setAttribute("aria-label", "Play the steps");
  }
}
