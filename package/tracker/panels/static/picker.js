// A list of columns to choose from: with a search, in an order that can be changed.
import { titleOf } from "./cells.js";
import { h, icon, iconButton } from "./dom.js";

const SHOWN = 300;

// `options`: all (ids), chosen (ids in order), onChange(chosen), pinned (a Set or nothing) with
// onPin(id), hint(id).
export function picker(options) {
  const { all, onChange, onPin, pinned, hint = () => "" } = options;
  let chosen = [...options.chosen];
  const search = h("input", {
    type: "search",
    placeholder: "Search columns",
    "aria-label": "Search columns",
    oninput: () => fill(),
  });
  const mine = h("div", { class: "tkp-picked", role: "list" });
  const others = h("div", { class: "tkp-pickable", role: "list" });
  const more = h("p", { class: "tkp-empty" });

  const change = (next) => {
    chosen = next;
    onChange(chosen);
    fill();
  };
  const move = (id, by) => {
    const place = chosen.indexOf(id);
    const next = chosen.filter((each) => each !== id);
    next.splice(Math.max(0, place + by), 0, id);
    change(next);
    mine.querySelector(`[data-id="${CSS.escape(id)}"] .tkp-move`)?.focus();
  };
  const row = (id) => {
    const isChosen = chosen.includes(id);
    const box = h("input", {
      type: "checkbox",
      checked: isChosen,
      onchange: () =>
        change(
          isChosen ? chosen.filter((each) => each !== id) : [...chosen, id],
        ),
    });
    const label = h(
      "label",
      { title: id },
      box,
      h("span", { class: "tkp-pick-name" }, titleOf(id)),
      h("small", {}, hint(id)),
    );
    const node = h("div", { class: "tkp-pick", role: "listitem" }, label);
    node.dataset.id = id;
    if (isChosen && onPin)
      node.append(
        iconButton(
          "pin",
          `Pin ${titleOf(id)}`,
          () => {
            onPin(id);
            fill();
          },
          { "aria-pressed": String(pinned.has(id)) },
        ),
      );
    if (isChosen) node.append(handle(id, node));
    return node;
  };
  // Dragged, or moved with the arrow keys.
  const handle = (id, node) => {
    const grip = h(
      "button",
      {
        type: "button",
        class: "tkp-icon-button tkp-move",
        title: "Drag, or use the arrow keys",
        "aria-label": `Move ${titleOf(id)}`,
        onkeydown: (event) => {
          const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
          if (!by) return;
          event.preventDefault();
          move(id, by);
        },
        onpointerdown: (event) => drag(event, id, node, grip),
      },
      icon("grip"),
    );
    return grip;
  };
  const drag = (event, id, node, grip) => {
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    node.classList.add("tkp-dragged");
    const over = ({ clientY }) => {
      const rows = [...mine.children].filter((each) => each !== node);
      const next = rows.find((each) => {
        const { top, height } = each.getBoundingClientRect();
        return clientY < top + height / 2;
      });
      mine.insertBefore(node, next ?? null);
    };
    grip.addEventListener("pointermove", over);
    grip.addEventListener(
      "pointerup",
      () => change([...mine.children].map((each) => each.dataset.id)),
      { once: true },
    );
  };
  const fill = () => {
    const wanted = search.value.trim().toLowerCase();
    const fits = (id) => id.toLowerCase().includes(wanted);
    const rest = all.filter((id) => !chosen.includes(id) && fits(id));
    mine.replaceChildren(...chosen.filter(fits).map(row));
    others.replaceChildren(...rest.slice(0, SHOWN).map(row));
    more.hidden = rest.length <= SHOWN;
    more.textContent = `${rest.length - SHOWN} more: search for them.`;
  };
  fill();
  return h("div", { class: "tkp-picker" }, search, mine, others, more);
}
