/** The code field: digits only, also out of a pasted sentence; the sixth sends it. */
import { on } from "../lib/dom.js";

/** @param {HTMLElement} root the form */
export function bind(root) {
  const field = root.querySelector("input");
  if (!(root instanceof HTMLFormElement) || !field) return;
  let sent = false;
  const button = root.querySelector("button");
  field.removeAttribute("maxlength"); // «Код 407 192» pasted whole would lose its end
  const take = () => {
    const digits = field.value.replace(/\D/g, "").slice(0, 6);
    if (digits !== field.value) field.value = digits;
    button?.setAttribute("aria-disabled", String(digits.length < 6));
    if (digits.length === 6 && !sent && field.ariaInvalid !== "true") root.requestSubmit();
  };
  on(field, "input", () => {
    field.removeAttribute("aria-invalid");
    take();
  });
  on(root, "submit", event => {
    if (sent || field.value.length < 6) event.preventDefault();
    else sent = true;
    if (!sent) field.focus();
  });
  on(window, "pageshow", () => { sent = false; });
  take(); // the demo, or the browser, has filled it in
}
