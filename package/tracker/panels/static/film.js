// One video: played, and moved through frame by frame.
import { h, setText } from "./dom.js";

const HINT =
  "Double click for the full screen, where its sound can be turned on";

export class Film {
  constructor(files) {
    this.files = files;
    this.place = h("div", { class: "tkm-film-stage" });
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: 0,
      step: "any",
      value: 0,
      class: "tkm-range",
      "aria-label": "Place in the video",
      hidden: true,
    });
    this.slider.addEventListener("input", () =>
      this.scrub(Number(this.slider.value)),
    );
    this.button = h(
      "button",
      {
        class: "tkm-play",
        type: "button",
        hidden: true,
        "aria-label": "Play",
        onclick: () => this.toggle(),
      },
      "▶",
    );
    this.bar = h("div", { class: "tkm-film-bar" }, this.button, this.slider);
    this.caption = h("figcaption", {});
    this.node = h(
      "figure",
      { class: "tkm-film" },
      this.place,
      this.bar,
      this.caption,
    );
  }

  show(item, label, size) {
    this.node.style.width = `${Math.max(size, 100)}px`;
    const facts = [item.caption, label, item.frames && `${item.frames} frames`];
    setText(this.caption, facts.filter(Boolean).join(" · "));
    if (this.item?.sha === item.sha) return;
    this.item = item;
    if (this.isSeen) this.load();
  }

  see(isSeen) {
    this.isSeen = isSeen;
    if (isSeen) this.load();
    else this.stop();
  }

  async load() {
    const { item } = this;
    if (this.loaded === item.sha) return;
    this.loaded = item.sha;
    this.dispose();
    try {
      const file = await this.files.get(item.sha, item.format);
      if (this.item !== item) return;
      if (item.format === "gif") await this.loadGif(item, file);
      else this.loadVideo(item, file);
    } catch (error) {
      this.place.dataset.trouble = `This browser cannot show the video: ${error.message}`;
    }
  }

  // The browser's own controls would lie over a small picture: the full screen has them.
  loadVideo(item, { url }) {
    const video = h("video", {
      src: url,
      loop: true,
      preload: "auto",
      playsinline: true,
      title: HINT,
      onclick: () => this.toggle(),
      ondblclick: () => video.requestFullscreen?.(),
    });
    video.muted = true;
    video.addEventListener("error", () => {
      this.place.dataset.trouble = "This browser cannot play the video.";
    });
    this.place.replaceChildren(video);
    this.video = video;
    // Where they are known its frames are counted, else its seconds.
    this.fps = item.frames > 1 && item.fps ? item.fps : undefined;
    this.slider.step = this.fps ? 1 : "any";
    video.addEventListener("loadedmetadata", () => {
      this.slider.max = this.fps ? item.frames - 1 : video.duration;
      this.slider.hidden = this.button.hidden = false;
      this.mark();
    });
    for (const event of ["timeupdate", "seeked", "play", "pause"])
      video.addEventListener(event, () => this.mark());
  }

  // Says where the video is, and whether it plays.
  mark() {
    const { video, fps, button } = this;
    if (!video) return;
    const place = fps ? Math.floor(video.currentTime * fps) : video.currentTime;
    this.slider.value = place;
    video.dataset.frame = String(place);
    setText(button, video.paused ? "▶" : "❚❚");
    button.setAttribute("aria-label", video.paused ? "Play" : "Pause");
  }

  // A browser plays a GIF, but lets nobody move through it: its frames are decoded here.
  async loadGif(item, { url, blob }) {
    if (!globalThis.ImageDecoder) {
      this.place.replaceChildren(
        h("img", { src: url, alt: item.caption || "video" }),
      );
      return;
    }
    const decoder = new ImageDecoder({
      data: await blob.arrayBuffer(),
      type: "image/gif",
    });
    await decoder.tracks.ready;
    await decoder.completed;
    if (this.item !== item) return;
    this.decoder = decoder;
    this.count = decoder.tracks.selectedTrack.frameCount;
    this.canvas = h("canvas", {
      role: "img",
      "aria-label": item.caption || "video",
    });
    this.place.replaceChildren(this.canvas);
    this.slider.max = this.count - 1;
    this.slider.step = 1;
    this.slider.hidden = this.button.hidden = this.count < 2;
    await this.scrub(0);
    this.canvas.dataset.frame = "0";
  }

  async scrub(where) {
    if (this.video) {
      this.video.pause();
      // The middle of a frame, for its beginning may still show the one before.
      this.video.currentTime = this.fps ? (where + 0.5) / this.fps : where;
      return;
    }
    this.frame = Math.round(where);
    const { image } = await this.decoder.decode({ frameIndex: this.frame });
    if (this.canvas.width !== image.displayWidth)
      this.canvas.width = image.displayWidth;
    if (this.canvas.height !== image.displayHeight)
      this.canvas.height = image.displayHeight;
    this.canvas.getContext("2d").drawImage(image, 0, 0);
    this.canvas.dataset.frame = String(this.frame);
    this.delayMs = (image.duration ?? 250000) / 1000;
    image.close();
  }

  toggle() {
    if (this.video) {
      if (this.video.paused) this.video.play().catch(() => {});
      else this.video.pause();
    } else if (this.timer) this.stop();
    else this.play();
  }

  play() {
    setText(this.button, "❚❚");
    const next = async () => {
      const frame = ((this.frame ?? 0) + 1) % this.count;
      await this.scrub(frame);
      this.slider.value = frame;
      if (this.timer) this.timer = setTimeout(next, this.delayMs);
    };
    this.timer = setTimeout(next, this.delayMs ?? 250);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = undefined;
    setText(this.button, "▶");
    this.video?.pause();
  }

  dispose() {
    this.stop();
    this.decoder?.close();
    this.decoder = this.video = undefined;
    this.slider.hidden = this.button.hidden = true;
    this.slider.value = 0;
    delete this.place.dataset.trouble;
  }
}
