/** A colleague answered while this one wrote: nothing was sent, the text is back, and the writer decides. */
import { $, fill, say } from "../../lib/dom.js";
import { paint } from "../../lib/faces.js";

export class Guard {
  /** The next press sends whatever happened meanwhile. */
  anyway = false;

  /** @param {import("../composer.js").Composer} composer */
  constructor(composer) {
    this.c = composer;
    this.place = /** @type {HTMLElement} */ ($(composer.form, "[data-guard]"));
    this.off = composer.page.outbox.on("held", said => this.#held(said));
  }

  end() {
    this.off();
  }

  clear() {
    this.anyway = false;
    this.place?.replaceChildren();
    this.c.extras?.look();
  }

  /** @param {import("../../lib/outbox.js").Said} said */
  #held(said) {
    const ours = said.room === this.c.form.dataset.room || said.room === this.c.form.dataset.staffRoom;
    const answer = said.events?.at(-1);
    if (!ours || !answer || !this.c.takeBack(said)) return; // else it stays in the log with its own buttons
    void this.c.page.outbox.drop(said.id);
    this.anyway = true;
    this.#show(answer, said.events?.[0]?.seq ?? answer.seq);
    this.c.extras.look();
  }

  /** @param {any} answer @param {number} first */
  #show(answer, first) {
    const words = document.getElementById("words")?.dataset ?? {};
    const text = (answer.text ?? "").replace(/\s+/g, " ").slice(0, 120);
    const box = fill("guard", { who: say(words.held, { name: answer.author.name }), first: `«${text}»` });
    const face = $(box, "[data-face]");
    if (face) paint(face, answer.author);
    $(box, "[data-show]")?.addEventListener("click", () => document.dispatchEvent(new CustomEvent("journal:show", { detail: { line: "public", seq: answer.seq } })));
    $(box, "[data-clear]")?.addEventListener("click", () => {
      this.c.clear();
      this.c.page.say(this.c.words.textDropped ?? "");
    });
    this.place.replaceChildren(box);
    document.dispatchEvent(new CustomEvent("journal:meanwhile", { detail: { line: "public", seq: first } }));
  }
}
