// Questions that stand in front of everything until they are answered.
import { h } from "./dom.js";

// Resolves to the value of the pressed button, "" if the question was put away. A button is
// [text, value, { isMain, isBad }].
export function question(panel, title, content, buttons) {
  return new Promise((resolve) => {
    const form = h(
      "form",
      { method: "dialog" },
      h("h4", {}, title),
      h("div", { class: "tkp-question-body" }, ...content),
      h(
        "div",
        { class: "tkp-answers" },
        ...buttons.map(([text, value, more = {}]) =>
          h(
            "button",
            {
              value,
              class: [
                "tkp-button",
                more.isMain && "tkp-main",
                more.isBad && "tkp-danger",
              ]
                .filter(Boolean)
                .join(" "),
              formnovalidate: value === "",
            },
            text,
          ),
        ),
      ),
    );
    const dialog = h(
      "dialog",
      {
        class: "tkp tkp-question",
        "aria-label": title,
        "data-lm-suppress-shortcuts": "true",
      },
      form,
    );
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key !== "Enter" || !event.target.matches("input")) return;
      // Enter stands for the main answer and not for the first.
      event.preventDefault();
      const main = form.querySelector(".tkp-main");
      if (form.reportValidity()) dialog.close(main?.value ?? "");
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    panel.node.append(dialog);
    dialog.showModal();
    const first = form.querySelector("input, textarea, select");
    (first ?? form.querySelector(".tkp-main"))?.focus();
    first?.select?.();
  });
}

export async function confirmed(panel, title, text, verb) {
  const answer = await question(
    panel,
    title,
    [h("p", {}, text)],
    [
      ["Cancel", ""],
      [verb, "yes", { isMain: true, isBad: true }],
    ],
  );
  return answer === "yes";
}

// Resolves to the text that was written, null if the question was put away.
export async function written(panel, title, label, value, verb = "Save") {
  const field = h("input", {
    type: "text",
    value,
    required: true,
    maxlength: "200",
  });
  const answer = await question(
    panel,
    title,
    [h("label", {}, h("span", {}, label), field)],
    [
      ["Cancel", ""],
      [verb, "yes", { isMain: true }],
    ],
  );
  return answer === "yes" ? field.value : null;
}
