// Draws a Plotly figure from the kernel. What is pointed at stands out in the curves as well, and
// what is boxed or clicked becomes the chosen runs of the table.
import { h } from "./dom.js";
import { CONFIG } from "./plotly.js";
import { themed } from "./theme.js";

const FIGURE_CONFIG = { ...CONFIG, doubleClick: "reset+autosize" };
const BACK = 0.08;

export function figureRenderer(stage, view) {
  return renderer(stage, view, (points) => new Set(points.map(runOf)), keep);
}

// Boxes at several axes leave the runs that pass all of them.
export function parallelRenderer(stage, view) {
  const passing = (points) => {
    const axes = new Map();
    for (const point of points) {
      if (!axes.has(point.x)) axes.set(point.x, new Set());
      axes.get(point.x).add(runOf(point));
    }
    const [first = new Set(), ...others] = axes.values();
    return new Set(
      [...first].filter((id) => others.every((each) => each.has(id))),
    );
  };
  return renderer(stage, view, passing, standOut);
}

function renderer(stage, view, passing, dressed) {
  const node = h("div", { class: "tkp-plot" });
  stage.append(node);
  let figure = null;
  let chosen = null;
  let isHeard = false;

  const draw = () => {
    const { library, theme } = view.panel;
    const { offsetWidth: width, offsetHeight: height } = view.stage;
    if (!library || !figure || !width || !height) return;
    const layout = { ...themed(figure.layout, theme), width, height };
    // A zoom outlives the next drawing.
    layout.uirevision = view.name;
    library.react(node, dressed(figure.data, chosen), layout, FIGURE_CONFIG);
    if (!isHeard) hear();
    isHeard = true;
  };

  const choose = (ids) => {
    chosen = ids?.size ? ids : null;
    chooseRuns(view.panel, chosen ?? new Set());
    if (dressed !== keep) draw();
  };

  function hear() {
    node.on("plotly_hover", ({ points }) =>
      focus(view.panel, runOf(points[0])),
    );
    node.on("plotly_unhover", () => focus(view.panel, null));
    node.on("plotly_click", ({ points }) => {
      const id = runOf(points[0]);
      if (id) choose(new Set([id]));
    });
    node.on("plotly_selected", (event) => {
      if (!event) return;
      const ids = passing(event.points.filter(runOf));
      ids.delete("");
      choose(ids);
    });
    node.on("plotly_deselect", () => choose(null));
  }

  return {
    update: (content) => {
      figure = JSON.parse(content.figure);
      draw();
    },
    resize: draw,
    retheme: draw,
    dispose: () => {
      focus(view.panel, null);
      view.panel.library?.purge(node);
    },
  };
}

const keep = (traces) => traces;

// The chosen runs' lines in full, all others faint behind them.
function standOut(traces, chosen) {
  if (!chosen) return traces;
  const lines = traces.filter((trace) => trace.customdata);
  const others = traces.filter((trace) => !trace.customdata);
  const front = lines.map((trace) => ({
    ...trace,
    y: trace.y.map((y, at) => (chosen.has(trace.customdata[at]) ? y : null)),
    opacity: 0.95,
  }));
  const back = lines.map((trace) => ({
    ...trace,
    opacity: BACK,
    hoverinfo: "skip",
    hovertemplate: null,
  }));
  return [...back, ...front, ...others];
}

function runOf(point) {
  return typeof point?.customdata === "string" ? point.customdata : "";
}

function focus(panel, id) {
  if ((panel.focused ?? null) !== (id || null)) panel.focusRun(id || null);
}

function chooseRuns(panel, ids) {
  const { selection, rows } = panel.header;
  if (!selection) return;
  const names = new Map(
    [...(rows?.values() ?? [])].map((row) => [row.id, row.name]),
  );
  selection.ids = new Map([...ids].map((id) => [id, names.get(id) ?? id]));
  selection.show();
}
