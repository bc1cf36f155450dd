// What stands above the charts of a run: its name, state, time, pace, tags and config.
import { Alerts } from "./alerts.js";
import { h, iconButton, setText } from "./dom.js";
import {
  formatAgo,
  formatDuration,
  formatMoment,
  formatNumber,
  formatRate,
} from "./format.js";

const CHIPS = 6;
const PACE_WINDOW_MS = 20000;

export class Header {
  constructor(panel) {
    this.panel = panel;
    this.paces = [];
    this.dot = h("span", { class: "tkp-dot" });
    this.name = h("strong", { class: "tkp-name" });
    this.state = h("span", { class: "tkp-state" });
    this.id = h("code", { class: "tkp-id" });
    this.project = h("span", { class: "tkp-project" });
    this.tags = h("span", { class: "tkp-tags" });
    this.copy = iconButton("copy", "Copy the run's path", () =>
      this.copyPath(),
    );
    this.duration = fact("duration");
    this.step = fact("step");
    this.rate = fact("pace");
    this.updated = fact("updated");
    this.chips = h("div", { class: "tkp-chips" });
    this.more = h("button", {
      class: "tkp-chip tkp-more",
      type: "button",
      "aria-expanded": "false",
      onclick: () => panel.toggleOverview(),
    });
    this.alerts = new Alerts();
    this.error = h("details", { class: "tkp-error", hidden: true });
    const who = h(
      "div",
      { class: "tkp-who" },
      h("span", { class: "tkp-titled" }, this.dot, this.name),
      this.state,
      this.id,
      this.copy,
    );
    who.append(this.project, this.tags);
    const facts = [this.duration, this.step, this.rate, this.updated].map(
      (each) => each.node,
    );
    this.node = h(
      "header",
      { class: "tkp-header" },
      h(
        "div",
        { class: "tkp-top" },
        who,
        h("div", { class: "tkp-facts" }, ...facts),
      ),
      this.chips,
      this.error,
      this.alerts.node,
    );
    this.node.dataset.state = "waiting";
    setText(this.name, "Waiting for the kernel …");
    this.timer = setInterval(() => this.tick(), 1000);
  }

  update(head, clockMs) {
    this.head = head;
    this.clockMs = clockMs;
    setText(
      this.name,
      head.missing ? "This run is not in the store yet" : head.name,
    );
    setText(this.id, head.id);
    setText(this.project, head.project);
    setText(this.state, head.state ?? "");
    this.node.dataset.state = head.state ?? "missing";
    this.tags.replaceChildren(
      ...(head.tags ?? []).map((tag) =>
        h("span", { class: "tkp-tag", title: tag }, tag),
      ),
    );
    this.showError(head);
    this.paces.push([head.updated_ms, head.step]);
    while (
      this.paces.length > 2 &&
      head.updated_ms - this.paces[0][0] > PACE_WINDOW_MS
    ) {
      this.paces.shift();
    }
    this.tick();
  }

  showError(head) {
    this.error.hidden = !head.error;
    if (!head.error) return;
    const trace = head.traceback ? h("pre", {}, head.traceback) : null;
    this.error.replaceChildren(
      h("summary", {}, head.error),
      ...(trace ? [trace] : []),
    );
  }

  // What changes by itself, once a second.
  tick() {
    const { head } = this;
    if (!head || head.missing || document.hidden) return;
    const isRunning = head.state === "running";
    const since = (Date.now() + this.clockMs - head.updated_ms) / 1000;
    const seconds = head.runtime_s + (isRunning ? Math.max(0, since) : 0);
    this.duration.set(formatDuration(seconds));
    this.step.set(head.step >= 0 ? formatNumber(head.step) : "–");
    this.rate.set(formatRate(this.pace(isRunning)) || "–");
    this.updated.set(
      isRunning
        ? formatAgo(since)
        : formatMoment(head.ended_ms ?? head.updated_ms),
    );
    setText(this.updated.label, isRunning ? "updated" : "ended");
  }

  // Steps a second: of late while it runs, over all when it is over.
  pace(isRunning) {
    const { head } = this;
    const [then, before] = this.paces[0];
    const late = (head.updated_ms - then) / 1000;
    if (isRunning && late > 2 && head.step > before)
      return (head.step - before) / late;
    return head.runtime_s > 0.5 ? (head.step + 1) / head.runtime_s : NaN;
  }

  showConfig(config) {
    const chips = config
      .slice(0, CHIPS)
      .map(([key, value]) => chip(key, value));
    const rest = config.length - chips.length;
    setText(this.more, rest > 0 ? `+${rest} more` : "overview");
    this.chips.replaceChildren(...chips, this.more);
  }

  async copyPath() {
    await navigator.clipboard?.writeText(
      `${this.head.project}/${this.head.id}`,
    );
  }

  dispose() {
    clearInterval(this.timer);
  }
}

function chip(key, value) {
  return h(
    "span",
    { class: "tkp-chip", title: `${key} = ${value}` },
    h("span", { class: "tkp-key" }, key),
    h("span", {}, value),
  );
}

function fact(label) {
  const value = h("b");
  const name = h("span", {}, label);
  const node = h("span", { class: "tkp-fact" }, name, value);
  return { node, label: name, set: (text) => setText(value, text) };
}
