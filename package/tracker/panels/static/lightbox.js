// One image over the whole page, with those before and after it.
import { h, iconButton, setText } from "./dom.js";
import { Picture } from "./picture.js";

export class Lightbox {
  constructor(files, look, pictures, first) {
    this.pictures = pictures;
    this.at = Math.max(0, pictures.indexOf(first));
    this.picture = new Picture(files, look, () => this.toggleZoom());
    this.picture.isSeen = true;
    this.text = h("span", { class: "tkm-light-text" });
    const turn = (by, text) =>
      h(
        "button",
        { class: "tkp-toggle", type: "button", onclick: () => this.turn(by) },
        text,
      );
    this.bar = h(
      "div",
      { class: "tkp-bar" },
      this.text,
      turn(-1, "← previous"),
      turn(1, "next →"),
      iconButton("close", "Close", () => this.close()),
    );
    this.stage = h("div", { class: "tkm-light-stage" }, this.picture.frame);
    this.node = h(
      "dialog",
      {
        class: "tkp tkp-dialog tkm-light",
        "data-lm-suppress-shortcuts": "true",
      },
      this.bar,
      this.stage,
    );
    this.node.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) this.turn(by);
    });
    this.node.addEventListener("close", () => this.node.remove());
  }

  open() {
    this.node.showModal();
    this.show();
  }

  close() {
    if (this.node.open) this.node.close();
  }

  turn(by) {
    const count = this.pictures.length;
    this.at = (this.at + by + count) % count;
    this.show();
  }

  toggleZoom() {
    this.isLarge = !this.isLarge;
    this.show();
  }

  show() {
    const { item, cell } = this.pictures[this.at];
    const { clientWidth, clientHeight } = this.stage;
    const ratio = item.width && item.height ? item.width / item.height : 1;
    const fit = Math.min(
      clientWidth - 24,
      (clientHeight - 24) * Math.max(ratio, 1),
    );
    const own = Math.max(item.width ?? 0, item.height ?? 0);
    const size = this.isLarge ? Math.max(own, fit * 2) : Math.max(fit, 64);
    this.picture.show(item, "", size);
    const facts = [
      item.caption,
      cell && `${cell.run.name}, step ${cell.cell.step}`,
      item.width && `${item.width} × ${item.height}`,
      this.pictures.length > 1 && `${this.at + 1} of ${this.pictures.length}`,
    ];
    setText(this.text, facts.filter(Boolean).join(" · "));
    this.overlay();
  }

  overlay() {
    this.picture.overlay();
  }
}
