// A panel: its parts, its settings, and the messages between them and the kernel.
import { Arranger } from "./arrange.js";
import { Console } from "./console.js";
import { h, iconButton, setText } from "./dom.js";
import { Files } from "./files.js";
import { Grid } from "./grid.js";
import { Header } from "./header.js";
import { Overview } from "./overview.js";
import { plotly } from "./plotly.js";
import { ReportHeader } from "./report.js";
import { Runs } from "./runs.js";
import { unpacker } from "./series.js";
import { Strip } from "./strip.js";
import { SweepHeader } from "./sweep.js";
import { onThemeChange, readTheme } from "./theme.js";
import { Toolbar } from "./toolbar.js";
import { Workspace } from "./workspace.js";

// What a user set outlives the view: JupyterLab makes a new one when an output is updated.
const memory = (globalThis.trackerSettings ??= new Map());

const fresh = () => ({
  search: "",
  smoothing: { kind: "time-weighted", amount: 0 },
  x: "step",
  logY: false,
  closed: {},
  isTall: false,
  hasConsole: false,
  hasOverview: false,
  scrollTop: 0,
});

export class Panel {
  constructor(el, link, id, kind) {
    this.link = link;
    if (!memory.has(id)) memory.set(id, fresh());
    this.settings = memory.get(id);
    this.pointed = null;
    this.library = null;
    this.files = new Files(this);
    this.node = h("div", {
      class: "tkp",
      "data-lm-suppress-shortcuts": "true",
    });
    this.noteText = h("span", {});
    const away = iconButton("close", "Put this note away", () => this.hush());
    this.note = h(
      "div",
      { class: "tkp-note", role: "status", hidden: true },
      this.noteText,
      away,
    );
    this.kind = kind;
    this.node.dataset.kind = kind;
    this.workspace = kind === "project" ? new Workspace(this) : null;
    this.arranger = this.workspace && new Arranger(this);
    const heads = { project: Runs, sweep: SweepHeader, report: ReportHeader };
    this.header = new (heads[kind] ?? Header)(this);
    this.overview = new Overview(this);
    this.grid = new Grid(this);
    this.toolbar = new Toolbar(this);
    this.strip = new Strip();
    this.console = new Console(this);
    this.body = h("div", { class: "tkp-body" }, this.grid.node);
    this.body.addEventListener(
      "scroll",
      () => (this.settings.scrollTop = this.body.scrollTop),
    );
    this.node.append(
      this.header.node,
      this.overview.node,
      this.note,
      this.toolbar.node,
    );
    this.node.append(this.body, this.strip.node, this.console.node);
    this.console.node.hidden = kind !== "run";
    this.toolbar.node.hidden = kind === "sweep" || kind === "report";
    el.replaceChildren(this.node);
    this.theme = readTheme(this.node);
    this.restore();
    this.stops = [onThemeChange(this.node, () => this.retheme())];
    this.watch();
    if (this.workspace)
      this.node.addEventListener("keydown", (event) => this.undo(event));
    this.busy = BUSY;
    link.onBusy = (isBusy) => this.tell("busy", isBusy ? this.busy : "");
    link.onGone = () => this.tell("gone", GONE);
    link.onAnswered = (number) => this.workspace?.answered(number);
    link.onReopened = () => this.askSpans();
    link.listen((content, buffers) => this.receive(content, buffers));
    this.awaitLibrary();
  }

  // As everywhere, but where text is written.
  undo(event) {
    const isUndo =
      (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (!isUndo || event.target.matches("input, textarea")) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) this.workspace.redo();
    else this.workspace.undo();
  }

  restore() {
    if (this.settings.hasConsole) this.console.show(true);
    if (this.settings.hasOverview) this.toggleOverview(true);
  }

  watch() {
    const changed = () => this.tellView();
    document.addEventListener("visibilitychange", changed);
    this.stops.push(() =>
      document.removeEventListener("visibilitychange", changed),
    );
    // A panel that is scrolled away, or in a tab behind others, is not looked at either.
    const watcher = new IntersectionObserver(([entry]) => {
      this.isOnScreen = entry.isIntersecting;
      this.tellView();
    });
    watcher.observe(this.node);
    this.stops.push(() => watcher.disconnect());
  }

