// One image with its caption, and the boxes and masks that lie over it.
import { h, setText } from "./dom.js";

const COLOURS = [
  "#3b82f6",
  "#eba728",
  "#c6307c",
  "#35a37b",
  "#9d4cb8",
  "#e0603a",
  "#5bb7d8",
  "#b4a10d",
  "#e58ac0",
  "#7f8cff",
];
const MASK_ALPHA = 120;
// Without a thumbnail a larger file is asked for in a small form first.
const ENOUGH_BYTES = 64 * 1024;

// Loads the pictures that come near the screen.
export class Watcher {
  constructor(root) {
    this.pictures = new WeakMap();
    this.observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries)
          this.pictures.get(target)?.see(isIntersecting);
      },
      { root, rootMargin: "200px" },
    );
  }

  watch(picture) {
    this.pictures.set(picture.node, picture);
    this.observer.observe(picture.node);
  }

  unwatch(picture) {
    this.observer.unobserve(picture.node);
  }

  dispose() {
    this.observer.disconnect();
  }
}

export class Picture {
  // `look` says what lies over images: { hidden: Set of class ids, least: score, names }.
  constructor(files, look, onOpen) {
    this.files = files;
    this.look = look;
    this.isSeen = false;
    this.image = h("img", { alt: "", draggable: "false" });
    this.image.addEventListener("load", () => {
      this.frame.classList.remove("tkm-loading");
      this.seen = this.coming;
      this.overlay();
    });
    this.canvas = h("canvas", { class: "tkm-over", hidden: true });
    this.frame = h(
      "button",
      {
        class: "tkm-frame tkm-loading",
        type: "button",
        onclick: () => onOpen?.(this),
      },
      this.image,
      this.canvas,
    );
    this.caption = h("figcaption", {});
    this.node = h("figure", { class: "tkm-picture" }, this.frame, this.caption);
  }

  show(item, label, size) {
    const isSame = this.item?.sha === item.sha;
    this.item = item;
    this.size = size;
    const text = [item.caption, label].filter(Boolean).join(" · ");
    setText(this.caption, text);
    this.caption.title = text;
    this.image.alt = item.caption || label || "image";
    const ratio = item.width && item.height ? item.width / item.height : 1;
    const scale = Math.min(size / Math.max(ratio, 1), size);
    this.frame.style.width = `${Math.max(8, Math.round(ratio >= 1 ? size : size * ratio))}px`;
    this.frame.style.height = `${Math.max(8, Math.round(scale))}px`;
    this.node.style.width = `${size}px`;
    // Few pixels are to be seen as what they are.
    const isCoarse =
      item.width && size / Math.max(item.width, item.height) >= 1.5;
    this.image.classList.toggle("tkm-coarse", !!isCoarse);
    if (!isSame) {
      this.frame.classList.add("tkm-loading");
      this.frame.removeAttribute("data-trouble");
      this.shown = null;
    }
    if (this.isSeen) this.load();
    if (isSame && this.seen) {
      this.seen = item;
      this.overlay();
    }
  }

  see(isSeen) {
    this.isSeen = isSeen;
    if (isSeen) this.load();
  }

  // The small form where it is large enough, else the file itself.
  get name() {
    const { sha, thumb, size, width, height } = this.item;
    const pixels = this.size * (globalThis.devicePixelRatio ?? 1);
    const isSmall = Math.max(width ?? 0, height ?? 0) <= 200;
    if (thumb && (pixels <= thumb.width * 1.6 || this.isThumbFirst))
      return thumb.sha;
    if (!thumb && size > ENOUGH_BYTES && !isSmall && pixels <= 320)
      return `${sha}/thumb`;
    return sha;
  }

  async load() {
    const { name, item } = this;
    if (this.shown === name) return;
    this.shown = name;
    const format = name === item.thumb?.sha ? item.thumb.format : item.format;
    // What lies over an image comes with it, not a moment later.
    const masks = (item.masks ?? []).map(({ sha }) =>
      this.files.get(sha, "png").catch(() => null),
    );
    try {
      const [{ url }] = await Promise.all([
        this.files.get(name, format),
        ...masks,
      ]);
      if (this.shown !== name) return;
      this.coming = item;
      this.image.src = url;
    } catch (error) {
      if (this.shown !== name) return;
      this.frame.dataset.trouble = error.message;
      this.frame.classList.remove("tkm-loading");
    }
  }

