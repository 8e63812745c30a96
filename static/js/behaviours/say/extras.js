/** Around the text: its look in each mode, files, the quoted message, what the network and the draft are doing. */
import { $, $$, on, say } from "../../lib/dom.js";
import { clearErrors } from "../../lib/post.js";
import { Wait } from "../files/wait.js";

export class Extras {
  /** @type {any[]} */
  files = [];
  /** @type {any} */
  #fade;
  #away = false;

  /** @param {import("../composer.js").Composer} composer */
  constructor(composer) {
    this.c = composer;
    const { form } = composer;
    on(form, "files", event => this.#files(event.detail));
    this.wait = new Wait(form, $(form, "[data-wait]"), () => form.requestSubmit());
    this.onswap = () => this.#audience();
    document.addEventListener("journal:swapped", this.onswap);
    on($(form, "[data-drop-reply]"), "click", () => this.dropReply());
    on($(form, "[data-cancel-edit]"), "click", () => composer.stopEditing());
  }

  end() {
    clearTimeout(this.#fade);
    document.removeEventListener("journal:swapped", this.onswap);
  }

  /** Who will read it, now that somebody came or went. */
  #audience() {
    const { audience } = $(document, "[data-audience]")?.dataset ?? {};
    const line = $(this.c.form, "[data-audience-words]");
    if (line && audience) line.textContent = audience;
  }

  /** Colour, texture, banner, address, verb: nobody should have to guess who will read this. */
  look() {
    const { form, mode, editing, words, guard } = this.c;
    const note = (editing ? editing.line === "staff" : mode === "note");
    form.classList.toggle("is-note", note);
    form.dataset.mode = mode;
    form.setAttribute("action", `/tickets/${form.dataset.ticket}/${note ? "notes" : "messages"}`);
    for (const part of $$(form, "[data-when-note]")) part.hidden = !note;
    for (const part of $$(form, "[data-when-reply]")) part.hidden = note;
    for (const button of $$(form, ".seg [data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    const send = $(form, "[data-send]");
    send?.classList.toggle("note", note);
    send?.classList.toggle("primary", !note);
    const verb = editing ? words.textSave : guard?.asks ? words.textSendAnyway : note ? words.textSendNote : words.textSendReply;
    const label = form.querySelector("[data-slot=send]");
    if (label) label.textContent = verb ?? "";
    const name = form.querySelector("label[for=m]");
    if (name) name.textContent = (note ? words.textLabelNote : words.textLabelReply) ?? "";
    const cancel = $(form, "[data-cancel-edit]");
    if (cancel) cancel.hidden = !editing;
    send?.classList.toggle("end", !editing);
    this.#marks();
    this.#hint();
  }

  /** A draft that lies in the other mode shows as a dot. */
  #marks() {
    for (const button of $$(this.c.form, ".seg [data-mode]")) {
      const mode = button.dataset.mode === "note" ? "note" : "reply";
      button.classList.toggle("has-draft", mode !== this.c.mode && Boolean(this.c.texts[mode] || this.c.files[mode].length));
    }
  }

  /** What became of the line, a moment later: a blink isn't worth a word. */
  line() {
    this.#away = !this.c.page.socket.open;
    this.#hint();
  }

  #hint() {
    const { area, words, mode } = this.c;
    area.placeholder = (this.#away ? words.textHintOff : mode === "note" ? words.textHintNote : words.textHintReply) ?? "";
  }

  grow() {
    clearErrors(this.c.form);
    const { area } = this.c;
    if (CSS.supports("field-sizing", "content")) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }

  /** @param {"local" | "saved"} state */
  saved(state) {
    const note = $(this.c.form, "[data-saved]");
    if (!note) return;
    clearTimeout(this.#fade);
    note.hidden = !this.c.area.value || state === "local" && this.c.page.socket.open;
    note.textContent = (state === "saved" ? note.dataset.textSaved : note.dataset.textLocal) ?? "";
    this.#fade = setTimeout(() => { note.hidden = true; }, 3_000);
  }

  /** @param {{line: string, seq: number, name: string, text: string}} quoted */
  reply(quoted) {
    const { form, page } = this.c;
    const mode = quoted.line === "staff" ? "note" : "reply";
    if (this.c.mode !== mode) this.c.switch(mode);
    this.c.replyTo = { line: quoted.line, seq: quoted.seq };
    const bar = $(form, "[data-reply]");
    const text = bar && $(bar, "[data-slot=text]");
    if (bar) bar.hidden = false;
    if (text) text.textContent = say(document.getElementById("words")?.dataset.reply, { name: quoted.name, text: quoted.text });
    this.c.area.focus();
  }

  dropReply() {
    this.c.replyTo = null;
    const bar = $(this.c.form, "[data-reply]");
    if (bar) bar.hidden = true;
  }

  clear() {
    this.dropReply();
    this.wait.stop();
    this.c.form.dispatchEvent(new CustomEvent("files:clear"));
  }

  /** Other files than those on the screen. @param {any[]} files */
  show(files) {
    const kept = [...files]; // clearing tells the composer, which forgets them
    this.c.form.dispatchEvent(new CustomEvent("files:clear"));
    this.putBack(kept);
  }

  /** @param {any[]} files */
  putBack(files) {
    if (!files.length) return;
    this.c.form.dataset.restore = JSON.stringify(files); // whichever of the form's two behaviours is bound first
    this.c.form.dispatchEvent(new CustomEvent("files:restore"));
  }

  /** @param {import("../files/wait.js").Now} now */
  #files(now) {
    const changed = now.files.length !== this.files.length;
    this.files = now.files;
    if (changed) this.c.keep();
  }
}
