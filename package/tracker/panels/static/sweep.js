// What stands above the figures of a sweep: how far it is, what steers it, and its trials.
import { h, setText } from "./dom.js";
import { asNumber, formatDuration, formatNumber } from "./format.js";

const STATES = [
  "finished",
  "stopped",
  "failed",
  "crashed",
  "running",
  "pending",
];
const BUTTONS = {
  pause: [
    "Pause",
    "Give out no trials until the sweep is resumed; running ones go on",
  ],
  resume: ["Resume", "Give out trials again"],
  stop: ["Stop", "Give out no more trials; running ones go on to their end"],
  cancel: [
    "Cancel",
    "Give out no more trials, and end running ones at their next log",
  ],
};
const OFFERED = {
  running: ["pause", "stop", "cancel"],
  paused: ["resume", "stop", "cancel"],
  stopped: ["resume", "cancel"],
  finished: [],
  cancelled: [],
};

export class SweepHeader {
  constructor(panel) {
    this.panel = panel;
    this.sorting = { column: "number", isDown: true };
    this.dot = h("span", { class: "tkp-dot" });
    this.name = h("strong", { class: "tkp-name" }, "Waiting for the kernel …");
    this.state = h("span", { class: "tkp-state" });
    this.id = h("code", { class: "tkp-id" });
    this.project = h("span", { class: "tkp-project" });
    this.facts = h("div", { class: "tkp-facts" });
    this.buttons = Object.fromEntries(
      Object.entries(BUTTONS).map(([word, [text, title]]) => [
        word,
        h(
          "button",
          {
            class: "tkp-sweep-button",
            type: "button",
            title,
            hidden: true,
            onclick: () => this.turn(word),
          },
          text,
        ),
      ]),
    );
    this.bar = h("div", {
      class: "tkp-sweep-bar",
      role: "progressbar",
      "aria-label": "Trials",
    });
    this.counts = h("div", { class: "tkp-sweep-counts" });
    this.best = h("div", { class: "tkp-sweep-best", hidden: true });
    this.table = h("table", { class: "tkp-sweep-trials" });
    this.tableBox = h(
      "details",
      { class: "tkp-sweep-box" },
      h("summary", {}, "Trials"),
      h("div", { class: "tkp-sweep-scroll" }, this.table),
    );
    this.more = h("button", { hidden: true });
    const who = h(
      "div",
      { class: "tkp-who" },
      h("span", { class: "tkp-titled" }, this.dot, this.name),
      this.state,
      this.id,
      this.project,
    );
    const steer = h(
      "div",
      { class: "tkp-sweep-steer" },
      ...Object.values(this.buttons),
    );
    this.node = h(
      "header",
      { class: "tkp-header tkp-sweep" },
      h("div", { class: "tkp-top" }, who, this.facts, steer),
      this.bar,
      this.counts,
      this.best,
      this.tableBox,
    );
    this.node.dataset.state = "waiting";
  }

  turn(word) {
    this.buttons[word].disabled = true;
    this.panel.ask({ type: "turn", turn: word });
  }

  update(head) {
    this.head = head;
    setText(this.name, head.name);
    setText(this.state, `${head.method}, ${head.sweep}`);
    setText(this.id, head.id);
    setText(this.project, head.project);
    this.node.dataset.state = head.sweep;
    const offered = OFFERED[head.sweep] ?? [];
    for (const [word, button] of Object.entries(this.buttons)) {
      button.hidden = !offered.includes(word);
      button.disabled = false;
    }
    this.showProgress(head);
    this.showBest(head);
  }

  showProgress({ counts, prior, done, expected, left_s: left }) {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const whole = Math.max(expected ?? total, total, 1);
    this.bar.replaceChildren(
      ...STATES.filter((state) => counts[state]).map((state) => {
        const part = h("span", { title: `${counts[state]} ${state}` });
        part.dataset.state = state;
        part.style.width = `${(100 * counts[state]) / whole}%`;
        return part;
      }),
    );
    this.bar.setAttribute("aria-valuenow", String(done));
    this.bar.setAttribute("aria-valuemax", String(whole));
    const words = STATES.filter((state) => counts[state]).map((state) => {
      const word = h(
        "span",
        { class: "tkp-sweep-count" },
        `${counts[state]} ${state}`,
      );
      word.dataset.state = state;
      return word;
    });
    const before = h("span", {}, `${prior} of the sweep before`);
    before.title =
      "Trials of the sweep that this one extends: it learns from them.";
    this.counts.replaceChildren(...words, ...(prior ? [before] : []));
    const facts = [
      ["trials", expected ? `${done} of ${expected}` : String(done)],
    ];
    if (left !== null && left !== undefined)
      facts.push(["left", formatDuration(left)]);
    this.facts.replaceChildren(
      ...facts.map(([label, value]) =>
        h(
          "span",
          { class: "tkp-fact" },
          h("span", {}, label),
          h("b", {}, value),
        ),
      ),
    );
  }

