// The filter of the run table: as text, and as rows of field, sign and value.
import { titleOf, valueOf } from "./cells.js";
import { h, icon, iconButton } from "./dom.js";
import { opener, popup } from "./popup.js";

const SIGNS = [
  ["=", "is"],
  ["!=", "is not"],
  ["<", "<"],
  ["<=", "≤"],
  [">", ">"],
  [">=", "≥"],
  ["~", "matches"],
  ["!~", "does not match"],
  ["in", "is one of"],
  ["not in", "is none of"],
  ["exists", "exists"],
  ["not exists", "is missing"],
];
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const WORD = /^(true|false|null|NaN|-?inf)$/;
const PLAIN = /^([\w./:@-]|(?!^)\[[\w.:-]*\])+$/;

export class Filter {
  constructor(runs) {
    this.runs = runs;
    this.field = h("input", {
      type: "text",
      class: "tkp-filter-text",
      spellcheck: "false",
      autocomplete: "off",
      placeholder: "Filter: config.lr > 0.01 and state = finished",
      "aria-label": "Filter of runs",
      oninput: () => this.apply(this.field.value, false),
      onkeydown: (event) => {
        if (event.key === "Enter") this.apply(this.field.value, true);
        if (event.key === "Escape") this.field.blur();
      },
    });
    this.rules = opener("Rules", "Build the filter from rules", () =>
      this.build(),
    );
    this.problem = h("div", { class: "tkp-problem", role: "alert" });
    this.problem.hidden = true;
    this.node = h(
      "span",
      { class: "tkp-search tkp-filter-box" },
      icon("filter"),
      this.field,
    );
  }

  apply(filter, isUrgent) {
    this.runs.workspace.patchRuns({ filter: filter.trim() || null }, isUrgent);
  }

  update(head) {
    this.head = head;
    if (document.activeElement !== this.field)
      this.field.value = this.runs.workspace.runset.filter ?? "";
    this.showProblem(head.problem);
    const count = head.rules?.length ?? 0;
    this.rules.say(count ? `Rules ${count}` : "Rules");
  }

  showProblem(problem) {
    this.problem.hidden = !problem;
    this.field.setAttribute("aria-invalid", String(!!problem));
    if (!problem) return;
    const text = this.runs.workspace.runset.filter ?? "";
    const [start, end] = problem.place ?? [0, 0];
    const parts = [h("span", {}, problem.text, " No filter is applied.")];
    if (problem.place)
      parts.unshift(
        h(
          "code",
          {},
          text.slice(0, start),
          h("mark", {}, text.slice(start, end) || " "),
          text.slice(end),
        ),
      );
    this.problem.replaceChildren(...parts);
  }

  // -- rules

  build() {
    const rules = this.head?.rules;
    if (!rules) {
      popup(
        this.runs.panel,
        this.rules,
        "Rules",
        h(
          "p",
          { class: "tkp-empty" },
          "This filter says more than a list of rules can: change its text.",
        ),
      );
      return;
    }
    const rows = h("div", { class: "tkp-rules" });
    const list = h("datalist", { id: `${this.runs.table.id}-fields` });
    list.append(
      ...[...(this.runs.known?.keys() ?? [])].map((id) =>
        h("option", { value: id }, titleOf(id)),
      ),
    );
    const change = () => this.compose(rows);
    const add = (rule) => rows.append(this.rule(rule, list.id, change));
    for (const rule of rules) add(rule);
    if (!rules.length) add(["", "=", ""]);
    popup(
      this.runs.panel,
      this.rules,
      "Rules",
      h("p", { class: "tkp-empty" }, "Runs pass that meet every rule."),
      rows,
      list,
      h(
        "button",
        {
          type: "button",
          class: "tkp-button",
          onclick: () => {
            add(["", "=", ""]);
            rows.lastChild.querySelector("input").focus();
          },
        },
        "Add a rule",
      ),
    );
  }

  rule([field, sign, value], list, change) {
    const name = h("input", {
      type: "text",
      list,
      value: field,
      placeholder: "field",
      "aria-label": "Field",
      oninput: change,
    });
    const signs = h(
      "select",
      { "aria-label": "Operator", onchange: () => toggle() },
      ...SIGNS.map(([each, text]) => h("option", { value: each }, text)),
    );
    signs.value = sign;
    const given = h("input", {
      type: "text",
      value: shown(value),
      placeholder: "value",
      "aria-label": "Value",
      oninput: change,
    });
    const node = h("div", { class: "tkp-rule" }, name, signs, given);
    node.read = () => [name.value.trim(), signs.value, given.value.trim()];
    const toggle = () => {
      given.hidden = signs.value.endsWith("exists");
      change();
    };
    node.append(
      iconButton("close", "Remove this rule", () => {
        node.remove();
        change();
      }),
    );
    given.hidden = sign.endsWith("exists");
    return node;
  }

  compose(rows) {
    const parts = [...rows.children]
      .map((row) => row.read())
      .filter(
        ([field, sign, value]) => field && (value || sign.endsWith("exists")),
      )
      .map(written);
    const text = parts.join(" and ");
    this.field.value = text;
    this.apply(text, false);
  }
}

function written([field, sign, value]) {
  const name = PLAIN.test(field) ? field : quoted(field);
  if (sign.endsWith("exists")) return `${name} ${sign}`;
  if (sign.endsWith("in")) {
    const items = value.split(",").map((item) => literal(item.trim()));
    return `${name} ${sign} [${items.join(", ")}]`;
  }
  const isPattern = sign.endsWith("~");
  return `${name} ${sign} ${isPattern ? text(value) : literal(value)}`;
}

function quoted(field) {
  const [, head, key] = /^([^.]*\.)?(.*)$/s.exec(field);
  return `${head ?? ""}\`${key.replaceAll("`", "")}\``;
}

function literal(value) {
  return NUMBER.test(value) || WORD.test(value) ? value : text(value);
}

function text(value) {
  if (/^(".*"|'.*')$/s.test(value)) return value;
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function shown(value) {
  if (Array.isArray(value)) return value.map(shown).join(", ");
  const plain = valueOf(value);
  if (plain === Infinity) return "inf";
  if (plain === -Infinity) return "-inf";
  // Text that looks like a number stays text.
  if (typeof plain === "string" && (NUMBER.test(plain) || WORD.test(plain)))
    return `"${plain}"`;
  return String(plain ?? "null");
}
