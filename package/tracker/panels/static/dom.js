// Makes elements. Text is always set as text, never as markup: what runs log is not trusted.

const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";

export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

export function mathml(tag, props = {}, ...children) {
  return fill(document.createElementNS(MATHML, tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(
    ...children.filter((child) => child !== null && child !== undefined),
  );
  return node;
}

const ICONS = {
  chevron: "M6 4l4 4-4 4",
  expand: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5l-4.5 4.5M2.5 13.5l4.5-4.5",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v2.8h2.8",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.4 10.4l3.1 3.1",
  taller: "M8 2v12M5 5l3-3 3 3M5 11l3 3 3-3",
  shorter: "M8 1v5M8 15v-5M5 3.5l3 3 3-3M5 12.5l3-3 3 3",
  down: "M5 6.5l3 3 3-3",
  filter: "M2.5 3.5h11l-4.2 5v4l-2.6 1v-5z",
  pin: "M6 2.5h4v4l2 2.5H4L6 6.5zM8 9v4.5",
  grip: "M6 3.5v.1M10 3.5v.1M6 8v.1M10 8v.1M6 12.5v.1M10 12.5v.1",
  more: "M8 3.5v.1M8 8v.1M8 12.5v.1",
  plus: "M8 3v10M3 8h10",
  edit: "M3 13l.5-2.5 7.5-7.5 2 2-7.5 7.5z",
  gear: "M8 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4zM8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6L5 5M11 11l1.4 1.4M12.4 3.6L11 5M5 11l-1.4 1.4",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
};

export function icon(name) {
  const shape = svg("path", { d: ICONS[name] });
  return svg(
    "svg",
    { class: "tkp-icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    shape,
  );
}

export function iconButton(name, label, onclick, more = {}) {
  return h(
    "button",
    {
      class: "tkp-icon-button",
      type: "button",
      title: label,
      "aria-label": label,
      onclick,
      ...more,
    },
    icon(name),
  );
}

// Sets text only where it changed, so that a page at rest stays at rest.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Puts nodes into an element in order, and leaves alone those that stand there already.
export function keep(parent, nodes) {
  nodes.forEach((node, place) => {
    const there = parent.children[place];
    if (there !== node) parent.insertBefore(node, there ?? null);
  });
  while (parent.children.length > nodes.length) parent.lastChild.remove();
}