  showBest({ best, metric, front }) {
    this.best.hidden = !best;
    if (!best) return;
    if (front) {
      this.showFront(front);
      return;
    }
    const params = Object.entries(best.params).map(([name, value]) =>
      h(
        "span",
        { class: "tkp-chip", title: `${name} = ${text(value)}` },
        h("span", { class: "tkp-key" }, name),
        h("span", {}, text(value)),
      ),
    );
    this.best.replaceChildren(
      h("span", {}, "best "),
      h("b", {}, `${metric} ${text(best.value)}`),
      h("span", { class: "tkp-project" }, `trial ${best.number}`),
      ...params,
    );
  }

  // Of several metrics there is no best trial, but those that no other is better than.
  showFront(front) {
    const shown = front.slice(0, 12).map((number) => `trial ${number}`);
    if (front.length > shown.length)
      shown.push(`${front.length - shown.length} more`);
    this.best.replaceChildren(
      h("span", {}, "best trade-offs "),
      ...shown.map((words) => h("span", { class: "tkp-chip" }, words)),
    );
  }

  // -- the table

  receiveTrials(message) {
    this.trials = message;
    setText(
      this.tableBox.firstChild,
      message.total > message.rows.length
        ? `The last ${message.rows.length} of ${message.total} trials`
        : `Trials (${message.total})`,
    );
    this.fillTable();
  }

  fillTable() {
    const { parameters, rows } = this.trials;
    const others = this.head?.metrics?.slice(1) ?? [];
    const columns = [
      ...["number", "state", "value", ...others, "seconds"],
      ...parameters,
    ];
    const titles = {
      value: this.head?.metric ?? "value",
      number: "trial",
      seconds: "time",
    };
    const head = columns.map((column) => {
      const isSorted = this.sorting.column === column;
      const arrow = isSorted ? (this.sorting.isDown ? " ↓" : " ↑") : "";
      const button = h(
        "button",
        { type: "button", onclick: () => this.sort(column) },
        `${titles[column] ?? column}${arrow}`,
      );
      const order = isSorted
        ? this.sorting.isDown
          ? "descending"
          : "ascending"
        : null;
      return h("th", { scope: "col", "aria-sort": order }, button);
    });
    const body = [...rows].sort((one, other) => this.compare(one, other));
    this.table.replaceChildren(
      h("thead", {}, h("tr", {}, ...head, h("th"))),
      h("tbody", {}, ...body.map((row) => this.row(row, others, parameters))),
    );
  }

  row(row, others, parameters) {
    const state = h(
      "td",
      {},
      h(
        "span",
        { class: "tkp-sweep-count" },
        row.told ? "stopping" : row.state,
      ),
    );
    state.firstChild.dataset.state = row.state;
    const isBest =
      this.head?.front?.includes(row.number) ??
      this.head?.best?.number === row.number;
    const cells = [
      h("td", {}, String(row.number)),
      state,
      h("td", {}, text(row.value)),
      ...others.map((name) => h("td", {}, text(row.others[name]))),
      h("td", {}, row.seconds === null ? "" : formatDuration(row.seconds)),
      ...parameters.map((name) => h("td", {}, text(row.params[name]))),
    ];
    const stop =
      row.state === "running" && !row.told
        ? h(
            "button",
            {
              class: "tkp-sweep-button",
              type: "button",
              title: "End this trial at its next log",
              onclick: () =>
                this.panel.ask({ type: "stop_trial", number: row.number }),
            },
            "Stop",
          )
        : null;
    const node = h(
      "tr",
      { class: isBest ? "tkp-sweep-first" : null },
      ...cells,
      h("td", {}, stop),
    );
    node.dataset.trial = row.number;
    return node;
  }

  sort(column) {
    const isDown = this.sorting.column === column && !this.sorting.isDown;
    this.sorting = { column, isDown };
    this.fillTable();
  }

  // What has no value comes last, either way.
  compare(one, other) {
    const { column, isDown } = this.sorting;
    const [a, b] = [one, other].map((row) =>
      key(row[column] ?? row.others[column] ?? row.params[column]),
    );
    if (a === null || b === null) return (a === null) - (b === null);
    const order =
      typeof a === typeof b ? (a > b) - (a < b) : typeof a < typeof b ? -1 : 1;
    return isDown ? -order : order;
  }

  // A sweep has no config of its own, and nothing that goes on by itself.
  showConfig() {}
  dispose() {}
}

function key(value) {
  const number = value && typeof value === "object" ? asNumber(value.n) : value;
  return number === undefined || number === null || Number.isNaN(number)
    ? null
    : number;
}

function text(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") return String(value.n);
  return typeof value === "number" ? formatNumber(value) : String(value);
}