  // -- from the kernel

  receive(content, buffers) {
    const handlers = {
      head: () => this.showHead(content),
      about: () => this.showAbout(content.about),
      summary: () => this.overview.summary.fill(content.summary),
      alerts: () => this.header.alerts.show(content.alerts),
      charts: () => this.arrange(content.charts),
      menu: () => (this.menu = content),
      columns: () => this.header.receiveColumns(content),
      views: () => this.grid.arrangeViews(content.views),
      files: () => this.files.receive(content, buffers),
      layout: () => this.layOut(content.sections),
      trials: () => this.header.receiveTrials(content),
      rows: () => this.header.receiveRows(content),
      drawn: () =>
        this.grid.cards.get(content.panel)?.receive(content, buffers),
      working: () => this.grid.cards.get(content.panel)?.working(),
      problem: () => this.showProblem(content),
      progress: () => this.tell("progress", content.text),
      chosen: () => this.header.selection.choose(content.runs),
      csv: () => download(`${this.head.name}.csv`, content.text),
      data: () => this.showData(content, buffers),
      failed: () => this.grid.charts.get(content.chart)?.fail(content.text),
      strip: () => this.strip.receive(content, buffers),
      console: () => this.console.receive(content),
      plotly: () => this.awaitLibrary(buffers[0]),
      trouble: () => this.tell("trouble", content.text),
      gone: () => this.tell("gone", GONE),
    };
    handlers[content.type]?.();
  }

  showHead({ head, now_ms: nowMs }) {
    this.head = head;
    this.clockMs = nowMs - Date.now();
    if (this.workspace) this.showState(head.workspace);
    else this.header.update(head, this.clockMs);
    this.link.rest(head.state && head.state !== "running");
    this.grid.filter();
  }

  // Takes over which workspace is open, and what it says.
  showState(state) {
    this.workspace.receive(state);
    this.toolbar.adopt(this.workspace.content.curves);
    this.header.update(this.head, this.clockMs);
  }

  showAbout(about) {
    this.header.showConfig(about.config ?? []);
    this.overview.describe(about);
  }

  arrange(charts) {
    this.grid.arrange(charts);
    if (this.settings.scrollTop) this.body.scrollTop = this.settings.scrollTop;
  }

  showProblem({ text, error, name }) {
    if (error === "ConflictError") this.header.workspaces.conflict(name);
    else this.tell("problem", text);
  }

  layOut(sections) {
    if (this.workspace.takes("layout", () => this.layOut(sections))) {
      this.workspace.sections = sections;
      this.grid.arrangeSections(sections);
    }
  }

  showData({ charts }, buffers) {
    const unpack = unpacker(buffers);
    for (const message of charts)
      this.grid.charts.get(message.name)?.receive(message, unpack);
  }

  async awaitLibrary(buffer) {
    const library = plotly(buffer);
    if (!library || !this.isLibraryWanted || this.library) return;
    this.library = await library;
    this.grid.redraw();
  }

  // Images need none: the library waits for the first that is drawn with it.
  wantLibrary() {
    if (this.isLibraryWanted) return;
    this.isLibraryWanted = true;
    this.awaitLibrary();
  }

  // -- to the kernel

  ask(message) {
    return this.link.ask(message);
  }

  // Says what is on the screen, once for many changes.
  tellView() {
    clearTimeout(this.viewTimer);
    this.viewTimer = setTimeout(() => {
      this.link.send({
        type: "view",
        visible: this.grid.visible,
        width: this.chartWidth,
        x: this.settings.x,
        hidden: document.hidden || this.isOnScreen === false,
        console: this.settings.hasConsole,
        summary: this.settings.hasOverview,
      });
    }, 40);
  }

  // Asks for everything anew: something that was sent did not come.
  refresh() {
    clearTimeout(this.refreshTimer);
    this.refreshTimer = setTimeout(() => this.link.send({ type: "refresh" }));
  }

  // Shows the same stretch in all charts that have the same axis, or in one alone.
  zoom(chart, range, isAsked = true) {
    const isTogether = this.workspace?.curves.sync_zoom !== false;
    for (const other of this.grid.charts.values()) {
      const isSame = isTogether && other.axisText === chart.axisText;
      if (other === chart || (isSame && other.series && !other.spec.system))
        other.setRange(range, isAsked && (other === chart || other.isVisible));
    }
  }

