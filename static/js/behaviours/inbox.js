/** What is unread, wherever one is: the number in the tab's title and beside «Непрочитанные». */
import { $$ } from "../lib/dom.js";

/** @param {HTMLElement} _root @param {import("../lib/page.js").Page} page */
export function bind(_root, page) {
  const title = document.title;
  /** @type {Map<number, number>} ticket → unread */
  const unread = new Map();

  const show = () => {
    const total = [...unread.values()].reduce((sum, n) => sum + n, 0);
    document.title = total ? `(${total > 99 ? "99+" : total}) ${title}` : title;
    count("unread", unread.size);
  };
  const room = page.room("inbox");
  const offs = [
    room.on("items", frame => {
      unread.clear();
      for (const item of frame.items) if (item.unread) unread.set(item.ticket, item.unread);
      show();
    }),
    room.on("inbox", frame => {
      if (frame.unread) unread.set(frame.ticket, frame.unread);
      else unread.delete(frame.ticket);
      show();
    }),
  ];
  return () => { for (const off of offs) off(); };
}

/** Writes a number into every place that shows it. @param {string} key @param {number} n */
export function count(key, n) {
  for (const place of $$(document, `[data-count="${key}"]`)) {
    place.textContent = String(n);
    if (place.dataset.keep === undefined) place.hidden = !n;
  }
}
