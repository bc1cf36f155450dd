// Puts a panel into an output; what static/loader.js asks the kernel for.
import { Link } from "./link.js";
import { Panel } from "./panel.js";

const STYLE_ID = "tracker-panel-style";

function dress(text) {
  if (document.getElementById(STYLE_ID)?.textContent === text) return;
  document.getElementById(STYLE_ID)?.remove();
  const style = document.createElement("style");
  style.id = STYLE_ID;
  style.textContent = text;
  document.head.append(style);
}

export function mount({ el, model, link }) {
  const message = link.mail.find(([content]) => content.type === "app");
  if (message) dress(message[0].files[0][1]);
  const [, id, kind] = model.get("panel").split("/");
  const panel = new Panel(el, new Link(link, model), id, kind);
  // Where no kernel answers, who does says so in its own words.
  panel.busy = model.get("busy") ?? panel.busy;
  return () => {
    model.off("msg:custom", link.all);
    panel.dispose();
  };
}
