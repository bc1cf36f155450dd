// Cards that are dragged to another place, or made larger and smaller, by the pointer.

export const COLUMNS = 12;
export const HEIGHTS = [80, 1200];
export const bounded = (value, low, high) =>
  Math.min(Math.max(value, low), high);

export function drag(event, card, arranger) {
  if (event.button !== 0) return;
  event.preventDefault();
  card.grip.focus();
  card.grip.setPointerCapture(event.pointerId);
  let target = null;
  const mark = (isOn) => {
    target?.node.classList.toggle(target.style, isOn);
  };
  const over = ({ clientX, clientY }) => {
    mark(false);
    target = targetAt(clientX, clientY, card, arranger.panel.node);
    mark(true);
    card.node.classList.add("tkp-dragged");
  };
  const end = () => {
    mark(false);
    card.grip.removeEventListener("pointermove", over);
    card.node.classList.remove("tkp-dragged");
    if (target) arranger.move(card.name, target.section, target.before);
  };
  card.grip.addEventListener("pointermove", over);
  card.grip.addEventListener("lostpointercapture", end, { once: true });
}

// What a card that is dropped there comes before.
function targetAt(x, y, dragged, root) {
  const over = document.elementsFromPoint(x, y);
  const node = over
    .map((each) => each.closest?.("[data-panel]"))
    .find((each) => each && each !== dragged.node && root.contains(each));
  const section = (node ?? over[0])?.closest?.("[data-section]");
  if (!section || !root.contains(section)) return null;
  const name = section.dataset.section;
  if (!node)
    return {
      section: name,
      before: null,
      node: section,
      style: "tkp-drop-into",
    };
  const { left, width } = node.getBoundingClientRect();
  const isRight = x > left + width / 2;
  const next = isRight ? node.nextElementSibling : node;
  return {
    section: name,
    before: next?.dataset.panel ?? null,
    node,
    style: isRight ? "tkp-drop-right" : "tkp-drop-left",
  };
}

export function resize(event, card, arranger) {
  event.preventDefault();
  const corner = event.target;
  corner.setPointerCapture(event.pointerId);
  const rect = card.node.getBoundingClientRect();
  const tall = card.stage.offsetHeight;
  const column = card.node.parentNode.clientWidth / COLUMNS;
  let size = null;
  const over = ({ clientX, clientY }) => {
    size = {
      width: bounded(Math.round((clientX - rect.left) / column), 2, COLUMNS),
      height: bounded(Math.round(tall + clientY - rect.bottom), ...HEIGHTS),
    };
    card.node.style.setProperty("--tkp-span", size.width);
    card.stage.style.height = `${size.height}px`;
  };
  corner.addEventListener("pointermove", over);
  corner.addEventListener(
    "lostpointercapture",
    () => {
      corner.removeEventListener("pointermove", over);
      if (size) arranger.change(card.name, size);
    },
    { once: true },
  );
}
