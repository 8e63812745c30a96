/** The parts of the ticket page that follow its events: header, turn, next action, panel. One request for all that happened together. */
import { $, $$, fragment } from "../lib/dom.js";
import { get } from "../lib/post.js";
import { swap } from "../lib/patch.js";
import { paintTimes } from "../lib/time.js";

const TOGETHER = 250;
const LISTS = 3_000;
const AGES = 5 * 60_000;

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  const panel = new Panel(root, page);
  return () => panel.end();
}

/** Whether what happened shows beside the conversation: plain words don't, unless their author has just come in.
 * @param {any} event @param {Set<number>} spoken whose words are known of already; it grows */
export function stirs(event, spoken) {
  const newcomer = event.kind === "message" && !spoken.has(event.author.id);
  if (event.kind === "message") spoken.add(event.author.id);
  if (event.kind === "edit") return false;
  return event.kind !== "message" || newcomer || event.files?.length > 0;
}

class Panel {
  /** @type {any} */
  #timer;
  #due = 0;
  #asking = false;
  #again = false;
  /** @type {Map<string, Node>} */
  #was = new Map();
  /** @type {(() => void)[]} */
  #offs = [];

  /** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    for (const [name, head] of [[root.dataset.room, root.dataset.head], [root.dataset.staffRoom, root.dataset.staffHead]]) {
      if (!name) continue;
      const spoken = new Set();
      const room = page.room(name, { after: Number(head), html: true });
      this.#offs.push(room.follow(Number(head), ({ event }) => { if (stirs(event, spoken)) this.soon(); }), room.on("reset", () => this.soon()), room.on("lost", () => this.#lost()));
    }
    if ($(root, "[data-live=mini]")) this.#offs.push(page.room("queue").on("row", frame => { if (this.#mine(frame)) this.soon(LISTS); }));
    const acted = () => this.soon();
    document.addEventListener("journal:acted", acted);
    root.addEventListener("close", acted, true); // what changed behind an open dialog is fetched once that is closed
    const clock = setInterval(() => { if (!document.hidden) this.soon(); }, AGES);
    this.#offs.push(() => document.removeEventListener("journal:acted", acted), () => root.removeEventListener("close", acted, true), () => clearInterval(clock));
    this.#offs.push(page.socket.on("state", () => setTimeout(() => this.#line(), 1_600)));
  }

  end() {
    clearTimeout(this.#timer);
    for (const off of this.#offs) off();
  }

  /** Whether a row of the queue stands in the list of one's own, or should. @param {any} frame */
  #mine({ ticket, gone }) {
    return String(ticket?.assignee?.id) === this.page.me || $(document, `[data-live=mini] [data-ticket="${ticket?.number ?? gone}"]`) !== null;
  }

  /** What is wanted soonest decides. @param {number} [wait] */
  soon(wait = TOGETHER) {
    const due = Date.now() + wait;
    if (this.#due && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#ask(), wait);
  }

  async #ask() {
    this.#due = 0;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    const answer = await get(this.root.dataset.src ?? "");
    this.#asking = false;
    if (answer.ok && typeof answer.body === "string") this.#show(answer.body);
    if (this.#again) {
      this.#again = false;
      this.soon();
    }
  }

  /** @param {string} html */
  #show(html) {
    for (const part of $$(fragment(html), "[data-live]")) {
      const name = part.dataset.live ?? "";
      const live = $(document, `[data-live="${name}"]`);
      if (!live || this.#was.get(name)?.isEqualNode(part) || this.#busy(live, part)) continue;
      this.#was.set(name, part.cloneNode(true));
      swap(live, part, this.page);
      paintTimes(live, this.page.clock);
    }
    document.dispatchEvent(new CustomEvent("journal:swapped"));
    this.#line();
  }

  /** What is being written is left alone; it changes only with the right to write. @param {HTMLElement} live @param {HTMLElement} part */
  #busy(live, part) {
    if (part.dataset.state !== undefined) return part.dataset.state === live.dataset.state;
    return $(live, "dialog[open]") !== null;
  }

  /** Decisions are made online: offline they are off, with the reason. */
  #line() {
    const off = !this.page.socket.open;
    for (const form of $$(document, "form[data-online]")) {
      for (const button of form.querySelectorAll("button:not([type=button])")) {
        if (off) button.setAttribute("aria-disabled", "true");
        else button.removeAttribute("aria-disabled");
      }
    }
    for (const part of $$(document, "[data-live] [data-when-off]")) part.hidden = !off;
    for (const part of $$(document, "[data-live] [data-when-on]")) part.hidden = off;
  }

  #lost() {
    const card = document.getElementById("card-no_access");
    if (card instanceof HTMLTemplateElement && !$(document, ".newver")) document.body.append(card.content.cloneNode(true));
  }
}
