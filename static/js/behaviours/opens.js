/** A link that opens what it points to: a dialog, the sheet, or the field to write in. Without JavaScript it is an anchor. */

/** @param {HTMLElement} root */
export function bind(root) {
  const onclick = (/** @type {Event} */ event) => {
    const target = document.getElementById(root.dataset.opens ?? "");
    if (!target) return;
    event.preventDefault();
    if (target instanceof HTMLDialogElement) {
      target.showModal();
      target.dispatchEvent(new CustomEvent("opened"));
    } else target.querySelector("textarea")?.focus();
  };
  root.addEventListener("click", onclick);
  return () => root.removeEventListener("click", onclick);
}
