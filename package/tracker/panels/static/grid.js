// The sections of panels, and which panels are on the screen.
import { Chart } from "./chart.js";
import { h, icon, setText } from "./dom.js";
import { View } from "./views.js";

const LAST = ["Charts", "gradients", "parameters", "System"];

export class Grid {
  constructor(panel) {
    this.panel = panel;
    // Every card by its id: curves, and panels of other kinds.
    this.cards = new Map();
    this.sections = new Map();
    this.chartSpecs = new Map();
    this.viewSpecs = new Map();
    this.empty = h("p", { class: "tkp-empty" });
    this.node = h("div", { class: "tkp-grid" }, this.empty);
    this.watcher = new IntersectionObserver((entries) => this.seen(entries), {
      rootMargin: "120px",
    });
    this.sizes = new ResizeObserver((entries) => {
      for (const { target } of entries) this.cardOf(target)?.request(true);
    });
  }

  // The curves alone.
  get charts() {
    const charts = [...this.cards].filter(([, card]) => card instanceof Chart);
    return new Map(charts);
  }

  cardOf(stage) {
    return [...this.cards.values()].find((card) => card.stage === stage);
  }

  // Makes places for the charts of a run, in the order in which their metrics appeared. In a
  // workspace the sections say where they stand.
  arrange(specs) {
    this.chartSpecs = new Map(specs.map((spec) => [spec.name, spec]));
    if (this.panel.workspace) {
      for (const [name, chart] of this.charts)
        if (this.chartSpecs.has(name))
          chart.describe(this.chartSpecs.get(name));
      return;
    }
    this.keepOnly(this.namesOfRun);
    for (const spec of specs) {
      const { body } = this.section(spec.section);
      const card = this.chart(spec.name, spec);
      if (card.node.parentNode !== body) body.append(card.node);
    }
    this.filter();
  }

  // Makes places for what a run logged besides numbers, behind the charts of its section.
  arrangeViews(specs) {
    this.viewSpecs = new Map(specs.map((spec) => [spec.id, spec]));
    this.keepOnly(this.namesOfRun);
    for (const spec of specs) {
      const node = this.placed(spec);
      node.classList.toggle("tkm-wide", spec.width === 12);
      node.classList.toggle("tkm-half", spec.width === 6);
      const { body } = this.section(spec.section);
      if (node.parentNode !== body) body.append(node);
    }
    this.filter();
  }

  get namesOfRun() {
    return new Set([...this.chartSpecs.keys(), ...this.viewSpecs.keys()]);
  }

  // Makes places for all panels of a workspace: [{ name, open, panels: [spec, …] }, …].
  arrangeSections(sections) {
    const panels = sections.flatMap((section) => section.panels);
    this.keepOnly(new Set(panels.map((spec) => spec.id)));
    const names = new Set(sections.map(({ name }) => name));
    for (const [name, section] of this.sections) {
      if (names.has(name)) continue;
      section.node.remove();
      this.sections.delete(name);
    }
    sections.forEach(({ name, open, panels: specs }, place) => {
      const section = this.section(name, open !== false);
      this.show(section, open !== false);
      const nodes = specs.map((spec) => this.placed(spec)).filter(Boolean);
      reorder(section.body, nodes);
      reorder(this.node, [section.node], place + 1);
    });
    this.filter();
  }

  placed(spec) {
    let card = this.cards.get(spec.id);
    if (spec.kind === "curve") {
      const chart = this.chartSpecs.get(spec.id);
      if (!card && !chart) return null;
      card = this.chart(spec.id, chart ?? card.spec);
    } else if (card) card.describe(spec);
    else card = this.add(spec.id, new View(spec, this.panel));
    card.panelSpec = spec;
    card.node.dataset.panel = spec.id;
    card.node.style.setProperty("--tkp-span", spec.width ?? "");
    card.stage.style.height = spec.height ? `${spec.height}px` : "";
    this.panel.arranger?.dress(card);
    return card.node;
  }

  chart(name, spec) {
    const known = this.cards.get(name);
    if (known) {
      known.describe(spec);
      return known;
    }
    return this.add(name, new Chart(spec, this.panel));
  }

  add(name, card) {
    this.cards.set(name, card);
    this.watcher.observe(card.stage);
    this.sizes.observe(card.stage);
    return card;
  }

