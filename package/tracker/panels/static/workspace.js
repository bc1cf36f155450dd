// The workspace that the kernel has open, and changes of it on their way there.

const DEBOUNCE_MS = 250;

export class Workspace {
  constructor(panel) {
    this.panel = panel;
    this.state = { name: "default", names: [], content: {} };
    this.sections = [];
    this.pending = null;
  }

  get content() {
    return this.state.content;
  }

  get runset() {
    return this.content.runset ?? {};
  }

  // What comes from the kernel does not undo what is on its way to it.
  receive(state) {
    this.state = state;
    if (this.pending)
      this.state = { ...state, content: merged(state.content, this.pending) };
  }

  // Changes the document by a merge patch: null takes a field away.
  patch(change, isUrgent = true) {
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
    this.panel.ask({ type: "workspace", patch });
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

// A document changed by a merge patch (RFC 7396), as tracker.panels.workspace does it.
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
