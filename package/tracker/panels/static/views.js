// A panel that is not a chart: its card, and what is drawn into it by the renderer of its kind.
//
// A renderer is a function (stage, view) that returns { update(content, buffers), resize(),
// retheme(), chosen(ids), dispose() }, of which only `update` must be there. `view.ask({…})` asks the kernel's
// class of this kind something; the answer comes as another `update`.
import { h, iconButton, setText } from "./dom.js";
import { figureRenderer, parallelRenderer } from "./figure.js";
import { lineageRenderer } from "./lineage.js";
import { markup } from "./markup.js";
import { mediaRenderer } from "./media.js";
import { scheduler } from "./scheduler.js";
import { codeRenderer, comparerRenderer, consoleRenderer } from "./viewers.js";

const RENDERERS = {
  plotly: figureRenderer,
  parallel: parallelRenderer,
  html: htmlRenderer,
  lineage: lineageRenderer,
  comparer: comparerRenderer,
  console: consoleRenderer,
  code: codeRenderer,
  media: mediaRenderer,
};

export class View {
  constructor(spec, panel) {
    this.panel = panel;
    this.name = spec.id;
    this.isVisible = false;
    this.isLarge = false;
    this.title = h("span", { class: "tkp-title" });
    this.tools = h("span", { class: "tkp-tools" });
    this.hint = h("div", { class: "tkp-hint" }, "reading …");
    this.place = h("div", { class: "tkp-view" });
    this.stage = h("div", { class: "tkp-stage tkp-view-stage" });
    this.stage.append(this.place, this.hint);
    this.largeButton = iconButton("expand", "Enlarge", () =>
      panel.enlarge(this),
    );
    this.bar = h(
      "div",
      { class: "tkp-bar" },
      this.title,
      this.tools,
      this.largeButton,
    );
    this.node = h("article", { class: "tkp-card" }, this.bar, this.stage);
    this.describe(spec);
  }

  describe(spec) {
    this.spec = spec;
    setText(this.title, spec.title || spec.kind);
    this.title.title = spec.title || spec.kind;
  }

  // What moves along when the panel is shown large.
  get movables() {
    return [this.tools];
  }

  // What the search for panels looks at.
  get searchText() {
    return `${this.spec.title ?? ""} ${this.spec.kind}`;
  }

  ask(question) {
    this.panel.ask({ type: "ask", panel: this.name, ...question });
  }

  working() {
    this.node.setAttribute("aria-busy", "true");
    setText(this.hint, "working it out …");
    this.hint.hidden = !!this.content;
    this.bar.classList.add("tkp-working");
  }

  receive({ renderer, content }, buffers) {
    this.node.removeAttribute("aria-busy");
    this.bar.classList.remove("tkp-working");
    if (renderer === undefined) return;
    if (renderer === "trouble") {
      this.clear();
      setText(this.hint, content.text);
      this.hint.hidden = false;
      return;
    }
    if (renderer !== this.rendererName) this.clear();
    this.rendererName = renderer;
    this.content = [content, buffers];
    this.hint.hidden = true;
    this.request(true);
  }

  request(isUrgent = false) {
    if (this.content && (this.isVisible || this.isLarge))
      scheduler.request(this, isUrgent);
    else this.isStale = true;
  }

  see(isVisible) {
    this.isVisible = isVisible;
    // A card that is resized out of sight was asked to draw a moment before.
    if (!isVisible) this.isStale ||= scheduler.forget(this);
    else if (this.content && (this.isStale || !this.renderer))
      this.request(true);
    if (isVisible) this.isStale = false;
  }

  draw() {
    if (!this.content || !this.node.isConnected) return;
    const make = RENDERERS[this.rendererName];
    if (!make) {
      setText(this.hint, `This page cannot draw ${this.rendererName}.`);
      this.hint.hidden = false;
      return;
    }
    this.renderer ??= make(this.place, this);
    if (this.drawn !== this.content) this.renderer.update(...this.content);
    else this.renderer.resize?.();
    this.drawn = this.content;
  }

  retheme() {
    this.renderer?.retheme?.();
  }

  choose(ids) {
    this.renderer?.chosen?.(ids);
  }

  clear() {
    this.renderer?.dispose?.();
    this.renderer = this.content = this.drawn = undefined;
    this.place.replaceChildren();
  }

  dispose() {
    scheduler.forget(this);
    this.clear();
    this.node.remove();
  }
}

function htmlRenderer(stage) {
  stage.classList.add("tkp-html");
  return { update: ({ html }) => stage.replaceChildren(markup(html)) };
}