  // A new connection knows nothing of this page's zooms.
  askSpans() {
    for (const chart of this.grid.charts.values()) {
      if (chart.range || chart.isLarge) chart.askSpan();
    }
    this.header.askAgain?.();
    this.tellView();
  }

  get chartWidth() {
    const [chart] = this.grid.charts.values();
    return Math.max(120, Math.min(chart?.stage.offsetWidth || 320, 640));
  }

  // Lets the lines of one run stand out.
  focusRun(run) {
    this.focused = run;
    for (const chart of this.grid.charts.values()) {
      if (chart.isVisible) chart.request(true);
    }
  }

  changeAxis() {
    for (const chart of this.grid.charts.values()) {
      chart.range = null;
      chart.resetButton.hidden = true;
    }
    this.link.ask({ type: "view", x: this.settings.x });
    this.saveCurves({ x: this.settings.x });
  }

  // How curves are drawn is a part of the workspace.
  saveCurves(change) {
    this.workspace?.patch({ curves: change }, false);
  }

  // -- parts that open and close

  toggleOverview(isOpen = this.overview.node.hidden) {
    this.overview.node.hidden = !isOpen;
    this.settings.hasOverview = isOpen;
    this.header.more.setAttribute("aria-expanded", String(isOpen));
    this.tellView();
  }

  enlarge(chart) {
    const home = h("div", { class: "tkp-home" });
    chart.stage.replaceWith(home);
    const close = iconButton("close", "Close", () => dialog.close());
    const bar = h(
      "div",
      { class: "tkp-bar" },
      h("strong", {}, chart.spec.key || chart.title.textContent),
    );
    bar.append(...chart.movables, close);
    const dialog = h("dialog", {
      class: "tkp tkp-dialog",
      "data-lm-suppress-shortcuts": "true",
    });
    dialog.append(bar, chart.stage);
    if (chart.legend) dialog.append(chart.legend.node);
    dialog.addEventListener("close", () => {
      chart.isLarge = false;
      home.replaceWith(chart.stage);
      chart.title.after(...chart.movables);
      if (chart.legend) {
        chart.node.append(chart.legend.node);
        chart.legend.show();
      }
      dialog.remove();
      chart.askSpan?.();
      chart.request(true);
      chart.largeButton.focus();
    });
    this.node.append(dialog);
    dialog.showModal();
    chart.isLarge = true;
    chart.legend?.show();
    chart.askSpan?.();
    chart.request(true);
  }

  // -- the crosshair, which all charts share

  pointTo(chart, x) {
    this.pointed = { x, axis: chart.axisText, chart };
    this.showPoint();
  }

  unpoint() {
    this.pointed = null;
    this.showPoint();
  }

  showPoint() {
    this.pointFrame ??= requestAnimationFrame(() => {
      this.pointFrame = undefined;
      for (const chart of this.grid.charts.values()) {
        if (!this.pointed) chart.unpoint();
        else if (chart.isVisible || chart.isLarge) chart.point(this.pointed);
      }
    });
  }

  // -- notes

  tell(about, text) {
    this.notes = { ...this.notes, [about]: text };
    const [shown] = Object.values(this.notes).filter(Boolean);
    this.note.hidden = !shown;
    setText(this.noteText, shown ?? "");
  }

  // Puts away the note that is shown; the next one comes into view.
  hush() {
    const found = Object.entries(this.notes).find(([, text]) => text);
    if (found) this.tell(found[0], "");
  }

  retheme() {
    this.theme = readTheme(this.node);
    this.grid.redraw();
  }

  dispose() {
    clearTimeout(this.viewTimer);
    for (const stop of this.stops) stop();
    this.workspace?.dispose();
    this.header.dispose();
    this.grid.dispose();
    this.link.close();
  }
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const BUSY =
  "The kernel is busy and will answer when the cell has finished. Curves go on moving; " +
  "a zoom shows the points at hand, and what else you do is done then.";
const GONE =
  "The kernel was restarted or has ended: what you see is the last state that it sent.";
