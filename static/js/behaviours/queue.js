/** A list that lives: rows change where they stand, new ones wait behind a button, nothing moves under the pointer or the focus. */
import { $, $$, fragment, on, plural, say } from "../lib/dom.js";
import { get, post } from "../lib/post.js";
import { paintTimes } from "../lib/time.js";
import { Deadlines } from "./list/deadlines.js";
import { personal } from "./list/personal.js";
import { belongs } from "./list/views.js";
import { count } from "./inbox.js";

const QUIET = 30_000; // between two announcements
const MOST = 200; // rows that joining brings

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  const queue = new Queue(root, page);
  return () => queue.end();
}

class Queue {
  /** Rows that belong here and are not on the screen. @type {Set<number>} */
  fresh = new Set();
  /** What came for a row while the pointer was pressed on it. @type {Map<HTMLElement, any>} */
  #held = new Map();
  /** @type {Element | null} */
  #pressed = null;
  /** Every open ticket that one may see, as far as the socket brings them. @type {Map<number, any>} */
  known = new Map();
  whole = false;
  #counting = false;
  #ends = new AbortController();
  #announced = 0;
  #unheard = 0;
  /** @type {any} */
  #later;

  /** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.words = $(root, "[data-part=words]")?.dataset ?? {};
    this.bar = /** @type {HTMLElement} */ ($(root, "[data-part=fresh]"));
    this.heard = /** @type {HTMLElement} */ ($(root, "[data-part=said]"));
    /** The newest version on the page as it was rendered: whatever is newer and not here came later. */
    this.horizon = Math.max(0, ...this.rows().map(row => Number(row.dataset.v)));
    this.deadlines = new Deadlines(root, this.words, page);
    personal(this.list, page, this.words);
    const room = page.room("queue", { html: true });
    this.offs = [
      room.on("reset", () => { for (const row of this.rows()) row.dataset.v = "0"; }), // whatever comes now is newer
      room.on("rows", frame => this.all(frame.rows)),
      room.on("row", frame => frame.ticket ? this.take(frame.ticket) : this.gone(frame.gone)),
    ];
    on(this.bar, "click", () => this.refresh());
    on(root, "submit", event => { if (event.target.matches("[data-part=claim]")) this.claim(event); });
    on(root, "pointerdown", event => { this.#pressed = event.target.closest("[data-ticket]"); });
    on(window, "pointerup", () => setTimeout(() => this.#release()), { signal: this.#ends.signal });
    on(window, "pointercancel", () => this.#release(), { signal: this.#ends.signal });
    for (const kind of ["pointerleave", "focusout"]) on(root, kind, () => setTimeout(() => this.#settle()));
  }

  end() {
    for (const off of this.offs) off();
    this.#ends.abort();
    this.deadlines.end();
    clearTimeout(this.#later);
  }

  get list() {
    return /** @type {HTMLElement} */ ($(this.root, "[data-part=list]"));
  }

  rows() {
    return $$(this.root, "[data-part=list] [data-ticket]");
  }

  /** @param {number} ticket */
  row(ticket) {
    return $(this.root, `[data-part=list] [data-ticket="${ticket}"]`);
  }

  /** The whole list, on joining and after a break. What is open here and not there any more is gone. @param {any[]} rows */
  all(rows) {
    const there = new Set(rows.map(row => row.number));
    this.whole = rows.length < MOST; // more than a list brings: absence proves nothing
    for (const number of this.known.keys()) if (!there.has(number)) this.known.delete(number);
    for (const row of rows) this.take(row);
    if (!this.whole) return;
    for (const row of this.rows()) if (row.dataset.open && !there.has(Number(row.dataset.ticket))) this.gone(Number(row.dataset.ticket));
  }

  /** One ticket as it is now. @param {any} ticket */
  take(ticket) {
    this.known.set(ticket.number, ticket);
    this.#count();
    const shown = this.row(ticket.number);
    if (shown && Number(shown.dataset.v) > ticket.v) return;
    if (shown) return this.#pressed === shown ? void this.#held.set(shown, ticket) : this.patch(shown, ticket);
    if (ticket.v <= this.horizon || this.fresh.has(ticket.number) || !belongs(ticket, this.root.dataset, this.page.me)) return;
    this.fresh.add(ticket.number);
    this.#show();
    this.#announce(1);
  }

  /** @param {HTMLElement} row @param {any} ticket */
  patch(row, ticket) {
    const within = row.parentElement;
    const next = within && fragment(ticket.html ?? "", within).firstElementChild;
    if (!(next instanceof HTMLElement)) return;
    const place = row.contains(document.activeElement) ? focusables(row).indexOf(/** @type {HTMLElement} */ (document.activeElement)) : -1;
    if (Number(row.dataset.v) < ticket.v) next.classList.add("flash");
    personal(next, this.page, this.words, ticket.unread);
    paintTimes(next, this.page.clock);
    row.replaceWith(next);
    this.deadlines.tick();
    if (row === document.activeElement) next.focus({ preventScroll: true });
    else if (place >= 0) (focusables(next)[place] ?? focusables(next)[0])?.focus({ preventScroll: true });
  }

  /** Closed, or not ours to see any more: nothing of it stays but the space it took. @param {number} ticket */
  gone(ticket) {
    this.known.delete(ticket);
    this.#count();
    if (this.fresh.delete(ticket)) this.#show();
    const row = this.row(ticket);
    if (!row || row.classList.contains("gone")) return;
    const height = row.getBoundingClientRect().height;
    const [blank, text] = row instanceof HTMLTableRowElement ? cellsOf(row) : partsOf(row);
    for (const part of blank) part.replaceChildren();
    if (text) text.textContent = this.words.gone ?? "";
    row.classList.add("gone");
    row.classList.remove("new", "unread");
    row.removeAttribute("href");
    row.setAttribute("height", String(Math.round(height)));
    delete row.dataset.open;
  }

  /** «Показать»: the page as the server would give it now, with its order and groups. */
  async refresh() {
    const answer = await get(location.href);
    const there = answer.ok && typeof answer.body === "string" ? fragment(answer.body) : null;
    const next = there?.querySelector("[data-part=list]");
    if (!(next instanceof HTMLElement)) return this.page.say(this.words.offline ?? "");
    const numbers = [...this.fresh];
    this.page.unbind(this.list);
    this.list.replaceWith(next);
    personal(next, this.page, this.words);
    paintTimes(next, this.page.clock);
    void this.page.bind(next);
    if (there) numbersFrom(there);
    this.deadlines.tick();
    this.fresh.clear();
    this.#show();
    this.horizon = Math.max(this.horizon, ...this.rows().map(row => Number(row.dataset.v)));
    const first = numbers.map(n => this.row(n)).find(Boolean) ?? this.rows()[0];
    for (const n of numbers) this.row(n)?.classList.add("flash");
    (first instanceof HTMLAnchorElement ? first : first && focusables(first)[0])?.focus();
  }

  /** «Взять» shows at once; who was second is told by name. @param {SubmitEvent} event */
  async claim(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const row = form.closest("[data-ticket]");
    const cell = form.closest("td");
    const owner = this.root.querySelector("template[data-part=owner]");
    if (!row || !cell || !(owner instanceof HTMLTemplateElement)) return;
    const number = Number(row.getAttribute("data-ticket"));
    const was = [...cell.childNodes];
    const body = new FormData(form);
    cell.replaceChildren(owner.content.cloneNode(true));
    $(row instanceof HTMLElement ? row : this.root, ".subj a")?.focus({ preventScroll: true });
    const answer = await post(form.action, body);
    if (answer.ok) return this.page.say(say(this.words.taken, { n: number }));
    if (cell.isConnected) cell.replaceChildren(...was);
    this.page.say(answer.body?.detail ?? this.words.offline ?? "");
  }

  /** The numbers beside the lists' names, as long as every open ticket is known. */
  #count() {
    if (!this.whole || !this.page.staff || this.#counting) return;
    this.#counting = true;
    queueMicrotask(() => this.#recount());
  }

  #recount() {
    this.#counting = false;
    const rows = [...this.known.values()];
    const { waiting, soonDays } = this.root.dataset;
    for (const view of ["all", "unassigned", "mine", "soon", "waiting"]) {
      const n = rows.filter(row => belongs(row, { view, waiting, soonDays }, this.page.me, NOTHING)).length;
      count(view === "all" ? "open" : view, n);
    }
  }

  #release() {
    this.#pressed = null;
    for (const [row, ticket] of this.#held) if (row.isConnected) this.patch(row, ticket);
    this.#held.clear();
  }

  /** The bar lies over the heading while somebody points at the list, and takes its own place afterwards. */
  #settle() {
    const busy = this.list.matches(":hover") || this.list.contains(document.activeElement);
    this.bar.classList.toggle("over", busy && this.bar.classList.contains("over"));
  }

  #show() {
    const n = this.fresh.size;
    if (this.bar.hidden && n) this.bar.classList.toggle("over", this.list.matches(":hover") || this.list.contains(document.activeElement));
    const text = $(this.bar, "[data-part=fresh-text]");
    if (text && n) text.textContent = plural(this.words, "fresh", n, this.page.locale);
    this.bar.hidden = !n;
  }

  /** A summary, not each of them. @param {number} n */
  #announce(n) {
    this.#unheard += n;
    clearTimeout(this.#later);
    const wait = Math.max(0, this.#announced + QUIET - Date.now());
    this.#later = setTimeout(() => {
      this.heard.textContent = plural(this.words, "heard", this.#unheard, this.page.locale);
      this.#announced = Date.now();
      this.#unheard = 0;
    }, wait);
  }
}

const NOTHING = new URLSearchParams();

/** The numbers of a page just fetched, into the page that is open. @param {DocumentFragment} there */
function numbersFrom(there) {
  for (const place of $$(there, "[data-count]")) count(place.dataset.count ?? "", Number(place.textContent));
  const live = there.querySelector("[data-live-total]");
  if (live) document.querySelector("[data-live-total]")?.replaceWith(live);
}

/** @param {HTMLElement} row */
function focusables(row) {
  return $$(row, "a, button");
}

/** @param {HTMLTableRowElement} row @returns {[Element[], Element | null]} */
function cellsOf(row) {
  return [[...row.cells], row.querySelector(".subj")];
}

/** @param {HTMLElement} row @returns {[Element[], Element | null]} */
function partsOf(row) {
  return [[...row.children].filter(part => !part.classList.contains("what")), row.querySelector(".what")];
}
