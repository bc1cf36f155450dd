// Turns HTML that came from the kernel into elements, and keeps only those that can do no harm.
import { h, mathml } from "./dom.js";

const TAGS = new Set(
  (
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img input " +
    "ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot " +
    "th thead tr u ul"
  ).split(" "),
);
const ATTRIBUTES = {
  "*": ["class", "title", "colspan", "rowspan", "scope", "align"],
  a: ["href"],
  img: ["src", "alt", "width", "height"],
  ol: ["start"],
  details: ["open"],
  input: ["type", "checked", "disabled"],
};
// Formulas, as figures/clean.py lets them through.
const MATH_TAGS = new Set(
  (
    "math menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom " +
    "mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr " +
    "munder munderover none semantics"
  ).split(" "),
);
const MATH_ATTRIBUTES = (
  "accent columnalign columnlines columnspacing depth display displaystyle fence form height " +
  "largeop linethickness lspace mathvariant maxsize minsize movablelimits notation rowlines " +
  "rowspacing rspace scriptlevel separator stretchy symmetric voffset width"
).split(" ");
const LINK = /^(https?:|mailto:|#)/i;
// Only pictures that bring their content: a page at rest asks nobody for anything.
const PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,/i;

export function markup(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const found = document.createDocumentFragment();
  found.append(...copies(parsed.body));
  return found;
}

function copies(node) {
  return [...node.childNodes].flatMap((child) => {
    if (child.nodeType === Node.TEXT_NODE) return [child.textContent];
    if (child.nodeType !== Node.ELEMENT_NODE) return [];
    const tag = child.localName;
    if (tag === "script" || tag === "style") return [];
    if (MATH_TAGS.has(tag))
      return [mathml(tag, formula(child), ...copies(child))];
    if (!TAGS.has(tag)) return copies(child);
    if (tag === "input" && child.type !== "checkbox") return [];
    return [h(tag, attributes(tag, child), ...copies(child))];
  });
}

function formula(node) {
  const held = MATH_ATTRIBUTES.filter((name) => node.hasAttribute(name));
  return Object.fromEntries(
    held.map((name) => [name, node.getAttribute(name) || true]),
  );
}

function attributes(tag, node) {
  const kept = {};
  for (const name of [...ATTRIBUTES["*"], ...(ATTRIBUTES[tag] ?? [])]) {
    const value = node.getAttribute(name);
    if (value === null) continue;
    if (name === "href" && !LINK.test(value.trim())) continue;
    if (name === "src" && !PICTURE.test(value.trim())) continue;
    kept[name] = value || true;
  }
  if (tag === "a") Object.assign(kept, { target: "_blank", rel: "noopener" });
  if (tag === "input") kept.disabled = true;
  return kept;
}
