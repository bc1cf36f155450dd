// What opens beside a button: menus and small forms, in the browser's top layer.
import { h, icon, setText } from "./dom.js";

const GAP = 4;

// Opens `content` below an element or at a point { x, y }, until something else is pressed.
export function popup(panel, anchor, label, ...content) {
  const node = h("div", {
    class: "tkp tkp-popup",
    popover: "auto",
    role: "dialog",
    "aria-label": label,
    "data-lm-suppress-shortcuts": "true",
  });
  node.append(...content);
  node.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Escape") return;
    // Or the browser would close the large chart below it as well.
    event.preventDefault();
    node.hidePopover();
  });
  node.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") return;
    const isInside = node.contains(document.activeElement);
    node.remove();
    anchor.setAttribute?.("aria-expanded", "false");
    if (isInside || document.activeElement === document.body) anchor.focus?.();
    node.dispatchEvent(new Event("closed"));
  });
  // What is open above the panel lets nothing outside of it be pressed.
  (anchor.closest?.("dialog") ?? panel.node).append(node);
  node.showPopover();
  anchor.setAttribute?.("aria-expanded", "true");
  place(node, anchor);
  const first = node.querySelector("[autofocus], input, button, select");
  first?.focus({ preventScroll: true });
  return node;
}

function place(node, anchor) {
  const rect = anchor.getBoundingClientRect?.() ?? {
    left: anchor.x,
    top: anchor.y,
    bottom: anchor.y,
  };
  const { offsetWidth: width, offsetHeight: height } = node;
  const left = Math.min(rect.left, innerWidth - width - GAP);
  let top = rect.bottom + GAP;
  if (top + height > innerHeight && rect.top - GAP - height > 0)
    top = rect.top - GAP - height;
  node.style.left = `${Math.max(GAP, left)}px`;
  node.style.top = `${Math.max(GAP, Math.min(top, innerHeight - height - GAP))}px`;
}

// Opens a menu of [text, action, { checked, icon, isBad, disabled }] rows; null is a line between.
export function menu(panel, anchor, label, rows) {
  const node = h("div", {
    class: "tkp-menu",
    role: "menu",
    "aria-label": label,
  });
  let opened = null;
  for (const row of rows) {
    if (!row) {
      node.append(h("hr", {}));
      continue;
    }
    const [text, action, more = {}] = row;
    const item = h(
      "button",
      {
        type: "button",
        class: more.isBad ? "tkp-bad" : undefined,
        role: "checked" in more ? "menuitemcheckbox" : "menuitem",
        "aria-checked": "checked" in more ? String(more.checked) : undefined,
        disabled: more.disabled,
        onclick: () => {
          opened.hidePopover();
          action();
        },
      },
      h("span", { class: "tkp-check" }, more.checked ? "✓" : ""),
      h("span", {}, text),
      more.hint ? h("small", {}, more.hint) : null,
    );
    node.append(item);
  }
  node.addEventListener("keydown", (event) => step(event, node));
  opened = popup(panel, anchor, label, node);
  return opened;
}

function step(event, node) {
  const items = [...node.querySelectorAll("button:not(:disabled)")];
  const place = items.indexOf(document.activeElement);
  const next = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items[(next + items.length) % items.length]?.focus();
}

// A button that opens something; `say(text)` changes what stands on it.
export function opener(text, label, onclick, more = {}) {
  const button = h(
    "button",
    {
      type: "button",
      class: "tkp-opener",
      "aria-haspopup": "dialog",
      "aria-expanded": "false",
      title: label,
      onclick,
      ...more,
    },
    h("span", {}),
    icon("down"),
  );
  button.say = (said) => {
    setText(button.firstChild, said);
    button.setAttribute("aria-label", `${said}: ${label}`);
  };
  button.say(text);
  return button;
}
