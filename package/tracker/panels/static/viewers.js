// Panels about single runs: runs side by side, what a run printed, and its code.
import { coloured } from "./console.js";
import { h, setText } from "./dom.js";
import { markup } from "./markup.js";

const LINE_PX = 18;
const SPARE = 100;
const SCROLL_MS = 60;
const SEARCH_MS = 200;

export function comparerRenderer(stage, view) {
  stage.classList.add("tkp-html", "tkv-wide");
  const only = h("input", { type: "checkbox", onchange: () => apply() });
  const search = h("input", {
    type: "search",
    placeholder: "Search rows",
    "aria-label": "Search rows",
    oninput: () => apply(),
  });
  const label = h("label", { class: "tkv-check" }, only, "Only what differs");
  view.tools.replaceChildren(label, search);
  let isFirst = true;

  const apply = () => {
    stage.classList.toggle("tkv-only", only.checked);
    const wanted = search.value.trim().toLowerCase();
    for (const part of stage.querySelectorAll(".tkv-part")) {
      let shown = 0;
      for (const row of part.querySelectorAll(".tkv-same, .tkv-diff")) {
        const fits = row.textContent.toLowerCase().includes(wanted);
        row.hidden = !fits || (only.checked && row.className === "tkv-same");
        shown += !row.hidden;
      }
      part.hidden = !shown;
    }
    const isEmpty = !stage.querySelector(".tkv-part:not([hidden])");
    if (nothing) nothing.hidden = !isEmpty;
  };

  let nothing = null;
  return {
    update: ({ html, colours, only: begins }) => {
      const { scrollTop, scrollLeft } = stage;
      if (isFirst) only.checked = begins;
      isFirst = false;
      nothing = h("p", { class: "tkv-dim" }, "No row differs or fits.");
      stage.replaceChildren(markup(html), nothing);
      stage.querySelectorAll(".tkv-dot").forEach((dot, at) => {
        dot.style.background = colours[at];
      });
      apply();
      Object.assign(stage, { scrollTop, scrollLeft });
    },
    dispose: () => leave(stage, view, "tkp-html", "tkv-wide", "tkv-only"),
  };
}

export function codeRenderer(stage, view) {
  stage.classList.add("tkp-html", "tkv-wide");
  const runs = chooser("Run", (run) => view.ask({ run }));
  const others = chooser("Compare with", (other) => view.ask({ other }));
  view.tools.replaceChildren(runs.node, others.node);
  return {
    update: ({ html, runs: all, run, other }) => {
      runs.fill(all, run);
      const rest = all.filter(([id]) => id !== run);
      others.fill([["", "compare with …"], ...rest], other);
      stage.replaceChildren(markup(html));
    },
    dispose: () => leave(stage, view, "tkp-html", "tkv-wide"),
  };
}

// Of a hundred thousand lines only those near the screen are here.
export function consoleRenderer(stage, view) {
  const lines = h("pre", { class: "tkv-lines" });
  const room = h("div", { class: "tkv-room" }, lines);
  const nothing = h("p", { class: "tkv-dim" });
  const count = h("span", { class: "tkv-dim" });
  const runs = chooser("Run", (run) => ask({ run, first: null }));
  const search = h("input", {
    type: "search",
    placeholder: "Search lines",
    "aria-label": "Search lines",
    oninput: () => {
      clearTimeout(typing);
      const find = () => ask({ search: search.value, first: null });
      typing = setTimeout(find, SEARCH_MS);
    },
  });
  view.tools.replaceChildren(count, search, runs.node);
  stage.classList.add("tkv-console");
  stage.setAttribute("tabindex", "0");
  stage.setAttribute("aria-label", "Console");
  stage.append(room, nothing);
  let typing;
  let scrolling;
  let shown = { first: 0, lines: [], total: 0 };
  // The end is followed until somebody scrolls away from it.
  let follows = true;

  const ask = (question) => {
    if ("first" in question) follows = question.first === null;
    view.ask({ count: Math.max(300, visible() + 2 * SPARE), ...question });
  };
  const visible = () => Math.ceil(stage.clientHeight / LINE_PX);
  const isAtEnd = () =>
    stage.scrollTop + stage.clientHeight >= stage.scrollHeight - LINE_PX;

  const scrolled = () => {
    const top = Math.floor(stage.scrollTop / LINE_PX);
    const { first, lines: known, total } = shown;
    const isHere =
      top >= first && Math.min(top + visible(), total) <= first + known.length;
    if (isAtEnd() ? follows : isHere && !follows) return;
    clearTimeout(scrolling);
    const first_ = isAtEnd() ? null : Math.max(0, top - SPARE);
    scrolling = setTimeout(() => ask({ first: first_ }), SCROLL_MS);
  };
  stage.addEventListener("scroll", scrolled);

  return {
    update: (content) => {
      shown = { lines: [], ...content };
      const { total, first } = shown;
      runs.fill(shown.runs, shown.run);
      setText(count, `${total.toLocaleString("en-US")} lines`);
      room.style.height = `${total * LINE_PX}px`;
      lines.style.top = `${first * LINE_PX}px`;
      lines.replaceChildren(...shown.lines.map(line));
      nothing.hidden = total > 0;
      setText(
        nothing,
        shown.search ? "No line has this text." : "Nothing was printed.",
      );
      if (follows) stage.scrollTop = stage.scrollHeight;
    },
    resize: () => follows && (stage.scrollTop = stage.scrollHeight),
    dispose: () => {
      clearTimeout(typing);
      clearTimeout(scrolling);
      stage.removeEventListener("scroll", scrolled);
      stage.removeAttribute("tabindex");
      leave(stage, view, "tkv-console");
    },
  };
}

function line([number, stream, text]) {
  const kind = stream === "stderr" ? "tkp-stderr" : undefined;
  const place = h("i", {}, String(number + 1));
  return h("span", { class: kind }, place, ...coloured(text), "\n");
}

// A list of runs of which one is chosen.
function chooser(label, onChange) {
  const node = h("select", {
    "aria-label": label,
    onchange: () => onChange(node.value),
  });
  let known = "";
  const fill = (runs, chosen) => {
    const state = JSON.stringify(runs);
    if (state !== known) {
      const options = runs.map(([id, name]) =>
        h("option", { value: id }, name),
      );
      node.replaceChildren(...options);
    }
    known = state;
    node.value = chosen;
  };
  return { node, fill };
}

function leave(stage, view, ...classes) {
  stage.classList.remove(...classes);
  view.tools.replaceChildren();
}
