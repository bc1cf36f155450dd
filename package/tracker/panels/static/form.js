// The small form with which a panel is made and changed; its fields come from the kernel.
import { h } from "./dom.js";
import { question } from "./dialogs.js";
import { picker } from "./picker.js";

let lists = 0;

// Resolves to the panel's fields, null if the form was put away.
export async function panelForm(panel, kind, spec, verb) {
  const values = { ...kind.defaults, ...spec };
  const title = { name: "title", label: "Title", type: "text" };
  const fields = [title, ...kind.fields].map((field) =>
    make(panel, field, values),
  );
  const answer = await question(
    panel,
    kind.title,
    fields.map(({ node }) => node),
    [
      ["Cancel", ""],
      [verb, "yes", { isMain: true }],
    ],
  );
  if (!answer) return null;
  return Object.fromEntries(fields.map(({ name, read }) => [name, read()]));
}

function make(panel, field, values) {
  const value = values[field.name];
  const [node, read] = (MAKERS[field.type] ?? MAKERS.text)(panel, field, value);
  const isGroup = field.type === "columns" || field.type === "keys";
  const label = h("span", {}, field.label);
  const whole = isGroup
    ? h("div", { role: "group", "aria-label": field.label }, label, node)
    : h("label", {}, label, node);
  if (field.type === "flag") whole.classList.add("tkp-flag");
  return { name: field.name, node: whole, read };
}

const MAKERS = {
  text: (_, field, value) => {
    const node = h("input", {
      type: "text",
      value: value ?? "",
      placeholder: field.hint,
    });
    return [node, () => node.value];
  },
  lines: (_, field, value) => {
    const node = h("textarea", { rows: "7", placeholder: field.hint });
    node.value = value ?? "";
    return [node, () => node.value];
  },
  number: (_, field, value) => {
    const node = h("input", {
      type: "number",
      step: "any",
      value: value ?? "",
      placeholder: field.hint,
    });
    return [node, () => (node.value === "" ? null : Number(node.value))];
  },
  flag: (_, field, value) => {
    const node = h("input", { type: "checkbox", checked: !!value });
    return [node, () => node.checked];
  },
  choice: (_, field, value) => {
    const options = field.options.map((each) =>
      h("option", { value: each }, each),
    );
    const node = h("select", {}, ...options);
    node.value = value ?? field.options[0];
    return [node, () => node.value];
  },
  column: (panel, field, value) => suggested(columnsOf(panel), field, value),
  key: (panel, field, value) => suggested(panel.menu.metrics, field, value),
  columns: (panel, field, value) => several(columnsOf(panel), value),
  keys: (panel, field, value) => several(panel.menu.metrics, value),
};

const columnsOf = (panel) => [...(panel.header.known?.keys() ?? [])];

// One of many, written with the help of suggestions.
function suggested(all, field, value) {
  const list = h("datalist", { id: `tkp-list-${(lists += 1)}` });
  list.append(...all.map((each) => h("option", { value: each })));
  const input = h("input", {
    type: "text",
    list: list.id,
    value: value ?? "",
    placeholder: field.hint,
  });
  const node = h("span", { class: "tkp-suggested" }, input, list);
  return [node, () => input.value.trim() || null];
}

function several(all, value) {
  let chosen = Array.isArray(value) ? value : [];
  const node = picker({
    all,
    chosen,
    onChange: (next) => (chosen = next),
  });
  return [node, () => chosen];
}
