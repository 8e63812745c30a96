/** What may be done with one message: answer it, and for 15 minutes correct or delete one's own. One set of buttons that follows the pointer. */
import { $, fill } from "../../lib/dom.js";
import { get, post } from "../../lib/post.js";
import { EDITABLE, authorOf, read, wordsOf } from "./rows.js";

export class Tools {
  /** @param {any} timeline */
  constructor(timeline) {
    this.timeline = timeline;
    this.root = /** @type {HTMLElement} */ (timeline.root);
    this.page = /** @type {import("../../lib/page.js").Page} */ (timeline.page);
    this.bar = fill("row-tools");
    /** @type {HTMLElement | null} */
    this.row = null;
    this.onover = (/** @type {Event} */ event) => this.#over(event.target);
    this.onclick = (/** @type {MouseEvent} */ event) => this.#pressed(event.target, event);
    for (const kind of ["pointerover", "pointermove", "focusin"]) this.root.addEventListener(kind, this.onover);
    this.root.addEventListener("click", this.onclick);
    this.onleave = (/** @type {PointerEvent} */ event) => { if (event.pointerType === "mouse" && !this.bar.contains(document.activeElement)) this.bar.remove(); };
    this.root.addEventListener("pointerleave", this.onleave);
  }

  end() {
    for (const kind of ["pointerover", "pointermove", "focusin"]) this.root.removeEventListener(kind, this.onover);
    this.root.removeEventListener("click", this.onclick);
    this.root.removeEventListener("pointerleave", this.onleave);
    this.bar.remove();
  }

  /** @param {EventTarget | null} target */
  #over(target) {
    const row = target instanceof Element ? target.closest(".e") : null;
    if (!(row instanceof HTMLElement) || (row === this.row && (this.bar.isConnected || row.dataset.kind !== "message"))) return;
    this.row = row;
    if (row.dataset.kind !== "message" || row.classList.contains("gone") || !this.root.dataset.maySay) return this.bar.remove();
    const own = this.#mayChange(row);
    for (const name of ["edit", "delete"]) {
      const button = $(this.bar, `[data-do=${name}]`);
      if (button) button.hidden = !own;
    }
    row.append(this.bar);
  }

  /** @param {HTMLElement} row */
  #mayChange(row) {
    const { seq, author, at, line } = read(row);
    if (seq === 1 && line === "public") return false;
    return Boolean(this.root.dataset.editAny) || (author === this.page.me && Date.now() - at < EDITABLE);
  }

  /** @param {EventTarget | null} target @param {MouseEvent} event */
  #pressed(target, event) {
    if (!(target instanceof Element)) return;
    const quote = target.closest("a.re");
    if (quote instanceof HTMLElement) return this.#follow(quote, event);
    const button = target.closest("[data-do]");
    const row = button?.closest(".e");
    if (!(button instanceof HTMLElement) || !(row instanceof HTMLElement)) return;
    const { line, seq } = read(row);
    if (button.dataset.do === "reply") this.#tell("journal:reply", { line, seq, name: authorOf(row), text: wordsOf(row, 90) });
    else if (button.dataset.do === "edit") void this.#edit(line, seq);
    else void this.#delete(line, seq);
  }

  /** @param {string} kind @param {any} detail */
  #tell(kind, detail) {
    document.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  /** The row holds rendered text; what was typed comes from the log. @param {string} line @param {number} seq */
  async #edit(line, seq) {
    const answer = await get(`/tickets/${this.root.dataset.ticket}/events?before=${seq + 1}&limit=1${line === "staff" ? "&line=staff" : ""}`);
    const event = answer.body?.items?.at(-1);
    if (event?.seq === seq) this.#tell("journal:edit", { line, seq, text: event.text });
    else this.page.say(this.timeline.words.trouble);
  }

  /** @param {string} line @param {number} seq */
  async #delete(line, seq) {
    const dialog = document.getElementById("sure");
    if (!(dialog instanceof HTMLDialogElement)) return;
    const yes = await new Promise(resolve => {
      for (const answer of ["yes", "no"]) {
        const button = $(dialog, `[data-${answer}]`);
        if (button) button.onclick = () => { resolve(answer === "yes"); dialog.close(); };
      }
      dialog.oncancel = () => resolve(false);
      dialog.showModal();
    });
    if (!yes) return;
    const place = line === "staff" ? "notes" : "messages";
    const answer = await post(`/tickets/${this.root.dataset.ticket}/${place}/${seq}/delete`, new FormData());
    this.page.say(answer.ok ? this.timeline.words.deleted : answer.body?.detail ?? this.timeline.words.noLine);
  }

  /** @param {HTMLElement} quote @param {MouseEvent} event */
  async #follow(quote, event) {
    event.preventDefault();
    await this.show(quote.getAttribute("href")?.slice(1) ?? "");
  }

  /** Brings a row before the eyes, from older pages if need be. @param {string} id */
  async show(id) {
    await this.timeline.older.until(() => document.getElementById(id) !== null);
    const row = document.getElementById(id);
    if (!row) return;
    this.timeline.scroll.toRow(row);
    row.classList.remove("just");
    requestAnimationFrame(() => row.classList.add("flash"));
    setTimeout(() => row.classList.remove("flash"), 1_600);
  }
}
