/** How many requests hold something unread, wherever one is: the same number in the tab's title and beside «Непрочитанные». */
import { $$ } from "../lib/dom.js";

/** @param {HTMLElement} _root @param {import("../lib/page.js").Page} page */
export function bind(_root, page) {
  const title = document.title;
  /** @type {Set<number>} tickets */
  const unread = new Set();

  const show = () => {
    document.title = unread.size ? `(${unread.size > 99 ? "99+" : unread.size}) ${title}` : title;
    count("unread", unread.size);
  };
  const room = page.room("inbox");
  const offs = [
    room.on("items", frame => {
      unread.clear();
      for (const item of frame.items) if (item.unread) unread.add(item.ticket);
      show();
    }),
    room.on("inbox", frame => {
      if (frame.unread) unread.add(frame.ticket);
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