  // -- boxes and masks

  async overlay() {
    const { seen: item = {}, canvas } = this;
    const hasAny = item.boxes?.length || item.masks?.length;
    canvas.hidden = !hasAny;
    if (!hasAny) return;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const masks = await Promise.all(
      (item.masks ?? []).map((mask) => this.mask(mask)),
    );
    if (turn !== this.turn) return;
    const ratio = globalThis.devicePixelRatio ?? 1;
    const width = (canvas.width = Math.round(this.frame.clientWidth * ratio));
    const height = (canvas.height = Math.round(
      this.frame.clientHeight * ratio,
    ));
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    for (const mask of masks)
      if (mask) context.drawImage(mask, 0, 0, width, height);
    for (const box of item.boxes ?? [])
      this.drawBox(context, box, width, height, ratio);
  }

  drawBox(context, box, width, height, ratio) {
    const { hidden, least } = this.look;
    if (hidden.has(classKey(box.label, box.class))) return;
    if (
      box.scores.length &&
      Math.max(...box.scores.map(([, score]) => score)) < least
    )
      return;
    const [left, top, wide, high] = box.place;
    const colour = colourOf(box.class);
    context.lineWidth = 2 * ratio;
    context.strokeStyle = colour;
    context.strokeRect(left * width, top * height, wide * width, high * height);
    if (width < 90 * ratio) return;
    const words = box.caption || box.label;
    if (!words) return;
    context.font = `${11 * ratio}px system-ui, sans-serif`;
    const text = words.slice(0, 40);
    const span = context.measureText(text).width + 6 * ratio;
    const x = Math.max(0, Math.min(left * width, width - span));
    const y = Math.max(0, top * height - 15 * ratio);
    context.fillStyle = colour;
    context.fillRect(x, y, span, 15 * ratio);
    context.fillStyle = "#fff";
    context.fillText(text, x + 3 * ratio, y + 11 * ratio);
  }

  // Paints each pixel in the colour of its class; class 0 only where it has a name.
  async mask({ sha, labels }) {
    const file = await this.files.get(sha, "png").catch(() => null);
    if (!file) return null;
    const bitmap = await createImageBitmap(file.blob, {
      colorSpaceConversion: "none",
    });
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const picture = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const { data } = picture;
    const palette = new Map();
    for (let at = 0; at < data.length; at += 4) {
      const number = data[at];
      let colour = palette.get(number);
      if (colour === undefined) {
        const label = labels[number] ?? String(number);
        const isShown =
          (number || labels[0] !== undefined) &&
          !this.look.hidden.has(classKey(label, String(number)));
        colour = isShown ? rgb(colourOf(String(number))) : null;
        palette.set(number, colour);
      }
      if (colour) data.set([...colour, MASK_ALPHA], at);
      else data[at + 3] = 0;
    }
    context.putImageData(picture, 0, 0);
    return canvas;
  }
}

// Every class that lies over some images: key -> { label, colour }.
export function classesOf(items) {
  const found = new Map();
  const add = (label, id) => {
    const key = classKey(label, id);
    if (!found.has(key))
      found.set(key, { label: label || id, colour: colourOf(id) });
  };
  let hasScores = false;
  for (const item of items) {
    for (const box of item.boxes ?? []) {
      add(box.label, box.class);
      hasScores ||= box.scores.length > 0;
    }
    for (const mask of item.masks ?? [])
      for (const [id, label] of Object.entries(mask.labels)) add(label, id);
  }
  return { classes: found, hasScores };
}

export function classKey(label, id) {
  return label || id;
}

function colourOf(id) {
  let number = Number(id);
  if (!Number.isInteger(number) || number < 0) {
    number = 7;
    for (const letter of id)
      number = (number * 31 + letter.charCodeAt(0)) % 9973;
  }
  return COLOURS[number % COLOURS.length];
}

function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
