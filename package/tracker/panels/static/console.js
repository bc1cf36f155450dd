// The last lines that a run printed.
import { h, icon } from "./dom.js";

const ESCAPE = "\u001b";
const COLOURS = [
  "black",
  "red",
  "green",
  "yellow",
  "blue",
  "magenta",
  "cyan",
  "white",
];

export class Console {
  constructor(panel) {
    this.panel = panel;
    this.body = h("pre", {
      class: "tkp-lines",
      tabindex: "0",
      "aria-label": "Console",
    });
    this.body.hidden = true;
    this.toggle = h(
      "button",
      {
        class: "tkp-section-head",
        type: "button",
        "aria-expanded": "false",
        onclick: () => this.show(this.body.hidden),
      },
      icon("chevron"),
      h("span", {}, "Console"),
    );
    this.node = h("div", { class: "tkp-console" }, this.toggle, this.body);
  }

  show(isOpen) {
    this.body.hidden = !isOpen;
    this.toggle.setAttribute("aria-expanded", String(isOpen));
    this.panel.settings.hasConsole = isOpen;
    if (isOpen && !this.body.firstChild)
      this.body.append("Nothing was printed yet.");
    this.panel.tellView();
  }

  receive({ lines }) {
    const { body } = this;
    const isAtEnd = body.scrollTop + body.clientHeight >= body.scrollHeight - 8;
    const rows = lines.map(([, stream, text]) =>
      h(
        "span",
        { class: stream === "stderr" ? "tkp-stderr" : undefined },
        ...coloured(text),
        "\n",
      ),
    );
    body.replaceChildren(...rows);
    if (isAtEnd) body.scrollTop = body.scrollHeight;
  }
}

// Splits a line at its colour codes; what else a terminal would understand is left out.
export function coloured(text) {
  const spans = [];
  let classes = [];
  // eslint-disable-next-line no-control-regex
  for (const part of text.split(/(\x1b\[[0-9;:]*m)/)) {
    // eslint-disable-next-line no-control-regex
    const code = /^\x1b\[([0-9;:]*)m$/.exec(part);
    if (code) classes = restyled(classes, code[1]);
    else if (part) {
      const style = { class: classes.join(" ") || null };
      spans.push(h("span", style, part.replaceAll(ESCAPE, "")));
    }
  }
  return spans;
}

function restyled(classes, codes) {
  let kept = classes;
  for (const number of codes.split(/[;:]/).map(Number)) {
    if (number === 0) kept = [];
    else if (number === 1) kept = [...kept, "tkp-bold"];
    else if (number === 39) kept = kept.filter((name) => name === "tkp-bold");
    else {
      const colour = COLOURS[number >= 90 ? number - 90 : number - 30];
      if (colour)
        kept = [
          ...kept.filter((name) => name === "tkp-bold"),
          `tkp-ansi-${colour}`,
        ];
    }
  }
  return kept;
}
