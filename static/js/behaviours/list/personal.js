/** What a list's row says to one reader only; the rendering that comes over the socket is the same for everybody. */
import { $, $$, plural } from "../../lib/dom.js";

/**
 * «Вы», and how much is unread where the page has not said it itself.
 * @param {HTMLElement} root a row, or the list for its rows as the page rendered them
 * @param {{me: string, locale: string}} page @param {DOMStringMap} words `you`, `unread…` @param {number} [unread]
 */
export function personal(root, page, words, unread) {
  for (const name of $$(root, `[data-person="${CSS.escape(page.me)}"]`)) name.textContent = words.you ?? "";
  if (unread === undefined) return;
  root.classList.toggle(root instanceof HTMLTableRowElement ? "unread" : "new", unread > 0);
  const badge = $(root, "[data-part=unread]");
  if (!badge) return;
  badge.hidden = !unread;
  $(root, "[data-part=read]")?.toggleAttribute("hidden", unread > 0);
  badge.children[0]?.replaceChildren(unread > 99 ? "99+" : String(unread));
  badge.children[1]?.replaceChildren(plural(words, "unread", unread, page.locale));
}
