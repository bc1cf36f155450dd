// The settings of one chart, over those of the workspace; they are fields of its panel.
import { h } from "./dom.js";
import { popup } from "./popup.js";
import { KINDS } from "./smoothing.js";

const AXES = { step: "Step", relative: "Relative time", time: "Time of day" };
const BANDS = {
  minmax: "Lowest to highest",
  std: "Standard deviation",
  sem: "Standard error",
  none: "None",
};
const OWN = [
  "x", "log_x", "log_y", "outliers", "y_range", "band", "grouped", "show_members", "smoothing",
]; // prettier-ignore

export function openChartSettings(chart) {
  const { panel } = chart;
  const spec = () => chart.panelSpec ?? {};
  // Undefined takes a field away: the workspace's counts again.
  const set = (fields) => {
    panel.arranger.change(chart.name, fields);
    chart.resmooth();
    chart.request(true);
  };
  const all = panel.workspace.curves;
  const rows = [
    choice("X-axis", axes(panel), spec().x, (x) => set({ x }), all.x ?? "step"),
    flag("Logarithmic x", spec().log_x ?? all.log_x, (log_x) => set({ log_x })),
    flag("Logarithmic y", chart.isLogY, (log_y) => set({ log_y })),
    limits(spec().y_range, (y_range) => set({ y_range })),
    flag("Ignore outliers", spec().outliers ?? all.outliers, (outliers) =>
      set({ outliers }),
    ),
    smoothing(chart, (value) => set({ smoothing: value })),
  ];
  if (panel.head?.groups !== null && panel.head?.groups !== undefined) {
    rows.push(
      flag("Draw groups", spec().grouped ?? all.grouped ?? true, (grouped) =>
        set({ grouped }),
      ),
      choice(
        "Band",
        BANDS,
        spec().band,
        (band) => set({ band }),
        all.band ?? "minmax",
      ),
      flag("Members behind", spec().show_members ?? all.show_members, (on) =>
        set({ show_members: on }),
      ),
    );
  }
  let node = null;
  const reset = h(
    "button",
    {
      type: "button",
      class: "tkp-button",
      onclick: () => {
        set(Object.fromEntries(OWN.map((name) => [name, undefined])));
        node.hidePopover();
      },
    },
    "As the workspace",
  );
  const every = h(
    "button",
    {
      type: "button",
      class: "tkp-button",
      title: "Make these the settings of all charts",
      onclick: () => {
        const own = OWN.filter((name) => spec()[name] !== undefined);
        panel.saveCurves(
          Object.fromEntries(own.map((name) => [name, spec()[name]])),
        );
        node.hidePopover();
      },
    },
    "Use for all",
  );
  const sync = flag("Zoom charts together", all.sync_zoom !== false, (on) =>
    panel.saveCurves({ sync_zoom: on }),
  );
  const form = h("div", { class: "tkp-chart-settings" }, ...rows, sync);
  form.append(h("div", { class: "tkp-buttons" }, reset, every));
  node = popup(panel, chart.gear, `Settings of ${chart.spec.title}`, form);
  return node;
}

function axes(panel) {
  const metrics = panel.menu?.metrics ?? [];
  return { ...AXES, ...Object.fromEntries(metrics.map((key) => [key, key])) };
}

// The first entry leaves it to the workspace.
function choice(text, options, value, change, general) {
  const first = h(
    "option",
    { value: "" },
    `Workspace: ${options[general] ?? general}`,
  );
  const select = h(
    "select",
    { onchange: () => change(select.value || undefined) },
    first,
    ...Object.entries(options).map(([name, label]) =>
      h("option", { value: name }, label),
    ),
  );
  select.value = value ?? "";
  return h("label", {}, h("span", {}, text), select);
}

function flag(text, value, change) {
  const box = h("input", {
    type: "checkbox",
    checked: value === true,
    onchange: () => change(box.checked),
  });
  return h("label", { class: "tkp-flag" }, box, h("span", {}, text));
}

function limits(value, change) {
  const read = (field) => (field.value === "" ? null : Number(field.value));
  const told = () => {
    const both = [read(low), read(high)];
    const isWrong = both[0] !== null && both[1] !== null && both[0] >= both[1];
    high.setCustomValidity(
      isWrong ? "The upper limit is not above the lower." : "",
    );
    if (isWrong) high.reportValidity();
    else change(both[0] === null && both[1] === null ? undefined : both);
  };
  const field = (label, place) =>
    h("input", {
      type: "number",
      step: "any",
      placeholder: "auto",
      "aria-label": label,
      value: value?.[place] ?? "",
      onchange: told,
    });
  const low = field("Lower limit of y", 0);
  const high = field("Upper limit of y", 1);
  const pair = h("span", { class: "tkp-pair" }, low, "to", high);
  return h("div", { class: "tkp-line" }, h("span", {}, "Y from"), pair);
}

function smoothing(chart, change) {
  const own = chart.panelSpec?.smoothing;
  const select = h(
    "select",
    { "aria-label": "Smoothing of this chart", onchange: () => told() },
    h("option", { value: "" }, "Workspace"),
    ...Object.entries(KINDS).map(([name, text]) =>
      h("option", { value: name }, text),
    ),
  );
  select.value = own?.kind ?? "";
  const slider = h("input", {
    type: "range",
    min: "0",
    max: "0.99",
    step: "0.01",
    "aria-label": "Amount of smoothing",
    value: own?.amount ?? chart.smoothing.amount,
    oninput: () => told(),
  });
  const told = () => {
    slider.disabled = select.value === "" || select.value === "none";
    change(
      select.value
        ? { kind: select.value, amount: Number(slider.value) }
        : undefined,
    );
  };
  slider.disabled = select.value === "" || select.value === "none";
  const pair = h("span", { class: "tkp-pair" }, select, slider);
  return h("div", { class: "tkp-line" }, h("span", {}, "Smoothing"), pair);
}
