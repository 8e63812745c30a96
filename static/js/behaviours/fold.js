/** A form that lies folded until wanted: opening puts the cursor in it, «Отмена» and Escape fold it again. */
import { $, $$ } from "../lib/dom.js";

/** @param {HTMLElement} root */
export function bind(root) {
  if (!(root instanceof HTMLDetailsElement)) return;
  const fold = () => {
    root.open = false;
    $(root, "summary")?.focus();
  };
  const ontoggle = () => {
    if (!root.open) return;
    root.scrollIntoView({ block: "nearest" });
    $(root, "textarea, select, input:not([type=hidden])")?.focus();
  };
  const onclick = (/** @type {Event} */ event) => {
    if (event.target instanceof Element && event.target.closest("[data-fold]")) fold();
  };
  const onkey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !root.open) return;
    event.stopPropagation();
    fold();
  };
  // A page refresh keeps what was open; only a person's own press moves the cursor.
  const opened = () => setTimeout(ontoggle, 0);
  for (const summary of $$(root, "summary")) summary.addEventListener("click", opened);
  root.addEventListener("click", onclick);
  root.addEventListener("keydown", onkey);
  return () => {
    root.removeEventListener("click", onclick);
    root.removeEventListener("keydown", onkey);
  };
}
