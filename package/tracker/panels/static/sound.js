// One sound: its waveform, its spectrogram, and a player.
import { h, setText } from "./dom.js";

const [LOWEST_RATE, RATE, HIGHEST_RATE] = [3000, 44100, 192000];
const COLUMNS = 400;
const WINDOW = 512;

export class Sound {
  constructor(files) {
    this.files = files;
    this.player = h("audio", { controls: true, preload: "metadata" });
    this.wave = h("canvas", {
      class: "tkm-wave",
      width: COLUMNS * 2,
      height: 80,
    });
    this.spectrum = h("canvas", {
      class: "tkm-spectrum",
      width: COLUMNS,
      height: WINDOW / 2,
    });
    this.head = h("i", { class: "tkm-playhead" });
    this.stage = h(
      "div",
      { class: "tkm-sound-stage" },
      this.wave,
      this.spectrum,
      this.head,
    );
    this.stage.addEventListener("pointerdown", (event) => this.seek(event));
    this.player.addEventListener("timeupdate", () => this.place());
    this.caption = h("figcaption", {});
    this.node = h(
      "figure",
      { class: "tkm-sound" },
      this.stage,
      this.player,
      this.caption,
    );
  }

  show(item, label) {
    const seconds =
      item.duration_s === undefined ? "" : `${item.duration_s.toFixed(2)} s`;
    setText(
      this.caption,
      [item.caption, label, seconds].filter(Boolean).join(" · "),
    );
    if (this.item?.sha === item.sha) return;
    this.item = item;
    if (this.isSeen) this.load();
  }

  see(isSeen) {
    this.isSeen = isSeen;
    if (isSeen) this.load();
  }

  async load() {
    const { item } = this;
    if (this.loaded === item.sha) return;
    this.loaded = item.sha;
    try {
      const { url, blob } = await this.files.get(
        `${item.sha}/sound`,
        item.format,
      );
      if (this.item !== item) return;
      this.player.src = url;
      const context = new OfflineAudioContext(1, 1, rateOf(item));
      const sound = await context.decodeAudioData(await blob.arrayBuffer());
      if (this.item !== item) return;
      this.duration = sound.duration;
      const samples = sound.getChannelData(0);
      drawWave(
        this.wave,
        samples,
        getComputedStyle(this.node).getPropertyValue("--tkp-accent"),
      );
      drawSpectrum(this.spectrum, samples);
    } catch (error) {
      this.stage.dataset.trouble = `This browser cannot read the sound: ${error.message}`;
    }
  }

  seek(event) {
    if (!this.duration) return;
    const { left, width } = this.stage.getBoundingClientRect();
    this.player.currentTime = (this.duration * (event.clientX - left)) / width;
    this.place();
  }

  place() {
    const share = this.duration ? this.player.currentTime / this.duration : 0;
    this.head.style.left = `${100 * share}%`;
  }

  dispose() {
    this.player.pause();
    this.player.removeAttribute("src");
  }
}

// Its own rate where it is known: the spectrogram then ends at the highest pitch there can be.
function rateOf({ sample_rate: rate = RATE }) {
  return Math.min(Math.max(rate, LOWEST_RATE), HIGHEST_RATE);
}

// Draws the least and the largest sample of each column.
function drawWave(canvas, samples, colour) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  context.fillStyle = colour || "#3b82f6";
  for (let column = 0; column < width; column++) {
    const first = Math.floor((column * samples.length) / width);
    const last = Math.max(
      first + 1,
      Math.floor(((column + 1) * samples.length) / width),
    );
    let low = 1;
    let high = -1;
    for (let at = first; at < last; at++) {
      if (samples[at] < low) low = samples[at];
      if (samples[at] > high) high = samples[at];
    }
    const top = ((1 - high) / 2) * height;
    context.fillRect(column, top, 1, Math.max(1, ((high - low) / 2) * height));
  }
}

// Draws how loud each pitch is over time, in decibels, low pitches below.
function drawSpectrum(canvas, samples) {
  const context = canvas.getContext("2d");
  const half = WINDOW / 2;
  const columns = Math.max(
    1,
    Math.min(COLUMNS, Math.floor(samples.length / (half / 2))),
  );
  canvas.width = columns;
  const picture = context.createImageData(columns, half);
  const real = new Float32Array(WINDOW);
  const imaginary = new Float32Array(WINDOW);
  for (let column = 0; column < columns; column++) {
    const start = Math.floor(
      (column / columns) * Math.max(0, samples.length - WINDOW),
    );
    for (let at = 0; at < WINDOW; at++) {
      const shape = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / (WINDOW - 1));
      real[at] = (samples[start + at] ?? 0) * shape;
      imaginary[at] = 0;
    }
    transform(real, imaginary);
    for (let pitch = 0; pitch < half; pitch++) {
      const power = (real[pitch] ** 2 + imaginary[pitch] ** 2) / (half * half);
      const share = Math.min(
        Math.max((10 * Math.log10(power + 1e-12) + 90) / 90, 0),
        1,
      );
      picture.data.set(
        shade(share),
        4 * ((half - 1 - pitch) * columns + column),
      );
    }
  }
  context.putImageData(picture, 0, 0);
}

// The fast Fourier transform, in place; the length is a power of two.
export function transform(real, imaginary) {
  const length = real.length;
  for (let at = 1, other = 0; at < length; at++) {
    let bit = length >> 1;
    for (; other & bit; bit >>= 1) other ^= bit;
    other ^= bit;
    if (at < other) {
      [real[at], real[other]] = [real[other], real[at]];
      [imaginary[at], imaginary[other]] = [imaginary[other], imaginary[at]];
    }
  }
  for (let size = 2; size <= length; size <<= 1) {
    const angle = (-2 * Math.PI) / size;
    for (let start = 0; start < length; start += size) {
      for (let at = 0; at < size / 2; at++) {
        const [cos, sin] = [Math.cos(angle * at), Math.sin(angle * at)];
        const [a, b] = [start + at, start + at + size / 2];
        const turnedReal = real[b] * cos - imaginary[b] * sin;
        const turnedImaginary = real[b] * sin + imaginary[b] * cos;
        real[b] = real[a] - turnedReal;
        imaginary[b] = imaginary[a] - turnedImaginary;
        real[a] += turnedReal;
        imaginary[a] += turnedImaginary;
      }
    }
  }
}

// Dark blue through red to pale yellow.
function shade(share) {
  const stops = [
    [4, 5, 28],
    [78, 15, 108],
    [183, 47, 92],
    [245, 124, 50],
    [252, 240, 170],
  ];
  const place = share * (stops.length - 1);
  const [low, high] = [stops[Math.floor(place)], stops[Math.ceil(place)]];
  const part = place - Math.floor(place);
  return [...low.map((value, at) => value + (high[at] - value) * part), 255];
}
