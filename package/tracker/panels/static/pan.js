// Moves the shown stretch of a zoomed chart: by dragging with Shift, the wheel, or the keyboard.

const SETTLED_MS = 180;
const STEP = 0.2;

export class Pan {
  constructor(chart) {
    this.chart = chart;
  }

  listen(stage) {
    // Before Plotly sees it, which would begin a zoom.
    stage.addEventListener("pointerdown", (event) => this.begin(event), true);
    stage.addEventListener("mousedown", (event) => this.block(event), true);
    stage.addEventListener("wheel", (event) => this.wheel(event), {
      passive: false,
    });
  }

  get isZoomed() {
    return !!this.chart.range;
  }

  get axis() {
    return this.chart.plot._fullLayout?.xaxis;
  }

  block(event) {
    if (event.shiftKey && this.isZoomed) event.stopPropagation();
  }

  begin(event) {
    if (!event.shiftKey || !this.isZoomed || event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    const { stage } = this.chart;
    const [low, high] = this.chart.range;
    const from = event.clientX;
    stage.setPointerCapture(event.pointerId);
    const over = ({ clientX }) => {
      const share = (from - clientX) / this.axis._length;
      this.move([low, high], share);
    };
    const end = () => stage.removeEventListener("pointermove", over);
    stage.addEventListener("pointermove", over);
    stage.addEventListener("lostpointercapture", end, { once: true });
  }

  // Sideways the wheel moves, with Ctrl it zooms around the pointer.
  wheel(event) {
    if (!this.axis) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const rect = this.chart.plot.getBoundingClientRect();
      const place =
        (event.clientX - rect.left - this.axis._offset) / this.axis._length;
      this.scale(
        Math.exp(event.deltaY * 0.004),
        Math.min(Math.max(place, 0), 1),
      );
      return;
    }
    const by = event.shiftKey ? event.deltaY : event.deltaX;
    if (!this.isZoomed || Math.abs(by) < 2) return;
    event.preventDefault();
    this.move(this.chart.range, by / this.axis._length);
  }

  key(event) {
    if (!this.axis) return false;
    const moves = { ArrowLeft: -STEP, ArrowRight: STEP };
    const scales = { "+": 0.5, "=": 0.5, "-": 2 };
    if (event.shiftKey && event.key in moves && this.isZoomed)
      this.move(this.chart.range, moves[event.key]);
    else if (event.key in scales) this.scale(scales[event.key], 0.5);
    else return false;
    return true;
  }

  get shown() {
    return this.chart.range ?? this.axis.range.map((x) => this.axis.r2c(x));
  }

  // Works on logarithms where the axis does.
  changed([low, high], change) {
    const { isLogX } = this.chart;
    const to = isLogX ? Math.log10 : (x) => x;
    const back = isLogX ? (x) => 10 ** x : (x) => x;
    return change(to(low), to(high)).map(back);
  }

  move(range, share) {
    this.show(
      this.changed(range, (low, high) => {
        const by = share * (high - low);
        return [low + by, high + by];
      }),
    );
  }

  scale(factor, place) {
    this.show(
      this.changed(this.shown, (low, high) => {
        const at = low + place * (high - low);
        return [at - (at - low) * factor, at + (high - at) * factor];
      }),
    );
  }

  // The points at hand at once, those of the kernel when the hand rests.
  show(range) {
    const { chart } = this;
    if (!range.every(Number.isFinite) || range[0] >= range[1]) return;
    chart.panel.zoom(chart, range, false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (chart.range === range) chart.panel.zoom(chart, range);
    }, SETTLED_MS);
  }

  dispose() {
    clearTimeout(this.timer);
  }
}
