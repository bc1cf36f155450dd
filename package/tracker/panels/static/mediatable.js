// A logged table: the kernel sorts, filters and groups, the page holds the rows on the screen.
import { h, setText } from "./dom.js";
import { formatNumber } from "./format.js";
import { Picture } from "./picture.js";
import { Sound } from "./sound.js";

const ROW = 26;
const TALL_ROW = 68;
const AHEAD = 40;
const METHODS = [
  ["pca", "PCA"],
  ["tsne", "t-SNE"],
  ["umap", "UMAP"],
];

export class MediaTable {
  // `ask` sends the kernel which part is wanted; `draw` puts a figure into an element.
  constructor(owner) {
    this.owner = owner;
    this.wish = owner.state.table ?? {};
    this.search = h("input", {
      type: "search",
      placeholder: "filter, or column: text",
      class: "tkm-field",
      "aria-label": "Filter rows",
      value: this.wish.filter ?? "",
    });
    this.search.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(
        () => this.want({ filter: this.search.value }),
        250,
      );
    });
    this.group = this.select("Group", (value) =>
      this.want({ group: value, project: null }),
    );
    this.vector = this.select("Project", (value) =>
      this.want({ project: value, group: null }),
    );
    this.method = h(
      "select",
      { class: "tkm-field", "aria-label": "Method", hidden: true },
      ...METHODS.map(([value, text]) => h("option", { value }, text)),
    );
    this.method.addEventListener("change", () =>
      this.want({ method: this.method.value }),
    );
    this.colour = this.select("Colour", (value) =>
      this.want({ colour: value }),
    );
    this.count = h("span", { class: "tkp-count" });
    this.bar = h(
      "div",
      { class: "tkm-media-bar" },
      this.search,
      this.group,
      this.vector,
      this.method,
      this.colour,
      this.count,
    );
    this.head = h("div", { class: "tkm-trow tkm-thead", role: "row" });
    this.body = h("div", { class: "tkm-tbody", role: "rowgroup" });
    this.scroller = h(
      "div",
      { class: "tkm-tscroll", role: "table", tabindex: "0" },
      this.head,
      this.body,
    );
    this.scroller.addEventListener("scroll", () => this.scrolled(), {
      passive: true,
    });
    this.plot = h("div", { class: "tkm-figure", hidden: true });
    this.node = h(
      "div",
      { class: "tkm-table" },
      this.bar,
      this.scroller,
      this.plot,
    );
    this.rows = new Map();
    this.live = [];
  }

  select(name, changed) {
    const node = h("select", { class: "tkm-field", "aria-label": name });
    node.addEventListener("change", () => changed(node.value || null));
    node.dataset.name = name;
    return node;
  }

  want(change) {
    const isNewOrder = !("from" in change);
    this.wish = {
      ...this.wish,
      ...(isNewOrder ? { from: 0, to: 2 * AHEAD } : {}),
      ...change,
    };
    this.owner.state.table = this.wish;
    if (isNewOrder) {
      this.rows.clear();
      this.scroller.scrollTop = 0;
    }
    this.owner.view.ask({ table: this.wish });
  }

  show(item, figure) {
    const names = item.columns.map(({ name }) => name);
    this.columns = item.columns;
    options(this.group, names, this.wish.group);
    const vectors = item.columns
      .filter(({ kind }) => kind === "vector")
      .map(({ name }) => name);
    options(this.vector, vectors, this.wish.project);
    this.vector.hidden = !vectors.length;
    this.method.hidden = this.colour.hidden = !figure;
    this.method.value = this.wish.method ?? "pca";
    options(
      this.colour,
      names.filter((name) => !vectors.includes(name)),
      this.wish.colour,
    );
    const { matched, total } = item;
    const words =
      matched === total ? `${total} rows` : `${matched} of ${total} rows`;
    setText(this.count, words);
    this.plot.hidden = !figure;
    this.scroller.hidden = !!figure;
    if (figure) {
      this.owner.figures.plot(this.plot, figure);
      return;
    }
    if (item.groups) this.showGroups(item);
    else this.showRows(item);
  }

  // Upwards, downwards, and as it was logged.
  sortBy(name) {
    const [sorted, way] = this.wish.sort ?? [];
    const isUp = sorted === name && way === "asc";
    const isDown = sorted === name && way === "desc";
    this.want({ sort: isDown ? null : [name, isUp ? "desc" : "asc"] });
  }

  showHead(cells) {
    const widths = this.columns.map(({ kind }) =>
      kind === "image"
        ? "90px"
        : kind === "audio"
          ? "220px"
          : "minmax(90px, 1fr)",
    );
    this.node.style.setProperty(
      "--tkp-columns",
      (cells ? ["70px", ...widths] : widths).join(" "),
    );
    const heads = this.columns.map(({ name }) => {
      const [sorted, way] = this.wish.sort ?? [];
      const isUp = sorted === name && way === "asc";
      const mark = sorted === name ? (isUp ? " ↑" : " ↓") : "";
      const onclick = () => this.sortBy(name);
      const sort = mark ? (isUp ? "ascending" : "descending") : "none";
      return h(
        "button",
        {
          type: "button",
          role: "columnheader",
          "aria-sort": sort,
          title: name,
          onclick: cells ? null : onclick,
        },
        name + mark,
      );
    });
    this.head.replaceChildren(
      ...(cells ? [h("span", {}, "rows"), ...heads] : heads),
    );
  }

  showGroups({ group, groups }) {
    this.showHead(true);
    this.rowHeight = ROW;
    this.body.style.height = `${groups.length * ROW}px`;
    const at = this.columns.findIndex(({ name }) => name === group);
    const rows = groups.map(([name, count, means], place) => {
      const cells = means.map((mean, column) =>
        h(
          "span",
          {},
          column === at
            ? name || "(empty)"
            : mean === null
              ? ""
              : `ø ${formatNumber(mean)}`,
        ),
      );
      const open = () =>
        this.want({
          group: null,
          filter: (this.search.value = `${group}: ${name}`),
        });
      const row = h(
        "div",
        {
          class: "tkm-trow tkm-group",
          role: "row",
          tabindex: "0",
          onclick: open,
          title: "Show these rows",
        },
        h("span", {}, String(count)),
        ...cells,
      );
      row.style.top = `${place * ROW}px`;
      return row;
    });
    this.forget();
    this.body.replaceChildren(...rows);
  }

  showRows(item) {
    this.showHead(false);
    const isTall = this.columns.some(({ kind }) =>
      ["image", "audio", "video"].includes(kind),
    );
    this.rowHeight = isTall ? TALL_ROW : ROW;
    this.matched = item.matched;
    this.body.style.height = `${item.matched * this.rowHeight}px`;
    item.rows.forEach((row, place) => this.rows.set(item.from + place, row));
    this.paint();
  }

  get span() {
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / this.rowHeight) - 5);
    const last = Math.min(
      this.matched,
      Math.ceil((scrollTop + clientHeight) / this.rowHeight) + 5,
    );
    return [first, last];
  }

  // Puts the rows near the screen there; those not at hand yet are asked for.
  paint() {
    const [first, last] = this.span;
    this.forget();
    const nodes = [];
    let isMissing = false;
    for (let at = first; at < last; at++) {
      const row = this.rows.get(at);
      if (row) nodes.push(this.row(row, at));
      else isMissing = true;
    }
    this.body.replaceChildren(...nodes);
    if (isMissing) this.askFor(first, last);
  }

  askFor(first, last) {
    clearTimeout(this.askTimer);
    this.askTimer = setTimeout(
      () => this.want({ from: Math.max(0, first - AHEAD), to: last + AHEAD }),
      60,
    );
  }

  scrolled() {
    if (!this.rowHeight || this.wish.group || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  row([number, ...cells], at) {
    const nodes = cells.map((value) => this.cell(value));
    const row = h(
      "div",
      { class: "tkm-trow", role: "row", title: `row ${number}` },
      ...nodes,
    );
    row.style.top = `${at * this.rowHeight}px`;
    row.style.height = `${this.rowHeight}px`;
    return row;
  }

  cell(value) {
    if (typeof value === "number")
      return h(
        "span",
        { class: "tkm-number", role: "cell", title: String(value) },
        formatNumber(value),
      );
    if (value === null || typeof value !== "object")
      return h(
        "span",
        { role: "cell", title: value === null ? null : String(value) },
        value === null ? "" : String(value),
      );
    const cell = h("span", { role: "cell", class: "tkm-tmedia" });
    if (value.kind === "image") {
      const picture = new Picture(this.owner.files, this.owner.look, (open) =>
        this.owner.enlarge(open),
      );
      picture.show(value, "", TALL_ROW - 10);
      picture.see(true);
      cell.append(picture.frame);
    } else if (value.kind === "audio") {
      const sound = new Sound(this.owner.files);
      sound.show(value, "");
      sound.see(true);
      this.live.push(sound);
      cell.append(sound.stage, sound.player);
    } else cell.append(value.caption || value.kind);
    return cell;
  }

  forget() {
    for (const each of this.live.splice(0)) each.dispose();
  }

  dispose() {
    clearTimeout(this.timer);
    clearTimeout(this.askTimer);
    this.forget();
    this.owner.figures.unplot(this.plot);
  }
}

function options(node, names, chosen) {
  const wanted = ["", ...names];
  const there = [...node.options].map((option) => option.value);
  if (wanted.join("\n") !== there.join("\n") || !node.options.length)
    node.replaceChildren(
      ...wanted.map((value) =>
        h("option", { value }, value || `${node.dataset.name} …`),
      ),
    );
  node.value = chosen ?? "";
}
