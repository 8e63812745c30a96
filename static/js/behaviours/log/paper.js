/** The timeline's elements: keeps them by key, puts them in the order that lib/timeline.js arranges, adds days and «Новое» between. */
import { fill } from "../../lib/dom.js";
import { dayKey, dayTitle } from "../../lib/time.js";
import { arrange } from "../../lib/timeline.js";
import { fates } from "./fates.js";
import { carry, place, quotes } from "./rows.js";

/** @typedef {import("../../lib/timeline.js").Row} Row */
/** @typedef {import("../../lib/timeline.js").Item} Item */

export class Paper {
  /** @type {Map<string, HTMLElement>} */
  elements = new Map();
  /** @type {string | null} the row that stands under the line */
  lineAt = null;
  #lineWord = "row-new";

  /** @param {HTMLElement} content @param {import("../../lib/time.js").Clock} clock @param {DOMStringMap} words */
  constructor(content, clock, words) {
    this.content = content;
    this.clock = clock;
    this.words = words;
  }

  /** @param {string} key */
  get(key) {
    return this.elements.get(key);
  }

  /** Draws the line above this row: «Новое», «Пока вы писали». @param {string} key @param {string} word id of its template */
  line(key, word) {
    this.lineAt = key;
    if (word !== this.#lineWord) this.elements.delete("new");
    this.#lineWord = word;
  }

  /** @param {Row[]} rows in order @param {HTMLElement[]} pending what stands below the log */
  draw(rows, pending) {
    const items = arrange(rows, { dayOf: at => dayKey(this.clock, at), newAt: this.lineAt });
    /** @type {HTMLElement | undefined} */
    let above;
    const wanted = items.map(item => {
      const element = this.elements.get(item.key) ?? this.#between(item);
      if (item.kind !== "row") return element;
      element.classList.toggle("cont", item.cont);
      carry(above, element, item.joined);
      above = element;
      return element;
    });
    place(this.content, [...wanted, ...pending]);
    fates(this.content, this.words);
    quotes(this.content);
  }

  /** @param {Item} item @returns {HTMLElement} */
  #between(item) {
    const made = item.kind === "day" ? fill("row-day", { day: dayTitle(this.clock, item.at, Date.now()) }) : fill(this.#lineWord);
    this.elements.set(item.key, made);
    return made;
  }
}
