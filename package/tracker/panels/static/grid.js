// The sections of charts, and which charts are on the screen.
import { Chart } from "./chart.js";
import { h, icon, setText } from "./dom.js";

const LAST = ["Charts", "System"];

export class Grid {
  constructor(panel) {
    this.panel = panel;
    this.charts = new Map();
    this.sections = new Map();
    this.empty = h("p", { class: "tkp-empty" });
    this.node = h("div", { class: "tkp-grid" }, this.empty);
    this.watcher = new IntersectionObserver((entries) => this.seen(entries), {
      rootMargin: "120px",
    });
    this.sizes = new ResizeObserver((entries) => {
      for (const { target } of entries) this.chartOf(target)?.request(true);
    });
  }

  chartOf(stage) {
    return [...this.charts.values()].find((chart) => chart.stage === stage);
  }

  // Makes places for the charts that there are now, in their order.
  arrange(specs) {
    const names = new Set(specs.map((spec) => spec.name));
    for (const [name, chart] of this.charts)
      if (!names.has(name)) this.remove(name, chart);
    for (const spec of specs) {
      const section = this.section(spec.section);
      let chart = this.charts.get(spec.name);
      if (chart) chart.describe(spec);
      else {
        chart = new Chart(spec, this.panel);
        this.charts.set(spec.name, chart);
        this.watcher.observe(chart.stage);
        this.sizes.observe(chart.stage);
      }
      if (chart.node.parentNode !== section.body)
        section.body.append(chart.node);
    }
    this.filter();
  }

  remove(name, chart) {
    this.watcher.unobserve(chart.stage);
    this.sizes.unobserve(chart.stage);
    chart.dispose();
    this.charts.delete(name);
  }

  section(name) {
    const known = this.sections.get(name);
    if (known) return known;
    const { closed } = this.panel.settings;
    const section = { name, count: h("span", { class: "tkp-count" }) };
    section.body = h("div", { class: "tkp-cards" });
    section.toggle = h(
      "button",
      {
        class: "tkp-section-head",
        type: "button",
        onclick: () => this.toggle(section),
      },
      icon("chevron"),
      h("span", {}, name),
      section.count,
    );
    section.node = h(
      "section",
      { class: "tkp-section" },
      section.toggle,
      section.body,
    );
    this.show(section, !(closed[name] ?? name === "System"));
    this.sections.set(name, section);
    this.place(section);
    return section;
  }

  // Keys without a prefix come behind those with one, readings of the machine behind all.
  place(section) {
    const rank = ({ name }) => LAST.indexOf(name);
    const [next] = [...this.sections.values()]
      .filter((other) => rank(other) > rank(section))
      .sort((one, other) => rank(one) - rank(other));
    if (next) next.node.before(section.node);
    else this.node.append(section.node);
  }

  toggle(section) {
    this.panel.settings.closed[section.name] = !section.body.hidden;
    this.show(section, section.body.hidden);
  }

  show(section, isOpen) {
    section.body.hidden = !isOpen;
    section.toggle.setAttribute("aria-expanded", String(isOpen));
  }

  // Shows the charts whose key contains the searched text, or fits it as a regular expression.
  filter() {
    const fits = matcher(this.panel.settings.search);
    for (const chart of this.charts.values()) {
      chart.node.hidden = !fits(chart.spec.key || chart.spec.title);
    }
    let shown = 0;
    for (const section of this.sections.values()) {
      const cards = [...section.body.children];
      const count = cards.filter((card) => !card.hidden).length;
      section.node.hidden = !count;
      setText(section.count, String(count));
      if (section.name !== "System") shown += count;
    }
    this.explain(shown);
  }

  explain(shown) {
    const { settings, head } = this.panel;
    this.empty.hidden = shown > 0;
    if (shown) return;
    let text =
      "Waiting for the first metrics: run.log({…}) makes a chart for each key.";
    if (settings.search) text = "No metric fits the search.";
    else if (head?.state && head.state !== "running")
      text = "No metrics were logged.";
    setText(this.empty, text);
  }

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      this.chartOf(target)?.see(isIntersecting);
    }
    this.panel.tellView();
  }

  get visible() {
    const shown = [...this.charts.values()].filter(
      (chart) => chart.isVisible || chart.isLarge,
    );
    return shown.map((chart) => chart.name);
  }

  redraw() {
    for (const chart of this.charts.values()) chart.request(true);
  }

  dispose() {
    this.watcher.disconnect();
    this.sizes.disconnect();
    for (const [name, chart] of this.charts) this.remove(name, chart);
  }
}

function matcher(search) {
  const text = search.trim().toLowerCase();
  if (!text) return () => true;
  let pattern = null;
  try {
    pattern = new RegExp(text, "i");
  } catch {
    // Not a regular expression (yet): plain text then.
  }
  return (key) => key.toLowerCase().includes(text) || pattern?.test(key);
}
