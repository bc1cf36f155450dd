// Numbers, durations and times as a person reads them; tracker.figures.formats does the same.

const NON_FINITE = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

// JSON lacks NaN and the infinities: messages spell them.
export const asNumber = (value) =>
  value in NON_FINITE ? NON_FINITE[value] : value;

export function formatNumber(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9)
    return value.toLocaleString("en-US");
  if (size >= 1e4 && size < 1e9)
    return Math.round(value).toLocaleString("en-US");
  if (size >= 1e9 || size < 1e-4) {
    return value
      .toExponential(3)
      .replace(/\.?0+e/, "e")
      .replace(/e([+-])(\d)$/, "e$10$2");
  }
  return String(Number(value.toPrecision(4)));
}

const two = (number) => String(number).padStart(2, "0");

export function formatDuration(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds < 1) return `${seconds.toFixed(1)}s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86400)
    return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86400)}d ${Math.floor((whole % 86400) / 3600)}h`;
}

export function formatAgo(seconds) {
  if (seconds < 2.5) return "now";
  return `${formatDuration(seconds)} ago`;
}

export function formatRate(perSecond) {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return "";
  if (perSecond < 0.1) return `${formatNumber(perSecond * 60)} steps/min`;
  return `${formatNumber(Number(perSecond.toPrecision(3)))} steps/s`;
}

export function formatMoment(ms) {
  const moment = new Date(ms);
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

// What stands under the crosshair.
export function formatPlace(kind, x, title) {
  if (kind === "time") {
    const moment = new Date(x);
    return `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}:${two(moment.getUTCSeconds())}`;
  }
  if (kind === "relative") {
    const unit = /\((\w+)\)/.exec(title)?.[1] ?? "s";
    const seconds = x * ({ min: 60, h: 3600, days: 86400 }[unit] ?? 1);
    return formatDuration(seconds);
  }
  return `${title.toLowerCase()} ${formatNumber(x)}`;
}

export function formatReading(value, unit) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  let text = formatNumber(value);
  if (Number.isFinite(value) && !Number.isInteger(value)) {
    if (size >= 1000) text = formatNumber(Math.round(value));
    else text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
  }
  return unit ? `${text} ${unit}` : text;
}
