/** A press that came before its files: says what it waits for and goes by itself once they are up, or offers to go without them. */
import { $, fill, on } from "../../lib/dom.js";

/** @typedef {{files: any[], pending: number, refused: number}} Now what upload.js tells: up, not up yet (tried again by themselves), never to be */

export class Wait {
  /** @type {Now} */
  now = { files: [], pending: 0, refused: 0 };
  #wanted = false;

  /** @param {HTMLElement} uploads where upload.js lives @param {HTMLElement | null} place for the words @param {() => void} go the same press again */
  constructor(uploads, place, go) {
    this.uploads = uploads;
    this.place = place;
    this.go = go;
    this.words = document.getElementById("upload-words")?.dataset ?? {};
    on(uploads, "files", event => this.#changed(event.detail));
  }

  /** Whether everything that was attached can leave now; else says why not. */
  may() {
    const { pending, refused } = this.now;
    this.#wanted = pending > 0;
    pending || refused ? this.#show() : this.stop();
    return !pending && !refused;
  }

  /** Whether it shows: then it is what the person should read. */
  get shown() {
    return Boolean(this.place && !this.place.hidden);
  }

  /** The person does something else: the press no longer counts. */
  stop() {
    this.#wanted = false;
    if (this.place) this.place.hidden = true;
  }

  /** @param {Now} now */
  #changed(now) {
    const came = now.files.length > this.now.files.length;
    const waited = this.#wanted;
    this.now = now;
    if (!this.shown) return;
    this.#wanted &&= now.pending > 0;
    if (now.pending || now.refused) return this.#show();
    this.stop();
    if (waited && came) this.go(); // not when the last one was taken away
  }

  #show() {
    if (!this.place) return;
    const { pending, refused } = this.now;
    const many = pending + refused > 1;
    const text = pending ? (pending > 1 ? this.words.waitOther : this.words.waitOne) : refused > 1 ? this.words.notAttachedOther : this.words.notAttachedOne;
    const said = fill("upload-wait", { text: text ?? "", without: (many ? this.words.withoutOther : this.words.withoutOne) ?? "" });
    on($(said, "button"), "click", () => {
      this.uploads.dispatchEvent(new CustomEvent("files:without"));
      this.go();
    });
    if (this.place.textContent !== said.textContent) this.place.replaceChildren(said);
    this.place.hidden = false;
  }
}
