// Draws the graph of runs and artifacts as large as its cards need, and says what a card is when it
// is clicked.
import { h, iconButton } from "./dom.js";
import { chooseRuns } from "./figure.js";
import { CONFIG } from "./plotly.js";
import { popup } from "./popup.js";
import { themed } from "./theme.js";

// How far cards are pressed together before the graph is scrolled.
const LEAST = { width: 0.94, height: 0.78 };
const FIGURE_CONFIG = { ...CONFIG, displayModeBar: false, doubleClick: false };

export function lineageRenderer(stage, view) {
  const node = h("div", { class: "tkp-plot tkp-lineage" });
  const back = h(
    "button",
    { class: "tkp-button", type: "button", onclick: () => start("") },
    "Back to the whole",
  );
  stage.append(node);
  view.tools.replaceChildren(back);
  let figure = null;
  let cards = {};
  let isHeard = false;
  let isNew = true;
  let started = "";

  const start = (name) => view.ask({ start: name });

  const draw = () => {
    const { library, theme } = view.panel;
    const { offsetWidth: width, offsetHeight: height } = view.stage;
    view.panel.wantLibrary();
    if (!library || !figure || !width || !height) return;
    const { data, layout } = figure;
    library.react(node, data, fitted(layout, theme, width, height), {
      ...FIGURE_CONFIG,
    });
    if (!isHeard) hear();
    isHeard = true;
    if (isNew) stage.scrollTop = (stage.scrollHeight - stage.clientHeight) / 2;
    isNew = false;
  };

  function hear() {
    node.on("plotly_hover", ({ points }) => {
      node.classList.add("tkp-lineage-hand");
      const { run } = cards[points[0].customdata] ?? {};
      if (run) view.panel.focusRun(run);
    });
    node.on("plotly_unhover", () => {
      node.classList.remove("tkp-lineage-hand");
      view.panel.focusRun(null);
    });
    node.on("plotly_click", ({ points, event }) => {
      const card = cards[points[0].customdata];
      // The popup says more than the label that it would lie upon.
      view.panel.library.Fx?.unhover(node);
      if (card) say(card, { x: event.clientX, y: event.clientY });
    });
  }

  function say(card, point) {
    const opened = popup(
      view.panel,
      point,
      card.title,
      ...about(card, view.panel, (name) => {
        opened.hidePopover();
        start(name);
      }),
    );
  }

  return {
    update: (content) => {
      figure = JSON.parse(content.figure);
      isNew ||= content.start !== started;
      started = content.start;
      cards = content.cards;
      back.hidden = !content.start;
      draw();
    },
    resize: draw,
    retheme: draw,
    dispose: () => {
      view.tools.replaceChildren();
      view.panel.focusRun(null);
      view.panel.library?.purge(node);
    },
  };
}

// Cards grow no larger: room that is left stays around them. What lacks is scrolled to.
function fitted(layout, theme, width, height) {
  const found = themed(layout, theme);
  const grow = ({ range: [low, high], ...axis }, was, has) => {
    const spare = (((high - low) / was) * Math.max(0, has - was)) / 2;
    return { ...axis, range: [low - spare, high + spare] };
  };
  const sides = layout.margin.l + layout.margin.r;
  const inner = [layout.width - sides, layout.height - sides];
  found.xaxis = grow(found.xaxis, inner[0], width - sides);
  found.yaxis = grow(found.yaxis, inner[1], height - sides);
  found.width = Math.max(layout.width * LEAST.width, width);
  found.height = Math.max(layout.height * LEAST.height, height);
  found.margin = layout.margin;
  found.font = { ...found.font, color: theme.strong };
  found.shapes = layout.shapes.map((shape) =>
    shape.name === "card" ? { ...shape, fillcolor: theme.background } : shape,
  );
  return found;
}

function about(card, panel, start) {
  const rows = card.rows.flatMap(([name, value]) => [
    h("dt", {}, name),
    h("dd", {}, value),
  ]);
  const parts = [
    h("p", { class: "tkp-lineage-kind" }, card.kind),
    h("h4", {}, card.title),
    h("dl", { class: "tkp-lineage-facts" }, ...rows),
  ];
  if (card.code) {
    const copy = iconButton("copy", "Copy", () =>
      navigator.clipboard?.writeText(card.code),
    );
    parts.push(
      h("p", { class: "tkp-lineage-code" }, h("code", {}, card.code), copy),
    );
  }
  if (card.start)
    parts.push(action("Show its lineage", () => start(card.start)));
  if (card.run)
    parts.push(
      action("Choose this run", () => chooseRuns(panel, new Set([card.run]))),
    );
  return parts;
}

function action(text, onclick) {
  return h("button", { class: "tkp-button", type: "button", onclick }, text);
}
