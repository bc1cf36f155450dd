// The numbers of one chart: unpacked from a message, smoothed, looked up.
import { smooth } from "./smoothing.js";

const FAINT = 0.28;
const BACK = 0.15;

// Copies arrays out of a message's buffer, whose numbers need not lie where the machine wants them.
export function unpacker(buffers) {
  const view = buffers?.[0];
  if (!view) return () => new Float64Array(0);
  const source = view.buffer ?? view;
  const offset = view.byteOffset ?? 0;
  const bytes = source.slice(offset, offset + view.byteLength);
  return ([first, count]) => new Float64Array(bytes, first * 8, count);
}

export class Series {
  // Of arrays whose beginning is in the series before, only the rest is in the message.
  constructor(message, unpack, before) {
    this.kind = message.kind;
    this.scale = message.scale;
    this.lines = message.lines.map((line) => ({ ...line, parts: {} }));
    const shift =
      this.kind === "time" ? new Date().getTimezoneOffset() * 60000 : 0;
    for (const [number, role, placeX, placeY, from, kept] of message.parts) {
      let x = unpack(placeX);
      let y = unpack(placeY);
      // Plotly draws dates as if all the world were in Greenwich.
      if (shift) x = x.map((ms) => ms - shift);
      if (kept) {
        const old = before.lines[from].parts[role];
        x = longer(old.x, kept, x);
        y = longer(old.y, kept, y);
      }
      this.lines[number].parts[role] = { x, y };
    }
    this.shift = shift;
  }

  // The x of a curve in the kernel's units, for a place on the axis.
  toKernel(x) {
    return (x + this.shift) / this.scale;
  }

  get isEmpty() {
    return !this.lines.some((line) => Object.keys(line.parts).length);
  }

  // Works out what is drawn; cheap to call again with the same smoothing.
  prepare({ kind, amount }) {
    const isSmoothed = amount > 0 && kind !== "none";
    for (const line of this.lines) {
      const { line: raw, base, low, high } = line.parts;
      line.smooth = undefined;
      if (raw && isSmoothed) {
        const { x, y } = base ?? raw;
        line.smooth = { x, y: smooth(kind, amount, x, y) };
      }
      line.shown = line.smooth ?? raw;
      const edge = ({ x, y }) => (isSmoothed ? smooth(kind, amount, x, y) : y);
      line.band = low && high && outline(low.x, edge(low), edge(high));
    }
  }

  // Returns Plotly's traces, in the styles that came from the kernel.
  traces(styles, isLarge, focused) {
    const traces = [];
    this.lines.forEach((line, number) => {
      if (line.band && !line.isHidden)
        traces.push(trace(styles[number].band, line.band, isLarge));
    });
    this.lines.forEach((line, number) => {
      if (line.isHidden) return;
      const style = styles[number];
      const isBack = focused && line.run !== focused;
      const own = line.opacity ?? 1;
      const back = isBack ? { opacity: BACK } : own < 1 ? { opacity: own } : {};
      for (const [role, data] of Object.entries(line.parts)) {
        if (!style[role]) continue;
        const isOriginal = line.smooth && (role === "line" || role === "dots");
        const look = isOriginal ? { opacity: FAINT, ...back } : back;
        traces.push(trace(style[role], data, isLarge, look));
      }
      if (line.smooth)
        traces.push(trace(style.line, line.smooth, isLarge, back));
    });
    return traces;
  }

  // The value of each line at the point next to x; null for a line that does not reach there.
  at(x, reach) {
    return this.lines.map((line) => {
      const data = line.shown;
      if (!data?.x.length || line.isHidden) return null;
      const place = nearest(data.x, x);
      const isNear =
        this.lines.length === 1 || Math.abs(data.x[place] - x) <= reach;
      return isNear ? { x: data.x[place], y: data.y[place], line } : null;
    });
  }

  // How far a group's members spread at x, and how many there are.
  spreadAt(line, x) {
    const { low, high, count } = line.parts;
    if (!count?.x.length) return null;
    const place = nearest(count.x, x);
    return {
      low: low?.y[place],
      high: high?.y[place],
      count: count.y[place],
    };
  }

