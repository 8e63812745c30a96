/** Honest about the network: a banner while the socket is away, «Связь вернулась» when it is back, a card when coming back by itself is useless. */
import { $$ } from "../lib/dom.js";

const GRACE = 1_500;
const BACK = 4_000;

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  const connection = new Connection(root, page);
  return () => connection.end();
}

class Connection {
  /** @type {any} */
  #timer;
  #shown = false;
  /** It said that the line is back. */
  #told = false;
  /** @type {(() => void)[]} */
  #offs;

  /** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.#offs = [page.socket.on("state", () => this.#changed()), page.outbox.on("change", () => this.#words())];
    root.querySelector("[data-now]")?.addEventListener("click", () => page.socket.wake());
    this.#changed();
  }

  end() {
    clearTimeout(this.#timer);
    for (const off of this.#offs) off();
  }

  #changed() {
    clearTimeout(this.#timer);
    const { state, reason } = this.page.socket;
    if (state === "stopped") return this.#stopped(reason);
    if (state === "open") return this.#shown ? void this.#back() : undefined;
    this.#told = false;
    this.#words();
    this.#timer = setTimeout(() => this.#show(), GRACE); // a blink isn't worth a word
  }

  #show() {
    this.#shown = true;
    this.root.hidden = false;
    this.#words();
  }

  /** What other tabs and earlier visits left here counts too. */
  async #back() {
    await this.page.outbox.load();
    if (this.page.socket.open) this.#words();
  }

  /** «Всё отправлено» is only ever said while nothing waits: with the next word it goes, before that word is acknowledged. */
  #words() {
    if (!this.#shown) return;
    const waiting = [...this.page.outbox.waiting.values()];
    const unsent = waiting.some(said => said.standing === "queued");
    if (!this.page.socket.open) return this.#only(this.page.socket.reason === "too_many" ? "many" : unsent ? "unsent" : "off");
    if (unsent && this.#told) return this.#hide();
    if (unsent) return this.#only("sending");
    this.#told = true;
    this.#only(waiting.length ? "plain" : "back");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hide(), BACK);
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#shown = false;
    this.#told = false;
    this.root.hidden = true;
  }

  /** @param {string} which */
  #only(which) {
    const back = ["sending", "plain", "back"].includes(which);
    this.root.classList.toggle("warn", !back);
    for (const name of ["off", "unsent", "many", "sending", "plain", "back"]) {
      for (const part of $$(this.root, `[data-when-${name}]`)) part.hidden = name !== which;
    }
    for (const part of $$(this.root, "[data-spin], [data-now], [data-icon-off]")) part.hidden = back;
    for (const part of $$(this.root, "[data-icon-on]")) part.hidden = !back;
  }

  /** @param {string} reason */
  #stopped(reason) {
    this.root.hidden = true;
    const template = document.getElementById(`card-${reason}`);
    if (!(template instanceof HTMLTemplateElement)) return;
    for (const old of $$(document, ".newver")) old.remove();
    const card = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    for (const link of card.querySelectorAll("[data-login]")) {
      if (link instanceof HTMLAnchorElement) link.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    }
    card.querySelector("[data-reload]")?.addEventListener("click", () => location.reload());
    card.querySelector("[data-later]")?.addEventListener("click", () => {
      card.remove();
      setTimeout(() => this.#stopped(reason), 5 * 60_000);
    });
    document.body.append(card);
  }
}
