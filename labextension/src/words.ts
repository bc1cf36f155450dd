/** Durations and distances in time as people read them. This file knows no DOM. */

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** Write a duration with its two largest units, as `format_duration` does in Python. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) {
    return '–';
  }
  if (seconds < 1) {
    return `${seconds.toFixed(1)}s`;
  }
  const whole = Math.floor(seconds);
  if (whole < MINUTE_S) {
    return `${String(whole)}s`;
  }
  if (whole < HOUR_S) {
    return `${String(Math.floor(whole / MINUTE_S))}m ${padded(whole % MINUTE_S)}s`;
  }
  if (whole < DAY_S) {
    return `${String(Math.floor(whole / HOUR_S))}h ${padded(Math.floor((whole % HOUR_S) / MINUTE_S))}m`;
  }
  return `${String(Math.floor(whole / DAY_S))}d ${String(Math.floor((whole % DAY_S) / HOUR_S))}h`;
}

/** Write how long ago a moment was. */
export function formatAgo(ms: number, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - ms) / 1000);
  if (seconds < MINUTE_S) {
    return 'just now';
  }
  if (seconds < HOUR_S) {
    return `${String(Math.floor(seconds / MINUTE_S))} min ago`;
  }
  if (seconds < DAY_S) {
    return `${String(Math.floor(seconds / HOUR_S))} h ago`;
  }
  const days = Math.floor(seconds / DAY_S);
  return days === 1 ? 'yesterday' : `${String(days)} days ago`;
}

export function formatCount(count: number, one: string, many: string): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

/** Split a name before the number at its end, which tells runs apart where there is little room. */
export function splitTail(name: string): [string, string] {
  const tail = /-\d{1,6}$/.exec(name)?.[0] ?? '';
  return [name.slice(0, name.length - tail.length), tail];
}

function padded(number: number): string {
  return String(number).padStart(2, '0');
}
