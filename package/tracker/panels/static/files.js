// Files of media, by the digest of their content: asked for once, and kept for the whole page.

const MIME = {
  png: "image/png",
  jpg: "image/jpeg",
  bmp: "image/bmp",
  gif: "image/gif",
  webp: "image/webp",
  mp4: "video/mp4",
  webm: "video/webm",
  ogg: "video/ogg",
  wav: "audio/wav",
};
const MOST_BYTES = 256 * 1024 * 1024;
const AT_ONCE = 60;
const GATHER_MS = 15;

// One for all panels of the page: name -> { url, blob }.
const kept = (globalThis.trackerFiles ??= new Map());

export class Files {
  constructor(panel) {
    this.panel = panel;
    this.waiting = new Map();
    this.asked = new Set();
  }

  // Returns a promise of { url, blob }; `format` says what the file is.
  get(name, format) {
    const known = kept.get(name);
    if (known) {
      kept.delete(name);
      kept.set(name, known);
      return Promise.resolve(known);
    }
    let open = this.waiting.get(name);
    if (!open) {
      open = { format, listeners: [] };
      this.waiting.set(name, open);
      this.timer ??= setTimeout(() => this.ask(), GATHER_MS);
    }
    return new Promise((resolve, reject) =>
      open.listeners.push([resolve, reject]),
    );
  }

  // What is at hand already, without waiting.
  peek(name) {
    return kept.get(name);
  }

  ask() {
    this.timer = undefined;
    const names = [...this.waiting.keys()].filter(
      (name) => !this.asked.has(name),
    );
    for (let place = 0; place < names.length; place += AT_ONCE) {
      const part = names.slice(place, place + AT_ONCE);
      for (const name of part) this.asked.add(name);
      this.panel.link.send({ type: "files", names: part });
    }
  }

  // A new connection knows nothing of what was asked before.
  askAgain() {
    this.asked.clear();
    this.ask();
  }

  receive({ names, lost }, buffers) {
    names.forEach((name, place) => {
      const open = this.take(name);
      const type = MIME[open?.format] ?? "application/octet-stream";
      const blob = new Blob([buffers[place]], { type });
      const file = { url: URL.createObjectURL(blob), blob };
      kept.set(name, file);
      for (const [resolve] of open?.listeners ?? []) resolve(file);
    });
    for (const [name, reason] of Object.entries(lost ?? {}))
      for (const [, reject] of this.take(name)?.listeners ?? [])
        reject(new Error(reason));
    forgetOldest();
  }

  take(name) {
    const open = this.waiting.get(name);
    this.waiting.delete(name);
    this.asked.delete(name);
    return open;
  }
}

function forgetOldest() {
  let total = 0;
  for (const { blob } of kept.values()) total += blob.size;
  for (const [name, { url, blob }] of kept) {
    if (total <= MOST_BYTES) return;
    total -= blob.size;
    URL.revokeObjectURL(url);
    kept.delete(name);
  }
}
