// The workspace that the kernel has open, and changes of it on their way there.

const DEBOUNCE_MS = 250;
const STRETCH_MS = 1500;

export class Workspace {
  constructor(panel) {
    this.panel = panel;
    this.state = { name: "default", names: [], content: {} };
    this.sections = [];
    this.pending = null;
    this.asked = 0;
    this.waiting = new Map();
    this.past = [];
    this.future = [];
    this.changedMs = 0;
  }

  get content() {
    return this.state.content;
  }

  get curves() {
    return this.content.curves ?? {};
  }

  get runset() {
    return this.content.runset ?? {};
  }

  receive(state) {
    if (this.takes("state", () => this.panel.showState(state)))
      this.state = state;
  }

  // What the kernel says of a state before our last change must not undo that change: it waits
  // until the change is answered. Says whether there is nothing to wait for.
  takes(part, later) {
    if (!this.pending && !this.asked) return true;
    this.waiting.set(part, later);
    return false;
  }

  answered(number) {
    if (!this.asked || number < this.asked) return;
    this.asked = 0;
    if (this.pending) return;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const take of waiting) take();
  }

  // Changes the document by a merge patch: null takes a field away.
  patch(change, isUrgent = true) {
    // What is typed or dragged in one go is undone in one go.
    const isOn = !isUrgent && performance.now() - this.changedMs < STRETCH_MS;
    if (!isOn) this.past.push(this.content);
    this.changedMs = performance.now();
    this.future = [];
    this.change(change, isUrgent);
  }

  undo() {
    this.goTo(this.past.pop(), this.future);
  }

  redo() {
    this.goTo(this.future.pop(), this.past);
  }

  goTo(content, others) {
    if (!content) return;
    others.push(this.content);
    this.change(difference(this.content, content), true);
  }

  change(change, isUrgent) {
    this.state = {
      ...this.state,
      content: merged(this.content, change),
      is_changed: true,
    };
    this.pending = this.pending ? joined(this.pending, change) : change;
    clearTimeout(this.timer);
    if (isUrgent) this.flush();
    else this.timer = setTimeout(() => this.flush(), DEBOUNCE_MS);
  }

  patchRuns(change, isUrgent = true) {
    this.patch({ runset: change }, isUrgent);
  }

  flush() {
    clearTimeout(this.timer);
    if (!this.pending) return;
    const patch = this.pending;
    this.pending = null;
    this.asked = this.panel.ask({ type: "workspace", patch });
  }

  // Sections are saved as a whole, once somebody has arranged them.
  arrange(change, more = {}) {
    const sections = structuredClone(this.sections);
    change(sections);
    this.sections = sections;
    this.panel.grid.arrangeSections(sections);
    this.patch({ sections, ...more });
  }

  dispose() {
    this.flush();
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// A document changed by a merge patch (RFC 7396), as tracker.panels.workspace.workspace does it.
export function merged(target, patch) {
  if (!isObject(patch)) return patch;
  const found = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete found[name];
    else found[name] = merged(found[name], value);
  }
  return found;
}

// Two patches as one; unlike in a document, null stays.
function joined(first, second) {
  const found = { ...first };
  for (const [name, value] of Object.entries(second)) {
    const both = isObject(found[name]) && isObject(value);
    found[name] = both ? joined(found[name], value) : value;
  }
  return found;
}

// The patch that makes one document of another.
export function difference(before, after) {
  const patch = {};
  for (const name of Object.keys(before))
    if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (isObject(old) && isObject(value)) {
      const inner = difference(old, value);
      if (Object.keys(inner).length) patch[name] = inner;
    } else if (JSON.stringify(old) !== JSON.stringify(value))
      patch[name] = value;
  }
  return patch;
}
