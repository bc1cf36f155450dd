// One chart: its card, its drawing by Plotly, its crosshair and its zoom.
import { layoutOf } from "./chart_layout.js";
import { openChartSettings } from "./chart_settings.js";
import { Crosshair } from "./crosshair.js";
import { h, iconButton, setText } from "./dom.js";
import {
  asNumber,
  formatNumber,
  formatPlace,
  formatReading,
} from "./format.js";
import { Legend } from "./legend.js";
import { Pan } from "./pan.js";
import { CONFIG } from "./plotly.js";
import { scheduler } from "./scheduler.js";
import { Series } from "./series.js";

const SHOWN_VALUES = 2;
const NO_SMOOTHING = { kind: "exponential", amount: 0 };

export class Chart {
  constructor(spec, panel) {
    this.panel = panel;
    this.name = spec.name;
    this.isVisible = false;
    this.isDrawn = false;
    this.isLarge = false;
    this.range = null;
    this.face = null;
    this.series = null;
    this.build();
    this.describe(spec);
  }

  build() {
    this.title = h("span", { class: "tkp-title" });
    this.value = h("span", { class: "tkp-value" });
    this.resetButton = iconButton("reset", "Show the whole curve", () =>
      this.zoomOut(),
    );
    this.resetButton.hidden = true;
    this.largeButton = iconButton("expand", "Show large", () =>
      this.panel.enlarge(this),
    );
    this.gear = iconButton("gear", "Settings of this chart", () =>
      openChartSettings(this),
    );
    this.gear.classList.add("tkp-gear");
    this.gear.hidden = !this.panel.workspace;
    this.legend = new Legend(this);
    this.pan = new Pan(this);
    this.plot = h("div", { class: "tkp-plot" });
    this.crosshair = new Crosshair(this);
    this.hint = h("div", { class: "tkp-hint" }, "waiting for values");
    this.stage = h(
      "div",
      {
        class: "tkp-stage",
        tabindex: "0",
        role: "img",
        onpointermove: (event) => this.crosshair.pointAt(event),
        onpointerleave: () => this.panel.unpoint(),
        onkeydown: (event) => this.key(event),
        onblur: () => this.panel.unpoint(),
      },
      this.plot,
      ...this.crosshair.nodes,
      this.hint,
    );
    this.pan.listen(this.stage);
    const bar = h("div", { class: "tkp-bar" }, this.title, this.resetButton);
    bar.append(this.value, this.gear, this.largeButton);
    this.node = h("article", { class: "tkp-card" }, bar, this.stage);
    this.node.append(this.legend.node);
  }

  // What moves along when the chart is shown large.
  get movables() {
    return [this.resetButton, this.value, this.gear];
  }

  describe(spec) {
    this.spec = spec;
    setText(this.title, spec.title);
    this.title.title = spec.key || spec.title;
    this.largeButton.setAttribute("aria-label", `Show ${spec.title} large`);
    this.gear.setAttribute("aria-label", `Settings of ${spec.title}`);
    this.say(spec.problem);
  }

  // What stands in the place of the curves where there are none.
  say(problem) {
    setText(this.hint, problem || "waiting for values");
    this.hint.classList.toggle("tkp-bad", !!problem);
  }

  // The curves could not be read: those that are here are old, and the reason stands over them.
  fail(text) {
    this.say(text);
    this.hint.hidden = false;
    this.plot.style.opacity = 0.25;
  }

  // -- data

  receive(message, unpack) {
    if (message.layout)
      this.face = { layout: message.layout, styles: message.styles };
    const { follows, number } = message;
    if (typeof follows === "number" && follows !== this.received) {
      this.panel.refresh();
      return;
    }
    this.received = number;
    this.say(this.spec.problem);
    this.plot.style.opacity = "";
    const isFirst = !this.series;
    this.series = new Series(message, unpack, this.series);
    this.legend.hide(this.series);
    this.series.prepare(this.smoothing);
    this.legend.show();
    if (!this.panel.pointed) this.showValues(null);
    this.request(isFirst || !!message.span);
  }

  request(isUrgent = false) {
    if (this.series && (this.isVisible || this.isLarge))
      scheduler.request(this, isUrgent);
    else this.isStale = true;
  }

  resmooth() {
    if (!this.series) return;
    this.series.prepare(this.smoothing);
    this.request(true);
  }

  // Readings of the machine are means already.
  get smoothing() {
    if (this.spec.system) return NO_SMOOTHING;
    return this.panelSpec?.smoothing ?? this.panel.settings.smoothing;
  }

  // What this chart's panel says, else what the workspace says of all.
  option(name) {
    return this.panelSpec?.[name] ?? this.panel.workspace?.curves[name];
  }

  get isLogY() {
    if (this.spec.system) return false;
    return this.panelSpec?.log_y ?? this.panel.settings.logY;
  }

  get isLogX() {
    return this.option("log_x") === true && this.series?.kind !== "time";
  }

