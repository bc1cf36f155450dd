"use strict";
// The only script of a report: unpacks the figures, draws them when they are scrolled to,
// switches runs, moves through steps, sorts tables. It reads nothing but this page.
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- unpacking

  function bytesOf(id) {
    const node = document.getElementById(id);
    if (!node) return null;
    const text = atob(node.textContent);
    node.textContent = "";
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  const unpacked = (bytes) =>
    new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));

  const KINDS = { f4: Float32Array, f8: Float64Array, i4: Int32Array };

  async function readFigures() {
    const bytes = bytesOf("figures");
    if (!bytes) return [];
    const buffer = await unpacked(bytes).arrayBuffer();
    const length = new DataView(buffer).getUint32(0, true);
    const start = 4 + length;
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const arrays = head.arrays.map(([kind, at, count]) => new KINDS[kind](buffer, start + at, count));
    const revive = (value) => {
      if (Array.isArray(value)) return value.map(revive);
      if (value === null || typeof value !== "object") return value;
      const keys = Object.keys(value);
      if (keys.length === 1 && keys[0] === "$") return arrays[value.$];
      return Object.fromEntries(keys.map((key) => [key, revive(value[key])]));
    };
    return head.figures.map(revive);
  }

  async function loadPlotly() {
    const bytes = bytesOf("plotly");
    if (!bytes) return;
    const script = document.createElement("script");
    script.textContent = await unpacked(bytes).text();
    document.head.append(script);
    script.remove();
  }

  // --- drawing

  const CONFIG = {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  };
  let figures = [];
  const drawn = new Set();
  const hiddenRuns = new WeakMap();

  function themed() {
    // A custom property is read as it is written, light-dark() and all: a colour is resolved.
    const probe = document.createElement("i");
    document.body.append(probe);
    const read = (name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    const theme = colours(read);
    probe.remove();
    return theme;
  }

  function colours(read) {
    return {
      "hoverlabel.bgcolor": read("--card"),
      "hoverlabel.bordercolor": read("--line"),
      "hoverlabel.font.color": read("--text"),
      "modebar.bgcolor": "rgba(0,0,0,0)",
      "modebar.color": read("--dim"),
      "modebar.activecolor": read("--text"),
      "font.color": read("--dim"),
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
    };
  }

  function withTheme(layout) {
    const made = { ...layout };
    for (const [path, value] of Object.entries(themed())) {
      const parts = path.split(".");
      const last = parts.pop();
      let here = made;
      for (const part of parts) here = here[part] = { ...here[part] };
      here[last] = value;
    }
    return { ...made, autosize: true, width: undefined, height: undefined };
  }

  const isHidden = (trace, hidden) => trace.meta && hidden && hidden.has(trace.meta.run);

  function draw(node) {
    if (drawn.has(node) || !window.Plotly) return;
    drawn.add(node);
    const figure = figures[Number(node.dataset.figure)];
    const hidden = hiddenRuns.get(node.closest(".grid"));
    const data = figure.data.map((t) => (isHidden(t, hidden) ? { ...t, visible: false } : t));
    node.replaceChildren();
    window.Plotly.newPlot(node, data, withTheme(figure.layout), CONFIG);
    node.classList.add("drawn");
  }

  const waiting = [];
  function drawSoon(node) {
    waiting.push(node);
    if (waiting.length === 1) requestAnimationFrame(drawNext);
  }
  function drawNext() {
    draw(waiting[0]);
    waiting.shift();
    if (waiting.length) requestAnimationFrame(drawNext);
    else if (all(".plot:not(.drawn)").length === 0) root.dataset.drawn = "all";
  }

  function watchPlots() {
    const plots = all(".plot");
    if ("eager" in root.dataset || !("IntersectionObserver" in window)) {
      plots.forEach(draw);
      root.dataset.drawn = "all";
      return;
    }
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (!entry.isIntersecting) continue;
          observer.unobserve(entry.target);
          drawSoon(entry.target);
        }
      },
      { rootMargin: "400px 0px" },
    );
    plots.forEach((plot) => observer.observe(plot));
  }

  // --- runs

  function showRuns(grid, hidden) {
    hiddenRuns.set(grid, hidden);
    for (const chip of all(".chips [data-run]", grid))
      chip.setAttribute("aria-pressed", String(!hidden.has(chip.dataset.run)));
    for (const node of all(".shot, tr[data-run], [data-column-run]", grid))
      node.classList.toggle("off", hidden.has(node.dataset.run ?? node.dataset.columnRun));
    for (const node of all(".plot.drawn", grid)) {
      const places = [];
      const visible = [];
      node.data.forEach((trace, place) => {
        if (!trace.meta || !trace.meta.run) return;
        places.push(place);
        visible.push(!hidden.has(trace.meta.run));
      });
      if (places.length) window.Plotly.restyle(node, { visible }, places);
      const dim = dimmed(node.data, hidden);
      if (dim) window.Plotly.restyle(node, dim.style, dim.places);
    }
  }

  // Points and bars that share a trace are not taken away: those of hidden runs go pale.
  function dimmed(data, hidden) {
    const places = [];
    const selectedpoints = [];
    data.forEach((trace, place) => {
      const ids = trace.customdata;
      if (!ids || typeof ids[0] !== "string") return;
      places.push(place);
      const shown = [...ids.keys()].filter((at) => !hidden.has(ids[at]));
      selectedpoints.push(shown.length === ids.length ? null : shown);
    });
    if (!places.length) return null;
    return { style: { selectedpoints, "unselected.marker.opacity": 0.07 }, places };
  }

  function watchChips(grid) {
    const chips = all(".chips [data-run]", grid);
    let now = new Set(
      chips.filter((c) => c.getAttribute("aria-pressed") === "false").map((c) => c.dataset.run),
    );
    hiddenRuns.set(grid, now);
    const only = (run) => {
      const others = chips.map((c) => c.dataset.run).filter((id) => id !== run);
      const isAlone = !now.has(run) && others.every((id) => now.has(id));
      return new Set(isAlone ? [] : others);
    };
    for (const chip of chips) {
      chip.addEventListener("click", (event) => {
        const run = chip.dataset.run;
        if (event.shiftKey || event.altKey) {
          now = only(run);
        } else {
          now = new Set(now);
          if (!now.delete(run)) now.add(run);
        }
        showRuns(grid, now);
      });
    }
  }

  // --- media

  function watchSlider(media) {
    const slider = media.querySelector(".slider");
    if (!slider) return;
    const steps = JSON.parse(slider.dataset.steps);
    const input = slider.querySelector("input");
    const output = slider.querySelector("output");
    const shots = all(".shot", media);
    const show = () => {
      const step = steps[Number(input.value)];
      output.textContent = step.toLocaleString("en");
      // What a run had last at this step: it need not have logged at every one.
      const newest = new Map();
      const name = (shot) => JSON.stringify([shot.dataset.run, shot.dataset.key]);
      for (const shot of shots) {
        const own = Number(shot.dataset.step);
        if (own <= step && own >= (newest.get(name(shot)) ?? -Infinity)) newest.set(name(shot), own);
      }
      for (const shot of shots)
        shot.classList.toggle("now", newest.get(name(shot)) === Number(shot.dataset.step));
    };
    input.addEventListener("input", show);
  }

  // What lies over images: classes that are switched off, and boxes that are not sure enough.
  function watchClasses(media) {
    const bar = media.querySelector(".classes");
    if (!bar) return;
    const chips = all("button", bar);
    const score = bar.querySelector("input");
    const parts = all(".box, .mask", media);
    const show = () => {
      const off = chips.filter((c) => c.getAttribute("aria-pressed") === "false");
      const hidden = new Set(off.map((chip) => chip.dataset.class));
      const least = score ? Number(score.value) : 0;
      if (score) score.nextElementSibling.textContent = least.toFixed(2);
      for (const part of parts)
        part.classList.toggle(
          "off",
          hidden.has(part.dataset.class) || Number(part.dataset.score ?? 1) < least,
        );
    };
    for (const chip of chips)
      chip.addEventListener("click", () => {
        chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") === "false"));
        show();
      });
    score?.addEventListener("input", show);
  }

  // --- tables

  const keyOf = (cell) => {
    const value = cell?.dataset.v ?? cell?.textContent ?? "";
    const number = Number(value);
    return value !== "" && value !== "–" && !Number.isNaN(number) ? number : value;
  };

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number") return -1;
    if (typeof b === "number") return 1;
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  }

  function watchTable(table) {
    const body = table.tBodies[0];
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
      head.tabIndex = 0;
      const sort = () => {
        const isUp = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
        const rows = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
        rows.sort(([a], [b]) => (isUp ? compare(a, b) : compare(b, a)));
        body.append(...rows.map(([, row]) => row));
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
    }
  }

  function watchComparer(label) {
    const box = label.querySelector("input");
    const table = label.parentElement.querySelector(".tkv-comparison");
    if (!table) return;
    const show = () => table.classList.toggle("only-differs", box.checked);
    box.addEventListener("change", show);
    show();
  }

  // --- light, dark, paper

  const THEMES = ["", "light", "dark"];
  function watchTheme() {
    const button = document.getElementById("theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "") + 1) % THEMES.length];
      if (next) root.dataset.theme = next;
      else delete root.dataset.theme;
      repaint();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  }

  function repaint() {
    for (const node of all(".plot.drawn")) window.Plotly.relayout(node, themed());
  }

  function watchPrint() {
    const button = document.getElementById("print");
    button.hidden = false;
    button.addEventListener("click", () => window.print());
    addEventListener("beforeprint", () => {
      root.classList.add("printing");
      all(".plot").forEach(draw);
      for (const node of all(".plot.drawn"))
        window.Plotly.relayout(node, { ...themed(), width: node.clientWidth });
    });
    addEventListener("afterprint", () => {
      root.classList.remove("printing");
      for (const node of all(".plot.drawn"))
        window.Plotly.relayout(node, { ...themed(), width: null, autosize: true });
    });
  }

  all(".grid").forEach(watchChips);
  all(".media").forEach(watchSlider);
  all(".media").forEach(watchClasses);
  all("table.sortable").forEach(watchTable);
  all("label.only").forEach(watchComparer);
  watchTheme();
  watchPrint();
  root.classList.add("scripted");
  requestAnimationFrame(() =>
    setTimeout(async () => {
      try {
        [figures] = await Promise.all([readFigures(), loadPlotly()]);
        watchPlots();
      } catch (error) {
        for (const node of all(".plot")) node.textContent = `The charts cannot be drawn: ${error}.`;
      }
    }),
  );
})();
