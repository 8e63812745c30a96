/** A side dialog: closes by its crosses, by Escape and by a press beside it; gives the focus back by itself. */

/** @param {HTMLElement} root */
export function bind(root) {
  if (!(root instanceof HTMLDialogElement)) return;
  const onclick = (/** @type {MouseEvent} */ event) => {
    const cross = event.target instanceof Element && event.target.closest("[data-close]");
    if (!cross && event.target !== root) return;
    event.preventDefault();
    root.close();
  };
  root.addEventListener("click", onclick);
  if (location.hash === `#${root.id}`) root.showModal();
  return () => root.removeEventListener("click", onclick);
}