  // The x of the point of any line that is next to x.
  nearest(x) {
    let best = null;
    for (const { shown } of this.lines) {
      if (!shown?.x.length) continue;
      const found = shown.x[nearest(shown.x, x)];
      if (best === null || Math.abs(found - x) < Math.abs(best - x))
        best = found;
    }
    return best;
  }

  // The next point to the left (-1) or right (1) of x.
  step(x, direction) {
    const data = this.lines.find((line) => line.shown?.x.length)?.shown;
    if (!data) return x;
    const place = nearest(data.x, x) + direction;
    return data.x[Math.min(Math.max(place, 0), data.x.length - 1)];
  }

  // Limits of the values between two x, for the y-axis of a zoomed chart.
  //
  // With `isRobust` they are the 5th and the 95th percentile, as in W&B's "ignore outliers".
  limits(low, high, isLog, isRobust = false) {
    const values = this.valuesBetween(low, high, isLog);
    if (!values.length) return null;
    let least = Infinity;
    let most = -Infinity;
    if (isRobust) {
      values.sort((one, other) => one - other);
      [least, most] = [0.05, 0.95].map((share) => percentile(values, share));
    } else {
      for (const value of values) {
        if (value < least) least = value;
        if (value > most) most = value;
      }
    }
    if (isLog) [least, most] = [Math.log10(least), Math.log10(most)];
    const margin = (most - least) * 0.06 || Math.abs(most) * 0.1 || 0.5;
    return [least - margin, most + margin];
  }

  valuesBetween(low, high, isLog) {
    const values = [];
    for (const line of this.lines) {
      if (line.isHidden) continue;
      const { line: raw, low: bottom, high: top } = line.parts;
      for (const data of [raw, line.smooth, bottom, top]) {
        if (!data) continue;
        for (
          let i = first(data.x, low);
          i < data.x.length && data.x[i] <= high;
          i++
        ) {
          const value = data.y[i];
          if (Number.isFinite(value) && !(isLog && value <= 0))
            values.push(value);
        }
      }
    }
    return values;
  }
}

// The band between two edges as polygons with NaN between, as tracker.figures.curve.outline does.
export function outline(x, low, high) {
  const all = { x: [], y: [] };
  let start = 0;
  const isGood = (i) => Number.isFinite(low[i]) && Number.isFinite(high[i]);
  const close = (end) => {
    if (end <= start) return;
    if (all.x.length) {
      all.x.push(NaN);
      all.y.push(NaN);
    }
    for (let i = start; i < end; i++) {
      all.x.push(x[i]);
      all.y.push(high[i]);
    }
    for (let i = end - 1; i >= start; i--) {
      all.x.push(x[i]);
      all.y.push(low[i]);
    }
  };
  for (let i = 0; i < x.length; i++) {
    if (isGood(i)) continue;
    close(i);
    start = i + 1;
  }
  close(x.length);
  return all;
}

// Between values in order, as NumPy's percentile.
export function percentile(sorted, share) {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const next = sorted[Math.min(below + 1, sorted.length - 1)];
  return sorted[below] + (next - sorted[below]) * (place - below);
}

function trace(style, data, isLarge, more = {}) {
  const made = {
    ...style,
    ...more,
    x: data.x,
    y: data.y,
    hoverinfo: "skip",
    showlegend: false,
  };
  delete made.hovertemplate;
  if (isLarge && style.line) made.line = { ...style.line, width: 2 };
  return made;
}

function longer(old, kept, rest) {
  if (kept === old.length && !rest.length) return old;
  const all = new Float64Array(kept + rest.length);
  all.set(old.subarray(0, kept));
  all.set(rest, kept);
  return all;
}

function first(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nearest(sorted, value) {
  const place = first(sorted, value);
  if (place === 0) return 0;
  if (place === sorted.length) return place - 1;
  return value - sorted[place - 1] <= sorted[place] - value ? place - 1 : place;
}