  keepOnly(names) {
    for (const [name, card] of this.cards)
      if (!names.has(name)) this.remove(name, card);
  }

  remove(name, card) {
    this.watcher.unobserve(card.stage);
    this.sizes.unobserve(card.stage);
    card.dispose();
    this.cards.delete(name);
  }

  section(name, isOpen = name !== "System") {
    const known = this.sections.get(name);
    if (known) return known;
    const { closed } = this.panel.settings;
    const section = { name, count: h("span", { class: "tkp-count" }) };
    const isFree = !!this.panel.workspace;
    section.body = h("div", {
      class: isFree ? "tkp-cards tkp-twelve" : "tkp-cards",
    });
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
    section.bar = h("div", { class: "tkp-section-bar" }, section.toggle);
    section.node = h(
      "section",
      { class: "tkp-section" },
      section.bar,
      section.body,
    );
    section.node.dataset.section = name;
    this.show(section, isFree ? isOpen : !(closed[name] ?? !isOpen));
    this.sections.set(name, section);
    this.panel.arranger?.dressSection(section);
    if (!isFree) this.place(section);
    return section;
  }

  // Keys without a prefix come behind those with one, the many of a watched model behind them,
  // readings of the machine behind all.
  place(section) {
    const rank = ({ name }) => LAST.indexOf(name);
    const [next] = [...this.sections.values()]
      .filter((other) => rank(other) > rank(section))
      .sort((one, other) => rank(one) - rank(other));
    if (next) next.node.before(section.node);
    else this.node.append(section.node);
  }

  toggle(section) {
    const isOpen = section.body.hidden;
    this.panel.settings.closed[section.name] = !isOpen;
    this.show(section, isOpen);
    this.panel.workspace?.arrange((sections) => {
      const found = sections.find(({ name }) => name === section.name);
      if (found) found.open = isOpen;
    });
  }

  show(section, isOpen) {
    section.body.hidden = !isOpen;
    section.toggle.setAttribute("aria-expanded", String(isOpen));
  }

  // Shows the panels whose key contains the searched text, or fits it as a regular expression.
  filter() {
    const fits = matcher(this.panel.settings.search);
    for (const card of this.cards.values()) {
      card.node.hidden = !fits(
        card.searchText ?? (card.spec.key || card.spec.title),
      );
    }
    let shown = 0;
    for (const section of this.sections.values()) {
      const cards = [...section.body.children];
      const count = cards.filter((card) => !card.hidden).length;
      // An empty section of a workspace is a place to put panels.
      const isKept = !cards.length && this.panel.workspace;
      section.node.hidden = !count && !isKept;
      setText(section.count, String(count));
      if (section.name !== "System") shown += count;
    }
    this.explain(shown);
  }

  explain(shown) {
    const { settings, head, workspace } = this.panel;
    this.empty.hidden = shown > 0;
    if (shown) return;
    let text =
      "Waiting for the first metrics: run.log({…}) makes a chart for each key.";
    if (settings.search) text = "No metric fits the search.";
    else if (workspace && head?.total === 0)
      text = `No runs yet: tracker.init(project="${head.name}") starts the first.`;
    else if (head?.state && head.state !== "running")
      text = "No metrics were logged.";
    setText(this.empty, text);
  }

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      this.cardOf(target)?.see(isIntersecting);
    }
    this.panel.tellView();
  }

  get visible() {
    const shown = [...this.cards.values()].filter(
      (card) => card.isVisible || card.isLarge,
    );
    return shown.map((card) => card.name);
  }

  redraw() {
    for (const card of this.cards.values()) {
      card.retheme?.();
      card.request(true);
    }
  }

  // Lets the chosen runs stand out where they are drawn.
  choose(ids) {
    for (const card of this.cards.values()) card.choose?.(ids);
  }

  dispose() {
    this.watcher.disconnect();
    this.sizes.disconnect();
    for (const [name, card] of this.cards) this.remove(name, card);
  }
}

// Puts nodes in order from a place on, and leaves alone those that stand there already: a node
// that is moved loses the keyboard's focus.
function reorder(parent, nodes, from = 0) {
  nodes.forEach((node, place) => {
    const there = parent.children[from + place];
    if (there !== node) parent.insertBefore(node, there ?? null);
  });
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
