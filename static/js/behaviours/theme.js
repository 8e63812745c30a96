/** Light, dark, or as the system says: at once, and for the next pages by a cookie that the server reads. */
import { on } from "../lib/dom.js";

const YEAR = 31_536_000;

/** @param {HTMLElement} root the form that holds the choice */
export function bind(root) {
  on(root, "change", event => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.name !== "theme") return;
    if (field.value) document.documentElement.dataset.theme = field.value;
    else delete document.documentElement.dataset.theme;
    const age = field.value ? YEAR : 0;
    document.cookie = `theme=${field.value}; Path=/; Max-Age=${age}; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
  });
}
