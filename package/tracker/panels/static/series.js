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
    for (const line of this.lines) {
      const raw = line.parts.line;
      line.smooth = undefined;
      if (raw && amount > 0) {
        const { x, y } = line.parts.base ?? raw;
        line.smooth = { x, y: smooth(kind, amount, x, y) };
      }
      line.shown = line.smooth ?? raw;
    }
  }

  // Returns Plotly's traces, in the styles that came from the kernel.
  traces(styles, isLarge, focused) {
    const traces = [];
    this.lines.forEach((line, number) => {
      const style = styles[number];
      const back = focused && line.run !== focused ? { opacity: BACK } : {};
      for (const [role, data] of Object.entries(line.parts)) {
        if (role === "base") continue;
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
      if (!data?.x.length) return null;
      const place = nearest(data.x, x);
      const isNear =
        this.lines.length === 1 || Math.abs(data.x[place] - x) <= reach;
      return isNear ? { x: data.x[place], y: data.y[place], line } : null;
    });
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
  limits(low, high, isLog) {
    let least = Infinity;
    let most = -Infinity;
    for (const line of this.lines) {
      for (const data of [line.parts.line, line.smooth]) {
        if (!data) continue;
        for (
          let i = first(data.x, low);
          i < data.x.length && data.x[i] <= high;
          i++
        ) {
          const value = data.y[i];
          if (!Number.isFinite(value) || (isLog && value <= 0)) continue;
          if (value < least) least = value;
          if (value > most) most = value;
        }
      }
    }
    if (least > most) return null;
    if (isLog) [least, most] = [Math.log10(least), Math.log10(most)];
    const margin = (most - least) * 0.06 || Math.abs(most) * 0.1 || 0.5;
    return [least - margin, most + margin];
  }
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
