/** A question that may be put off: «Не сейчас» hides it on this device, for this person. */
import { $ } from "../lib/dom.js";

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  const key = `journal:${page.me}:later:${root.dataset.later}`;
  if (localStorage.getItem(key)) root.hidden = true;
  $(root, "[data-later-button]")?.addEventListener("click", () => {
    localStorage.setItem(key, new Date().toISOString());
    root.hidden = true;
  });
}
