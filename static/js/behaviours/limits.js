/** How long a text may be (`data-most`): said beside the field shortly before; what is longer stays as it was written and isn't sent until somebody shortens it. */
import { fill, plural, say } from "../lib/dom.js";
import { clearErrors, mended, wrong } from "../lib/post.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

const SOON = 200;

/** @param {HTMLElement} _root @param {import("../lib/page.js").Page} page */
export function bind(_root, page) {
  const limits = new Limits(page);
  for (const kind of ["input", "focusin"]) document.addEventListener(kind, limits);
  document.addEventListener("submit", limits, true); // before the form's own behaviour
}

class Limits {
  /** @type {WeakMap<Field, HTMLElement>} */
  #notes = new WeakMap();
  /** What we refused, and nobody else. @type {WeakSet<Field>} */
  #refused = new WeakSet();

  /** @param {import("../lib/page.js").Page} page */
  constructor(page) {
    this.page = page;
    this.words = document.getElementById("letters")?.dataset ?? {};
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "submit") this.#sent(event);
    else if (limited(event.target)) this.#count(event.target);
  }

  /** @param {Event} event */
  #sent(event) {
    if (!(event.target instanceof HTMLFormElement)) return;
    const fields = [...event.target.elements].filter(limited);
    const long = fields.filter(field => left(field) < 0);
    if (!long.length) return fields.forEach(field => this.#notes.get(field)?.remove());
    event.preventDefault();
    event.stopImmediatePropagation();
    clearErrors(event.target);
    for (const field of long) {
      wrong(field, field.dataset.textLong ?? say(this.words.long, { limit: field.dataset.most ?? "" }));
      this.#refused.add(field);
      this.#count(field);
    }
    long[0]?.focus();
  }

  /** @param {Field} field */
  #count(field) {
    const rest = left(field);
    if (rest >= 0 && this.#refused.delete(field)) mended(field);
    if (rest > Math.min(SOON, Number(field.dataset.most) / 10)) return this.#notes.get(field)?.remove();
    const note = this.#notes.get(field) ?? fill("letters");
    this.#notes.set(field, note);
    note.textContent = rest < 0 ? say(this.words.over, { n: -rest }) : plural(this.words, "left", rest, this.page.locale);
    note.classList.toggle("over", rest < 0);
    if (!note.isConnected) field.after(note);
  }
}

/** @param {any} field @returns {field is Field} */
function limited(field) {
  return (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && field.dataset.most !== undefined;
}

/** Letters as the server counts them: an emoji is one. @param {Field} field */
function left(field) {
  return Number(field.dataset.most) - [...field.value].length;
}