  see(isVisible) {
    this.isVisible = isVisible;
    if (isVisible) this.panel.wantLibrary();
    // A card that is resized out of sight was asked to draw a moment before.
    if (!isVisible) this.isStale ||= scheduler.forget(this);
    else if (this.series && (this.isStale || !this.isDrawn)) this.request(true);
    if (isVisible) this.isStale = false;
  }

  // -- drawing

  draw() {
    const library = this.panel.library;
    if (!library || !this.series || !this.face || !this.plot.isConnected)
      return;
    this.hint.hidden = !this.series.isEmpty;
    this.plot.style.visibility = this.series.isEmpty ? "hidden" : "";
    const { offsetWidth: width, offsetHeight: height } = this.stage;
    if (!width || !height) return;
    const { focused } = this.panel;
    const { styles } = this.face;
    const traces = this.series.traces(styles, this.isLarge, focused);
    library.react(this.plot, traces, layoutOf(this, width, height), CONFIG);
    if (!this.isDrawn) {
      this.plot.on("plotly_relayout", (change) => this.relaid(change));
      this.plot.on("plotly_doubleclick", () => this.zoomOut());
    }
    this.isDrawn = true;
    this.stage.setAttribute("aria-label", this.spoken());
    if (this.panel.pointed) this.point(this.panel.pointed);
  }

  get axisText() {
    return this.face?.layout.xaxis.title.text ?? "";
  }

  // -- values in the title bar, and the crosshair

  showValues(found) {
    const { series, spec } = this;
    if (!series) return;
    // Of many lines the values stand beside the crosshair.
    const isCrowd = series.lines.length > SHOWN_VALUES;
    const last = series.lines.map((line) => ({ y: asNumber(line.last), line }));
    const values = isCrowd ? [] : (found ?? last);
    const format = spec.system ? formatReading : formatNumber;
    const parts = values
      .filter((value) => value)
      .map(({ y, line }) => {
        const style =
          series.lines.length > 1 ? `color: ${line.colour}` : undefined;
        const isBad = typeof y === "number" && !Number.isFinite(y);
        return h("span", { style, class: isBad && "tkp-bad" }, format(y));
      });
    if (spec.unit) parts.push(h("span", { class: "tkp-place" }, spec.unit));
    const first = found?.find((value) => value);
    if (first && !isCrowd) {
      const place = formatPlace(series.kind, first.x, this.axisText);
      parts.push(h("span", { class: "tkp-place" }, place));
    }
    this.value.replaceChildren(...parts);
  }

  point(pointed) {
    this.crosshair.point(pointed);
  }

  unpoint() {
    this.crosshair.unpoint();
  }

  // -- zoom

  relaid(change) {
    const low = change["xaxis.range[0]"];
    const high = change["xaxis.range[1]"];
    if (low === undefined || high === undefined) return;
    const isDate = this.series.kind === "time";
    const number = (value) =>
      isDate ? Date.parse(`${value}Z`.replace(" ", "T")) : Number(value);
    const [from, to] = [number(low), number(high)];
    if (this.isLogX) this.zoomTo(10 ** from, 10 ** to);
    else this.zoomTo(from, to);
  }

  zoomTo(low, high) {
    this.panel.zoom(this, [low, high]);
  }

  zoomOut() {
    if (this.range) this.panel.zoom(this, null);
  }

  // Shows a stretch of the x-axis, null for all; `isAsked` asks the kernel for its points.
  setRange(range, isAsked = true) {
    this.range = range;
    this.resetButton.hidden = !range;
    if (isAsked) this.askSpan();
    this.request(true);
  }

  // Asks for the shown stretch at full fidelity; until it comes, the points at hand are shown.
  askSpan() {
    if (!this.series) return;
    const [low, high] = this.range?.map((x) => this.series.toKernel(x)) ?? [
      null,
      null,
    ];
    const width = this.isLarge ? Math.round(this.stage.offsetWidth) : null;
    this.panel.ask({ type: "zoom", chart: this.name, low, high, width });
  }

  key(event) {
    const moves = {
      ArrowLeft: -1,
      ArrowRight: 1,
      Home: -Infinity,
      End: Infinity,
    };
    if (this.pan.key(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Enter" && !this.isLarge) this.panel.enlarge(this);
    else if (event.key === "Escape" && this.range) this.zoomOut();
    else if (event.key in moves && this.series) {
      const move = moves[event.key];
      const from = this.panel.pointed?.x ?? Infinity;
      const x = Number.isFinite(move) ? this.series.step(from, move) : move;
      this.panel.pointTo(this, this.series.nearest(x) ?? x);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  spoken() {
    const values = this.series.lines.map((line) =>
      formatNumber(asNumber(line.last)),
    );
    return `${this.spec.key || this.spec.title}: ${values.join(", ")}`;
  }

  dispose() {
    this.pan.dispose();
    scheduler.forget(this);
    if (this.isDrawn) this.panel.library.purge(this.plot);
    this.node.remove();
  }
}
