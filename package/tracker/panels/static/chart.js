// One chart: its card, its drawing by Plotly, its crosshair and its zoom.
import { h, iconButton, setText } from "./dom.js";
import {
  asNumber,
  formatNumber,
  formatPlace,
  formatReading,
} from "./format.js";
import { CONFIG } from "./plotly.js";
import { scheduler } from "./scheduler.js";
import { Series } from "./series.js";
import { Tip } from "./tip.js";

const SHOWN_VALUES = 4;
// A line that ends farther than this from the crosshair has no value there.
const REACH_PX = 24;
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
    this.plot = h("div", { class: "tkp-plot" });
    this.cross = h("div", { class: "tkp-cross", hidden: true });
    this.dots = h("div", { class: "tkp-dots", hidden: true });
    this.tip = new Tip();
    this.hint = h("div", { class: "tkp-hint" }, "waiting for values");
    this.stage = h(
      "div",
      {
        class: "tkp-stage",
        tabindex: "0",
        role: "img",
        onpointermove: (event) => this.pointAt(event),
        onpointerleave: () => this.panel.unpoint(),
        onkeydown: (event) => this.key(event),
        onblur: () => this.panel.unpoint(),
      },
      this.plot,
      this.cross,
      this.dots,
      this.tip.node,
      this.hint,
    );
    const bar = h("div", { class: "tkp-bar" }, this.title, this.resetButton);
    bar.append(this.value, this.largeButton);
    this.node = h("article", { class: "tkp-card" }, bar, this.stage);
  }

  // What moves along when the chart is shown large.
  get movables() {
    return [this.resetButton, this.value];
  }

  describe(spec) {
    this.spec = spec;
    setText(this.title, spec.title);
    this.title.title = spec.key || spec.title;
    this.largeButton.setAttribute("aria-label", `Show ${spec.title} large`);
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
    const isFirst = !this.series;
    this.series = new Series(message, unpack, this.series);
    this.series.prepare(this.smoothing);
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
    return this.spec.system ? NO_SMOOTHING : this.panel.settings.smoothing;
  }

  see(isVisible) {
    this.isVisible = isVisible;
    if (!isVisible) scheduler.forget(this);
    else if (this.series && (this.isStale || !this.isDrawn)) this.request(true);
    if (isVisible) this.isStale = false;
  }

  // -- drawing

  draw() {
    const library = this.panel.library;
    if (!library || !this.series || !this.face || !this.plot.isConnected)
      return;
    this.hint.hidden = !this.series.isEmpty;
    const { offsetWidth: width, offsetHeight: height } = this.stage;
    if (!width || !height) return;
    const { focused } = this.panel;
    const { styles } = this.face;
    const traces = this.series.traces(styles, this.isLarge, focused);
    library.react(this.plot, traces, this.layout(width, height), CONFIG);
    if (!this.isDrawn) {
      this.plot.on("plotly_relayout", (change) => this.relaid(change));
      this.plot.on("plotly_doubleclick", () => this.zoomOut());
    }
    this.isDrawn = true;
    this.stage.setAttribute("aria-label", this.spoken());
    if (this.panel.pointed) this.point(this.panel.pointed);
  }

  layout(width, height) {
    const { theme, settings } = this.panel;
    const { layout } = this.face;
    const isLog = settings.logY && !this.spec.system;
    const xaxis = {
      ...layout.xaxis,
      linecolor: theme.axis,
      tickcolor: theme.axis,
      title: this.isLarge ? this.axisTitle() : { text: "" },
      nticks: Math.max(3, Math.floor(width / 70)),
      automargin: this.isLarge,
    };
    const yaxis = {
      ...layout.yaxis,
      gridcolor: theme.grid,
      type: isLog ? "log" : layout.yaxis.type,
      fixedrange: true,
    };
    if (this.range) {
      Object.assign(xaxis, { range: [...this.range], autorange: false });
      const limits =
        layout.yaxis.range ?? this.series.limits(...this.range, isLog);
      if (limits) Object.assign(yaxis, { range: limits, autorange: false });
    }
    return {
      ...layout,
      xaxis,
      yaxis,
      width,
      height,
      font: { ...layout.font, color: theme.text, family: theme.font },
      dragmode: "zoom",
      hovermode: false,
      showlegend: false,
      margin: {
        ...layout.margin,
        t: 6,
        r: 12,
        l: 8,
        b: this.isLarge ? 12 : 21,
      },
    };
  }

  axisTitle() {
    const { title } = this.face.layout.xaxis;
    return this.series.kind === "time" ? { ...title, text: "Time" } : title;
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

  pointAt(event) {
    const axis = this.plot._fullLayout?.xaxis;
    if (!axis) return;
    const offset =
      event.clientX - this.plot.getBoundingClientRect().left - axis._offset;
    if (offset < -4 || offset > axis._length + 4) {
      this.panel.unpoint();
      return;
    }
    this.panel.pointTo(
      this,
      axis.p2c(Math.min(Math.max(offset, 0), axis._length)),
    );
  }

  // Shows the crosshair at a place that some chart of the panel was pointed to.
  point({ x, axis: shared, chart }) {
    const isPointedAt = chart === this;
    const layout = this.plot._fullLayout;
    if (!layout || !this.series || shared !== this.axisText || !this.isDrawn)
      return;
    const { xaxis, yaxis } = layout;
    const reach = Math.abs(xaxis.p2c(REACH_PX) - xaxis.p2c(0));
    const found = this.series.at(x, reach);
    const near = this.series.nearest(x);
    if (near === null) return;
    const left = xaxis._offset + xaxis.c2p(near);
    const isInside =
      left >= xaxis._offset - 1 && left <= xaxis._offset + xaxis._length + 1;
    this.cross.hidden = this.dots.hidden = !isInside;
    this.cross.style.transform = `translateX(${left}px)`;
    this.cross.style.top = `${yaxis._offset}px`;
    this.cross.style.height = `${yaxis._length}px`;
    const dots = found.map((value) => {
      if (!value || !Number.isFinite(value.y)) return null;
      const top = yaxis._offset + yaxis.c2p(value.y);
      const place = `translate(${xaxis._offset + xaxis.c2p(value.x)}px, ${top}px)`;
      const style = `transform: ${place}; background: ${value.line.colour}`;
      return Number.isFinite(top) ? h("i", { style }) : null;
    });
    this.dots.replaceChildren(...dots.filter(Boolean));
    if (found.length > 1 && isPointedAt) this.showTip(found, left);
    else this.tip.hide();
    this.showValues(found);
  }

  showTip(found, left) {
    const { offsetWidth: width } = this.stage;
    const { kind } = this.series;
    const { unit } = this.spec;
    this.tip.show(found, { kind, axis: this.axisText, unit, left, width });
  }

  unpoint() {
    this.tip.hide();
    if (this.cross.hidden && this.dots.hidden) return;
    this.cross.hidden = this.dots.hidden = true;
    this.showValues(null);
  }

  // -- zoom

  relaid(change) {
    const low = change["xaxis.range[0]"];
    const high = change["xaxis.range[1]"];
    if (low === undefined || high === undefined) return;
    const isDate = this.series.kind === "time";
    const number = (value) =>
      isDate ? Date.parse(`${value}Z`.replace(" ", "T")) : Number(value);
    this.zoomTo(number(low), number(high));
  }

  zoomTo(low, high) {
    this.range = [low, high];
    this.resetButton.hidden = false;
    this.askSpan();
    this.request(true);
  }

  zoomOut() {
    if (!this.range) return;
    this.range = null;
    this.resetButton.hidden = true;
    this.askSpan();
    this.request(true);
  }

  // Asks for the shown stretch at full fidelity; until it comes, the points at hand are shown.
  askSpan() {
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
    scheduler.forget(this);
    if (this.isDrawn) this.panel.library.purge(this.plot);
    this.node.remove();
  }
}
