// Figures, pages and texts that the kernel has drawn, one beside the other.
import { h, keep, setText } from "./dom.js";
import { CONFIG } from "./plotly.js";
import { themed } from "./theme.js";

const FIGURE_CONFIG = {
  ...CONFIG,
  doubleClick: "reset+autosize",
  scrollZoom: "gl3d",
};

// Axes, their titles and a scale of colours.
const AROUND_PX = 80;
const LEAST_PX = 6.5;

export class Figures {
  constructor(panel, root) {
    this.panel = panel;
    this.root = root;
    this.items = new Map();
  }

  render(content, buffers, body) {
    body.className = "tkm-media-body tkm-heavy";
    const names = new Map(content.runs.map(({ id, name }) => [id, name]));
    const shown = new Set();
    const nodes = content.cells.flatMap((cell) =>
      cell.items.map((item, index) => {
        const key = `${cell.run}/${index}/${item.view}`;
        shown.add(key);
        const label = content.runs.length > 1 ? names.get(cell.run) : "";
        const large =
          item.large === undefined ? "" : decode(buffers[item.large]);
        return this.item(key, item, large, [label, item.caption, item.note]);
      }),
    );
    for (const [key, { place }] of this.items)
      if (!shown.has(key)) {
        this.unplot(place);
        this.items.delete(key);
      }
    body.style.setProperty("--tkp-heavy", nodes.length > 1 ? 2 : 1);
    const text = `and ${content.more} more: hide some runs to see them`;
    if (content.more) nodes.push(h("p", { class: "tkm-more" }, text));
    keep(body, nodes);
  }

  item(key, item, large, words) {
    let known = this.items.get(key);
    if (!known) {
      known = {
        place: h("div", { class: `tkm-${item.view}` }),
        caption: h("figcaption", {}),
      };
      const { place, caption } = known;
      known.node = h("figure", { class: "tkm-heavy-item" }, place, caption);
      this.items.set(key, known);
    }
    const text = words.filter(Boolean).join(" · ");
    setText(known.caption, text);
    known.caption.title = text;
    known.caption.hidden = !text;
    if (known.large === large && known.text === item.text) return known.node;
    Object.assign(known, { large, text: item.text });
    if (item.view === "figure") this.plot(known.place, large);
    else if (item.view === "page")
      known.place.replaceChildren(frame(large, item.scripts));
    else setText(known.place, item.view === "text" ? large : item.text);
    return known.node;
  }

  plot(node, text) {
    const { library } = this.panel;
    node.dataset.figure = "";
    node.figure = text;
    this.panel.wantLibrary();
    if (!library) return;
    let figure;
    try {
      figure = JSON.parse(text);
    } catch {
      setText(node, "The figure is damaged.");
      return;
    }
    requestAnimationFrame(() => this.draw(node, figure));
  }

  draw(node, figure) {
    const { library, theme } = this.panel;
    const { offsetWidth: width, offsetHeight: height } = node;
    if (!width || !height || !node.isConnected) return;
    const { scene } = figure.layout ?? {};
    const layout = { ...themed(figure.layout, theme), width, height };
    delete layout.template;
    // A title needs room, which the card leaves none for.
    if (layout.title?.text) layout.margin = { ...layout.margin, t: 34 };
    if (scene) layout.scene = { ...scene, bgcolor: "rgba(0,0,0,0)" };
    const data = figure.data?.map((trace) => legible(trace, width, height));
    library.react(node, data, layout, FIGURE_CONFIG);
  }

  unplot(node) {
    if (node.figure) this.panel.library?.purge(node);
  }

  replot() {
    for (const node of this.root.querySelectorAll("[data-figure]"))
      if (node.figure) this.plot(node, node.figure);
  }

  dispose() {
    for (const node of this.root.querySelectorAll("[data-figure]"))
      this.unplot(node);
  }
}

// Plotly writes into the cells of a heat map however small it has to: words that nobody could
// read are left to the pointer.
export function legible(trace, width, height) {
  if (trace.type !== "heatmap" || !trace.texttemplate) return trace;
  const rows = trace.text ?? [];
  const longest = Math.max(1, ...rows.flat().map((text) => `${text}`.length));
  const across = (width - AROUND_PX) / (rows[0]?.length || 1) / longest / 0.62;
  const size = Math.min(
    12,
    across,
    ((height - AROUND_PX) / rows.length) * 0.72,
  );
  if (size < LEAST_PX)
    return { ...trace, texttemplate: undefined, xgap: 0, ygap: 0 };
  return { ...trace, textfont: { ...trace.textfont, size } };
}

// A page of unknown origin, in a frame of its own: without this page's origin, network and forms.
function frame(text, hasScripts) {
  return h("iframe", {
    class: "tkm-page-frame",
    sandbox: hasScripts ? "allow-scripts" : "",
    referrerpolicy: "no-referrer",
    title: "logged page",
    srcdoc: text,
  });
}

export function decode(buffer) {
  return new TextDecoder().decode(buffer);
}
