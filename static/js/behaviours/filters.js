/** A choice among the filters is sent at once; the button is for those without a script. */
import { $, on } from "../lib/dom.js";

/** @param {HTMLElement} root the form */
export function bind(root) {
  if (!(root instanceof HTMLFormElement)) return;
  const button = $(root, "[data-part=go]");
  if (button) button.hidden = true;
  on(root, "change", () => root.requestSubmit());
  on(root, "submit", () => {
    for (const field of root.elements) // empty choices would only make the address long
      if (field instanceof HTMLSelectElement && !field.value) field.disabled = true;
  });
  on(window, "pageshow", () => {
    for (const field of root.elements) if (field instanceof HTMLSelectElement) field.disabled = false;
  });
}
