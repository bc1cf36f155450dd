// The arithmetic of tracker.figures.smoothing, in the browser, so that the slider answers at once.

const VIEWPORT_SCALE = 1000;
const MAX_WEIGHT = 0.999;
const MAX_SIGMA = 0.1;
const MAX_WINDOW = 101;

export const KINDS = {
  none: "None",
  "time-weighted": "Time-weighted EMA",
  exponential: "EMA",
  gaussian: "Gaussian",
  average: "Running average",
};

export function smooth(kind, amount, x, y) {
  if (kind === "none") return runningAverage(y, 1);
  if (kind === "exponential") return exponential(y, amount);
  if (kind === "gaussian") return gaussian(x, y, amount * MAX_SIGMA);
  if (kind === "average") {
    return runningAverage(
      y,
      1 + 2 * roundHalfEven((amount * (MAX_WINDOW - 1)) / 2),
    );
  }
  return timeWeighted(x, y, amount);
}

function timeWeighted(x, y, weight) {
  const base = Math.min(Math.sqrt(weight), MAX_WEIGHT);
  const span = x.length ? x[x.length - 1] - x[0] : 0;
  const result = new Float64Array(y.length).fill(NaN);
  let last = 0;
  let total = 0;
  let before = x[0];
  for (let i = 0; i < y.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    const share = span
      ? base ** (((x[i] - before) / span) * VIEWPORT_SCALE)
      : 1;
    last = last * share + y[i];
    total = total * share + 1;
    result[i] = last / total;
    before = x[i];
  }
  return result;
}

function exponential(y, given) {
  const weight = Math.min(given, MAX_WEIGHT);
  const result = new Float64Array(y.length).fill(NaN);
  let last = 0;
  let unbias = 1;
  for (let i = 0; i < y.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    last = last * weight + (1 - weight) * y[i];
    unbias *= weight;
    result[i] = last / (1 - unbias);
  }
  return result;
}

function gaussian(x, y, sigma) {
  const result = new Float64Array(y.length).fill(NaN);
  const good = finitePlaces(y);
  if (!good.length) return result;
  const width = sigma * (x[good[good.length - 1]] - x[good[0]]);
  let start = 0;
  let end = 0;
  good.forEach((place, i) => {
    if (width <= 0) {
      result[place] = y[place];
      return;
    }
    while (x[good[start]] < x[place] - 3 * width) start++;
    end = Math.max(end, i);
    while (end < good.length && x[good[end]] <= x[place] + 3 * width) end++;
    let sum = 0;
    let weights = 0;
    for (let j = start; j < end; j++) {
      const weight = Math.exp(-0.5 * ((x[good[j]] - x[place]) / width) ** 2);
      weights += weight;
      sum += weight * y[good[j]];
    }
    result[place] = sum / weights;
  });
  return result;
}

function runningAverage(y, window) {
  const result = new Float64Array(y.length).fill(NaN);
  const good = finitePlaces(y);
  const half = Math.floor(window / 2);
  good.forEach((place, i) => {
    const first = Math.max(0, i - half);
    const last = Math.min(good.length - 1, i + half);
    let sum = 0;
    for (let j = first; j <= last; j++) sum += y[good[j]];
    result[place] = sum / (last - first + 1);
  });
  return result;
}

function finitePlaces(y) {
  const places = [];
  for (let i = 0; i < y.length; i++) if (Number.isFinite(y[i])) places.push(i);
  return places;
}

function roundHalfEven(number) {
  const floor = Math.floor(number);
  const rest = number - floor;
  if (rest !== 0.5) return Math.round(number);
  return floor % 2 ? floor + 1 : floor;
}
