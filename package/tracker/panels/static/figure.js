// Draws a Plotly figure from the kernel. What is pointed at stands out in the curves as well, and
// what is boxed or clicked becomes the chosen runs of the table.
import { h } from "./dom.js";
import { CONFIG } from "./plotly.js";
import { themed } from "./theme.js";

const FIGURE_CONFIG = { ...CONFIG, doubleClick: "reset+autosize" };
const BACK = 0.08;
const LETTER_PX = 6.2;
const MARGIN_PX = 40;

export function figureRenderer(stage, view) {
  return renderer(stage, view, (points) => new Set(points.map(runOf)));
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

function renderer(stage, view, passing, dressed = keep) {
  const node = h("div", { class: "tkp-plot" });
  stage.append(node);
  let figure = null;
  let chosen = new Set(view.panel.header.selection?.ids.keys());
  // The runs that a box here has chosen.
  let boxed = null;
  let revision = 1;
  let isDrawing = false;
  let isHeard = false;

  const draw = () => {
    const { library, theme } = view.panel;
    const { offsetWidth: width, offsetHeight: height } = view.stage;
    view.panel.wantLibrary();
    if (!library || !figure || !width || !height) return;
    const layout = { ...themed(figure.layout, theme), width, height };
    // A zoom outlives the next drawing.
    layout.uirevision = view.name;
    layout.selectionrevision = revision;
    layout.annotations = fitted(layout.annotations, width);
    // Plotly writes into traces which of their points are boxed.
    const traces = dressed(figure.data, chosen).map((each) => ({ ...each }));
    // What is drawn anew is boxed anew, of which Plotly tells as if a user had done it.
    isDrawing = true;
    library.react(node, traces, layout, FIGURE_CONFIG);
    isDrawing = false;
    if (!isHeard) hear();
    isHeard = true;
  };

  const choose = (ids) => {
    boxed = ids.size ? ids : null;
    if (!chooseRuns(view.panel, ids)) take(ids);
  };

  // Takes over which runs are chosen, here or elsewhere.
  const take = (ids) => {
    if (isSame(ids, chosen)) return;
    chosen = new Set(ids);
    if (boxed && !isSame(ids, boxed)) {
      boxed = null;
      revision += 1;
    } else if (dressed === keep) return;
    // Plotly first keeps the box that it tells of.
    view.request(true);
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
      if (!event || isDrawing) return;
      const ids = passing(event.points.filter(runOf));
      ids.delete("");
      choose(ids);
    });
    node.on("plotly_deselect", () => {
      if (!isDrawing) choose(new Set());
    });
  }

  return {
    update: (content) => {
      figure = JSON.parse(content.figure);
      draw();
    },
    chosen: take,
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
  if (!chosen.size) return traces;
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

// Says whether there is a table in which runs can be chosen.
export function chooseRuns(panel, ids) {
  const { selection, rows } = panel.header;
  if (!selection) return false;
  const names = new Map(
    [...(rows?.values() ?? [])].map((row) => [row.id, row.name]),
  );
  selection.choose([...ids].map((id) => [id, names.get(id) ?? id]));
  return true;
}

function isSame(one, other) {
  return one.size === other.size && [...one].every((id) => other.has(id));
}

// The names of axes side by side are as long as there is room; points say the whole.
function fitted(annotations = [], width) {
  const names = annotations.filter(({ name }) => name === "axis");
  if (!names.length) return annotations;
  const room = Math.max(
    3,
    Math.floor((width - MARGIN_PX) / names.length / LETTER_PX),
  );
  return annotations.map((each) =>
    each.name === "axis" ? { ...each, text: shortened(each.text, room) } : each,
  );
}

// Of text in which Plotly reads entities.
function shortened(text, room) {
  const letters = text.match(/&[^;\s]+;|./gsu) ?? [];
  return letters.length <= room
    ? text
    : `${letters.slice(0, room - 1).join("")}…`;
}
