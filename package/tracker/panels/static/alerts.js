// The alerts that a run sent: the newest in one line, the others below it.
import { h } from "./dom.js";
import { formatMoment } from "./format.js";

export class Alerts {
  constructor() {
    this.node = h("details", { class: "tkp-alerts", hidden: true });
  }

  // Newest first.
  show(alerts) {
    const [newest] = alerts;
    this.node.hidden = !newest;
    if (!newest) return;
    this.node.dataset.level = newest.level;
    const others = alerts.length - 1;
    const more = others
      ? h("span", { class: "tkp-count" }, `+${others}`)
      : null;
    this.node.replaceChildren(
      h("summary", {}, more, ...words(newest)),
      h("ol", { class: "tkp-lines" }, ...alerts.map(line)),
    );
  }
}

function line(alert) {
  return h(
    "li",
    { "data-level": alert.level },
    h("time", {}, formatMoment(alert.time_ms)),
    ...words(alert),
  );
}

function words({ level, title, text }) {
  return [
    h("span", { class: "tkp-level" }, level.toLowerCase()),
    h("strong", {}, title),
    h("span", { class: "tkp-said" }, text),
  ];
}
