/** The eye beside a password. */
import { $, on } from "../lib/dom.js";

/** @param {HTMLElement} root */
export function bind(root) {
  const button = $(root, "button");
  const field = root.querySelector("input");
  if (!button || !field) return;
  button.hidden = false;
  on(button, "click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    field.focus();
  });
  // A password that stays readable must not be what the browser remembers as text.
  on(field.form, "submit", () => { field.type = "password"; });
}
