/** Where there is no room for the panel: its content moves into a bottom sheet while that is open, and back when it closes. One copy, one state. */
import { $ } from "../lib/dom.js";

/** @param {HTMLElement} root */
export function bind(root) {
  if (!(root instanceof HTMLDialogElement)) return;
  const panel = $(document, ".panel[data-live=panel]");
  if (!panel) return;
  const move = (/** @type {HTMLElement} */ from, /** @type {HTMLElement} */ to) => {
    to.append(...from.childNodes);
    to.dataset.live = "panel";
    delete from.dataset.live;
  };
  const opened = () => { if (panel.dataset.live) move(panel, root); };
  const closed = () => { if (root.dataset.live) move(root, panel); };
  const onclick = (/** @type {MouseEvent} */ event) => {
    if (event.target === root && (event.clientY < root.getBoundingClientRect().top)) root.close();
    if (event.target instanceof Element && event.target.closest("[data-opens=say]")) {
      root.close();
      document.querySelector("#say textarea") instanceof HTMLElement && /** @type {HTMLElement} */ (document.querySelector("#say textarea")).focus();
    }
  };
  const wide = matchMedia("(min-width: 1101px)");
  const onwide = () => { if (wide.matches && root.open) root.close(); };
  const acted = (/** @type {Event} */ event) => { if (root.open && !(event instanceof CustomEvent && event.detail?.refused)) root.close(); };
  root.addEventListener("opened", opened);
  if (root.open) opened(); // pressed before this came
  root.addEventListener("close", closed);
  root.addEventListener("click", onclick);
  wide.addEventListener("change", onwide);
  document.addEventListener("journal:acted", acted);
  return () => {
    wide.removeEventListener("change", onwide);
    document.removeEventListener("journal:acted", acted);
  };
}
