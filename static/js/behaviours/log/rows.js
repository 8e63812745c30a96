/** Rows of the timeline as elements: what the browser adds to the one rendering that is the same for everybody. */
import { $, $$, element, fill } from "../../lib/dom.js";
import { paint } from "../../lib/faces.js";
import { paintTimes } from "../../lib/time.js";
import { keyOf } from "../../lib/timeline.js";

/** @typedef {import("../../lib/timeline.js").Row} Row */
/** @typedef {import("../../lib/timeline.js").Line} Line */

export const EDITABLE = 15 * 60_000;

/** @param {HTMLElement} row @returns {Row} */
export function read(row) {
  /** @type {Line} */
  const line = row.id.startsWith("n") ? "staff" : "public";
  const seq = Number(row.dataset.seq);
  return {
    key: keyOf(line, seq), line, seq, at: Date.parse(row.dataset.at ?? ""), kind: row.dataset.kind ?? "",
    author: row.dataset.author ?? "", id: row.dataset.id, first: row.classList.contains("first"),
  };
}

/** A row that came over the socket or from an older page. @param {any} event @param {Line} line @returns {HTMLElement | null} */
export function arrived(event, line) {
  if (event.html) return element(event.html);
  return event.deleted && event.kind === "message" ? gone(event, line) : null;
}

/** A deleted message is replayed without its rendering: only that it was there. @param {any} event @param {Line} line */
function gone(event, line) {
  const row = fill(line === "staff" ? "note-gone" : "row-gone", { name: event.author.name });
  row.id = `${line === "staff" ? "n" : "m"}${event.seq}`;
  Object.assign(row.dataset, { seq: event.seq, kind: event.kind, author: event.author.id, at: event.at });
  const time = row.querySelector("time");
  if (time) time.dateTime = event.at;
  const face = $(row, ".av");
  const name = $(row, ".who b");
  if (face) paint(face, event.author);
  if (name) name.dataset.person = event.author.id;
  return row;
}

/** Mine, «Вы», the viewer's zone. @param {HTMLElement} row @param {{me: string, clock: import("../../lib/time.js").Clock}} page @param {string} you */
export function personal(row, page, you) {
  const mine = row.dataset.author === page.me;
  if (mine && row.dataset.kind === "message" && !row.classList.contains("note") && !row.classList.contains("first")) row.classList.add("mine");
  for (const name of $$(row, `[data-person="${CSS.escape(page.me)}"]`)) {
    if (name.dataset.whole === undefined) name.textContent = you;
  }
  if (mine) $(row, ".who .org")?.remove();
  paintTimes(row, page.clock);
}

/** Where an author comes from, which the log's PERSON doesn't say: our people by position, clients by organisation. @param {HTMLElement} row @param {Record<string, string>} posts positions by id, and `clients` */
export function whence(row, posts) {
  const post = posts[row.dataset.author ?? ""] ?? "";
  const spot = $(row, ".who .org");
  const told = $(row, ".av.staff") ? post : posts.clients;
  if (spot && told) spot.textContent = told;
  const signed = $(row, ".stamp [data-whole]");
  if (!signed || !post) return;
  signed.dataset.whole ||= signed.textContent ?? "";
  signed.textContent = `${signed.dataset.whole}, ${post[0]?.toLowerCase()}${post.slice(1)}`;
}

/** A status that an estimate, a decision or an assignment brought along is said in their row. @param {HTMLElement | undefined} above @param {HTMLElement} status @param {boolean} joined */
export function carry(above, status, joined) {
  status.hidden = joined;
  const body = above && $(above, ".b");
  if (!joined || !body || above.dataset.kind === "approval" || $(body, "[data-carried]")) return;
  const said = document.createElement("span");
  said.dataset.carried = "";
  said.append(". ");
  const lead = $(status, ".lead");
  for (let node = lead?.nextSibling; node; node = node.nextSibling) said.append(node.cloneNode(true));
  const spot = $(body, ".est") ?? $(body, ".lock");
  const before = spot ? spot.previousSibling : body.lastChild;
  if (before?.nodeType === 3) before.textContent = before.textContent?.trimEnd() ?? "";
  body.insertBefore(said, spot);
}

/** An edit puts its text in the old row, a deletion empties it. @param {HTMLElement} old @param {HTMLElement} change */
export function amend(old, change) {
  const msg = $(old, ".msg");
  if (!msg) return;
  if (change.dataset.kind === "delete") {
    old.classList.add("gone");
    msg.replaceChildren(...[...change.children].map(child => child.cloneNode(true)));
    $(old, ".re")?.remove();
    $(old, ".edited")?.setAttribute("hidden", "");
    return;
  }
  const text = $(change, ".text");
  const shown = $(msg, ".text");
  if (text && shown) shown.replaceChildren(...[...text.childNodes].map(child => child.cloneNode(true)));
  $(old, ".edited")?.removeAttribute("hidden");
}

/** @param {HTMLElement | null | undefined} row */
export function authorOf(row) {
  return $(row ?? document.createElement("i"), ".who b")?.textContent ?? "";
}

/** The words of a row, for quotes and for those who listen. @param {HTMLElement | null | undefined} row @param {number} most */
export function wordsOf(row, most) {
  const spot = row && ($(row, ".msg .text") ?? $(row, ".b"));
  const text = (spot?.textContent ?? "").replace(/\s+/g, " ").trim();
  return text.length > most ? `${text.slice(0, most).trimEnd()}…` : text;
}

/** What an answer answers. @param {ParentNode} root */
export function quotes(root) {
  for (const link of $$(root, "a.re:not([data-told])")) {
    const quoted = document.getElementById(link.getAttribute("href")?.slice(1) ?? "");
    if (!quoted) continue;
    link.dataset.told = "";
    link.textContent = `${authorOf(quoted)}: ${wordsOf(quoted, 90)}`;
  }
}

/** Puts the wanted children in this order, moving as few as possible. @param {HTMLElement} parent @param {HTMLElement[]} wanted */
export function place(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!(child instanceof HTMLElement) || !keep.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const child of wanted) {
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
}
