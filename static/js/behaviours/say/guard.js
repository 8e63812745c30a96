/** A colleague answered while this one wrote: shown between text and button, asked about once, and the writer decides.
 * What came since the answer was begun counts, whether it stands on the screen already or only the server knows of it. */
import { $, fill, say } from "../../lib/dom.js";
import { paint } from "../../lib/faces.js";
import { isStaff } from "../../lib/timeline.js";

const GLANCE = 700;

export class Guard {
  /** The last number on the screen when the answer in the box was begun; null: none is. @type {number | null} */
  seen = null;
  /** What colleagues have said since. @type {any[]} */
  #since = [];
  /** @type {any} */
  #glance;

  /** @param {import("../composer.js").Composer} composer */
  constructor(composer) {
    this.c = composer;
    this.place = /** @type {HTMLElement} */ ($(composer.form, "[data-guard]"));
    this.send = $(composer.form, "[data-send]");
    const onsaid = (/** @type {any} */ { detail }) => this.#heard(detail.line, detail.event);
    document.addEventListener("journal:said", onsaid);
    this.offs = [composer.page.outbox.on("held", said => this.#held(said)), () => document.removeEventListener("journal:said", onsaid)];
  }

  end() {
    clearTimeout(this.#glance);
    for (const off of this.offs) off();
  }

  /** Whether the next press sends whatever happened meanwhile. */
  get asks() {
    return this.place.childElementCount > 0;
  }

  /** It has only just appeared: a press now was meant for the button as it was. */
  get fresh() {
    return this.send?.ariaDisabled === "true";
  }

  /** An answer begun in another visit: what is still unread came after it. */
  resume() {
    const { firstUnread, head } = document.getElementById("log")?.dataset ?? {};
    this.seen = firstUnread ? Number(firstUnread) - 1 : Number(head);
  }

  /** An answer that is begun, or emptied, has nothing to answer for. @param {string} before @param {string} now */
  wrote(before, now) {
    if (before && now) return;
    this.seen = now ? this.c.line("reply").last : null;
    this.#since = [];
    this.look();
  }

  /** Only where an answer is written, not over a note or a correction. */
  look() {
    const answer = this.c.mode === "reply" && !this.c.editing ? this.#since.at(-1) : null;
    if (answer && this.place.dataset.seq === String(answer.seq)) return;
    this.place.dataset.seq = answer ? String(answer.seq) : "";
    this.place.replaceChildren(...(answer ? [this.#box(answer)] : []));
    this.#pause(Boolean(answer));
    this.c.extras?.look();
  }

  /** @param {string} line @param {any} event */
  #heard(line, event) {
    const known = this.seen === null || event.seq <= this.seen || this.#since.some(one => one.seq >= event.seq);
    if (known || line !== "public" || !this.c.page.staff || !isStaff(event.author) || String(event.author.id) === this.c.page.me) return;
    this.#ask([...this.#since, event]);
  }

  /** Nothing was sent: the text comes back. @param {import("../../lib/outbox.js").Said} said */
  #held(said) {
    if (said.room !== this.c.form.dataset.room || !said.events?.length || !this.c.takeBack(said)) return; // else it stays in the log with its own buttons
    void this.c.page.outbox.drop(said.id);
    this.seen = said.seen;
    this.#ask(said.events);
  }

  /** @param {any[]} since */
  #ask(since) {
    if (!this.#since.length) document.dispatchEvent(new CustomEvent("journal:meanwhile", { detail: { line: "public", seq: since[0].seq } }));
    this.#since = since;
    this.look();
  }

  /** @param {boolean} on */
  #pause(on) {
    clearTimeout(this.#glance);
    this.send?.removeAttribute("aria-disabled");
    if (!on) return;
    this.send?.setAttribute("aria-disabled", "true");
    this.#glance = setTimeout(() => this.send?.removeAttribute("aria-disabled"), GLANCE);
  }

  /** @param {any} answer */
  #box(answer) {
    const words = document.getElementById("words")?.dataset ?? {};
    const text = (answer.text ?? "").replace(/\s+/g, " ").slice(0, 120);
    const box = fill("guard", { who: say(words.held, { name: answer.author.name }), first: say(words.quoted ?? "", { text }) });
    const face = $(box, "[data-face]");
    if (face) paint(face, answer.author);
    $(box, "[data-show]")?.addEventListener("click", () => document.dispatchEvent(new CustomEvent("journal:show", { detail: { line: "public", seq: answer.seq } })));
    $(box, "[data-clear]")?.addEventListener("click", () => {
      this.c.clear();
      this.c.page.say(this.c.words.textDropped ?? "");
    });
    return box;
  }
}
