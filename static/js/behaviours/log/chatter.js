/** What never enters the log: who types, who looks, who is there, how far each has read, and that everything has been received. */
import { $, $$, fill, say } from "../../lib/dom.js";
import { tell } from "../../lib/time.js";
import { Typists, isStaff, receipts } from "../../lib/timeline.js";

/** @param {string | undefined} name */
const first = name => (name ?? "").split(" ")[0] ?? "";

export class Chatter {
  #typists = new Typists();
  /** @type {any} */
  #clock;
  #shown = "";
  /** Who was seen in this room; of others the page knows better whether they are on another. @type {Set<string>} */
  #here = new Set();
  /** @type {Map<string, string>} */
  #receipts = new Map();

  /** @param {import("../../lib/page.js").Page} page @param {HTMLElement} place the conversation @param {DOMStringMap} words */
  constructor(page, place, words) {
    this.page = page;
    this.place = place;
    this.words = words;
  }

  end() {
    clearTimeout(this.#clock);
  }

  /** @param {any} frame */
  typing(frame) {
    if (String(frame.user.id) === this.page.me) return;
    this.#typists.heard(String(frame.user.id), frame.user.name ?? "", Date.now());
    this.#paint();
  }

  /** @param {string} author */
  said(author) {
    this.#typists.said(author);
    this.#paint();
  }

  #paint() {
    clearTimeout(this.#clock);
    const typists = this.#typists.now(Date.now());
    const names = typists.map(typist => first(typist.name)).filter(Boolean);
    if (typists.length) this.#clock = setTimeout(() => this.#paint(), 500);
    const words = names.length ? say(names.length > 1 ? this.words.typingOther : this.words.typingOne, { names: this.#list(names) }) : "";
    if (words === this.#shown) return;
    this.#shown = words;
    const row = $(this.place, "[data-typing-row]");
    const text = row && $(row, "[data-slot=text]");
    if (row) row.hidden = !words;
    if (text) text.textContent = words;
    for (const card of $$(document, "[data-person-card]")) this.#doing(card, typists.some(typist => typist.id === card.dataset.personCard));
  }

  /** @param {string[]} names */
  #list(names) {
    return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")}${this.words.and}${names.at(-1)}`;
  }

  /** Dots on faces, words beside them, colleagues who look. @param {Map<string, any>} people */
  presence(people) {
    for (const card of $$(document, "[data-person-card]")) {
      const person = people.get(card.dataset.personCard ?? "");
      if (!person || person.online === undefined || (!person.online && !this.#here.has(String(person.id)))) continue;
      const face = $(card, ".av");
      if (face) person.online ? face.dataset.p = "on" : delete face.dataset.p;
      const line = $(card, "[data-online-words]");
      if (line && person.online !== line.classList.contains("online")) {
        const now = Date.now();
        line.textContent = person.online ? line.dataset.textOn ?? "" : say(line.dataset.textOff, { when: tell(this.page.clock, "near", now, now) });
        line.className = person.online ? "online" : "muted";
      }
      this.#doing(card, false, person.online);
    }
    for (const [id, { online }] of people) online ? this.#here.add(id) : this.#here.delete(id);
    this.#watchers(people);
  }

  /** @param {HTMLElement} card @param {boolean} types @param {boolean} [online] */
  #doing(card, types, online = $(card, ".av")?.dataset.p === "on") {
    const spot = $(card, "[data-doing]");
    if (spot) spot.textContent = types ? ` · ${spot.dataset.textTyping}` : online ? ` · ${spot.dataset.textOn}` : "";
  }

  /** @param {Map<string, any>} people */
  #watchers(people) {
    const view = $(document, "[data-watchers]");
    if (!view || !this.page.staff) return;
    const names = [...people.values()].filter(p => p.online && isStaff(p) && String(p.id) !== this.page.me).map(p => first(p.name));
    view.hidden = !names.length;
    const spot = $(view, "[data-slot=who]");
    if (spot) spot.textContent = say(names.length > 1 ? this.words.watchingOther : this.words.watchingOne, { names: this.#list(names) });
  }

  /**
   * One tick: the journal has it. Two: the other side has read it.
   * @param {import("../../lib/timeline.js").Line} line @param {import("../../lib/timeline.js").Row[]} rows @param {Map<string, any>} people @param {(key: string) => HTMLElement | undefined} element
   */
  receipts(line, rows, people, element) {
    const { sent, read, readers } = receipts(rows, people.values(), this.page.me, { staff: this.page.staff, staffRoom: line === "staff" });
    const at = readers.map(reader => reader.read_at ?? "").sort().at(-1);
    const names = readers.map(reader => first(reader.name)).filter(Boolean).join(", ") + (at ? `, ${tell(this.page.clock, "since", at, Date.now())}` : "");
    const now = `${sent?.key} ${read?.key} ${names}`;
    if (this.#receipts.get(line) === now && (!sent || element(sent.key)?.querySelector("[data-receipt]"))) return;
    this.#receipts.set(line, now);
    for (const row of rows) for (const old of $$(element(row.key) ?? document.createElement("i"), "[data-receipt]")) old.remove();
    if (sent) $(element(sent.key) ?? document.createElement("i"), ".b")?.append(fill("row-sent"));
    if (read) $(element(read.key) ?? document.createElement("i"), ".b")?.append(fill("row-read", { names }));
  }

  /** The quiet proof: nothing up to № N is missing here. @param {number} upto @param {boolean} whole */
  proof(upto, whole) {
    const spot = $(document, "[data-proof]");
    if (!spot) return;
    spot.hidden = !whole || !upto;
    spot.textContent = say(this.words.received, { n: upto });
    spot.title = spot.textContent;
  }
}
