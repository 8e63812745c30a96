/** What all behaviours of one page share: who looks, the socket, its rooms, the outbox. Binds behaviours to elements and lets them go. */
import { fill } from "./dom.js";
import { Outbox } from "./outbox.js";
import { Room } from "./room.js";
import { Socket } from "./socket.js";
import { Store } from "./store.js";

/** @typedef {{bind: (root: HTMLElement, page: Page) => void | (() => void)}} Behaviour */

const TOAST = 6_000;

export class Page {
  /** @type {Socket | undefined} */
  #socket;
  #begun = false;
  /** @type {Outbox | undefined} */
  #outbox;
  /** @type {Map<string, Room>} */
  #rooms = new Map();
  /** @type {Map<Element, Map<string, void | (() => void)>>} */
  #bound = new Map();

  /** @param {HTMLElement} body @param {(name: string, missed: () => void) => Promise<Behaviour>} load */
  constructor(body, load) {
    this.body = body;
    this.load = load;
    this.me = body.dataset.me ?? "";
    this.staff = Boolean(body.dataset.staff);
    this.locale = body.dataset.locale === "en" ? "en" : "ru";
    this.zone = body.dataset.zone || undefined;
  }

  /** For lib/time.js. */
  get clock() {
    return { locale: this.locale, zone: this.zone };
  }

  /** For whoever asks first; it opens once all behaviours of the page listen, so that nobody misses what comes first. */
  get socket() {
    if (!this.#socket) {
      this.#socket = new Socket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
      if (this.#begun) this.#socket.start();
    }
    return this.#socket;
  }

  begin() {
    this.#begun = true;
    this.#socket?.start();
  }

  get outbox() {
    if (!this.#outbox) {
      const outbox = this.#outbox = new Outbox(this.me, this.socket, new Store());
      if (this.socket.open) void outbox.load().then(() => outbox.flush()); // whoever asks for it came later than the line
    }
    return this.#outbox;
  }

  /** @param {string} name @param {{after?: number | null, html?: boolean}} [how] of the first who asks */
  room(name, how) {
    const room = this.#rooms.get(name) ?? new Room(this.socket, name, how);
    this.#rooms.set(name, room);
    return room;
  }

  /** A word in the corner, also for those who only hear it. @param {string} text */
  say(text) {
    const place = document.getElementById("toasts");
    if (!place || !text) return;
    const toast = document.getElementById("toast") ? fill("toast", { text }) : document.createElement("div");
    if (!toast.className) toast.className = "toast";
    if (!toast.textContent) toast.textContent = text;
    place.append(toast);
    setTimeout(() => toast.remove(), TOAST);
  }

  /** @param {ParentNode} root */
  async bind(root) {
    const found = [...root.querySelectorAll("[data-behaviour]")];
    if (root instanceof HTMLElement && root.dataset.behaviour) found.unshift(root);
    await Promise.all(found.map(element => element instanceof HTMLElement ? this.#bindOne(element) : undefined));
  }

  /** @param {ParentNode} root */
  unbind(root) {
    for (const [element, ends] of [...this.#bound]) {
      if (element !== root && !root.contains(element)) continue;
      for (const end of ends.values()) end?.();
      if (element instanceof HTMLElement) delete element.dataset.bound;
      this.#bound.delete(element);
    }
  }

  /** @param {HTMLElement} element */
  async #bindOne(element) {
    const ends = this.#bound.get(element) ?? new Map();
    this.#bound.set(element, ends);
    for (const name of (element.dataset.behaviour ?? "").split(/\s+/).filter(Boolean)) {
      if (ends.has(name)) continue;
      ends.set(name, undefined);
      await new Promise(settled => void this.#give(element, name, settled));
    }
  }

  /** One that can't be had now comes later, and the page doesn't wait for it. @param {HTMLElement} element @param {string} name @param {(_?: any) => void} settled */
  async #give(element, name, settled) {
    const ends = this.#bound.get(element);
    try {
      const behaviour = await this.load(name, settled);
      if (this.#bound.get(element) === ends) ends?.set(name, behaviour.bind(element, this));
    } catch (trouble) {
      console.error(`behaviour ${name}`, trouble); // one that fails must not take the others with it
    }
    element.dataset.bound = `${element.dataset.bound ?? ""} ${name}`.trim(); // also one that is broken: nobody has to wait for it
    element.dispatchEvent(new CustomEvent("journal:bound", { bubbles: true }));
    settled();
  }
}
