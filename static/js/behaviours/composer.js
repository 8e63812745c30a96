/** Where one writes: an answer or a note, two rooms with two looks. The text is kept at once, said through the outbox, never lost. */
import { $, $$, on } from "../lib/dom.js";
import { Drafts } from "../lib/drafts.js";
import { post, showErrors } from "../lib/post.js";
import { Extras } from "./say/extras.js";
import { Guard } from "./say/guard.js";

/** @typedef {"reply" | "note"} Mode */

const TYPING = 3_000;

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  if (!(root instanceof HTMLFormElement)) return;
  const composer = new Composer(root, page);
  return () => composer.end();
}

export class Composer {
  /** @type {Mode} */
  mode = "reply";
  /** What is written in each mode: switching never carries words to the other side. @type {Record<Mode, string>} */
  texts = { reply: "", note: "" };
  /** Files likewise: what was put to a note must not leave with an answer. @type {Record<Mode, any[]>} */
  files = { reply: [], note: [] };
  /** @type {{line: string, seq: number} | null} */
  editing = null;
  /** @type {{line: string, seq: number} | null} */
  replyTo = null;
  #typed = 0;
  /** @type {(() => void)[]} */
  #offs = [];

  /** @param {HTMLFormElement} form @param {import("../lib/page.js").Page} page */
  constructor(form, page) {
    this.form = form;
    this.page = page;
    this.words = form.dataset;
    this.area = /** @type {HTMLTextAreaElement} */ ($(form, "textarea"));
    this.mode = form.dataset.mode === "note" ? "note" : "reply";
    this.drafts = new Drafts(page.me, form.dataset.ticket ?? "");
    this.drafts.onsaved = state => this.extras.saved(state);
    this.extras = new Extras(this);
    this.guard = new Guard(this);
    this.#load();
    this.#listen();
    this.show();
  }

  end() {
    this.drafts.flush();
    for (const off of this.#offs) off();
    this.extras.end();
    this.guard.end();
  }

  /** @param {Mode} mode */
  room(mode = this.mode) {
    return (mode === "note" ? this.form.dataset.staffRoom : this.form.dataset.room) ?? "";
  }

  /** Its room as the timeline joins it, whichever of us is bound first. @param {Mode} [mode] */
  line(mode = this.mode) {
    const { head, staffHead } = document.getElementById("log")?.dataset ?? {};
    return this.page.room(this.room(mode), { after: Number(mode === "note" ? staffHead : head), html: true });
  }

  /** The draft keeps its own mode; the box opens with the answer, so that a note is never taken for one. */
  #load() {
    const draft = this.drafts.load(JSON.parse(this.form.dataset.draft ?? "null"));
    const typed = this.area.value === this.area.defaultValue ? "" : this.area.value; // somebody may have begun before this script came
    if (draft) {
      const its = draft.mode === "note" && this.form.dataset.staffRoom ? "note" : "reply";
      this.texts[its] = draft.text ?? "";
      this.texts[its === "note" ? "reply" : "note"] = draft.other ?? "";
      this.files[its] = (draft.files ?? []).filter((/** @type {any} */ file) => file.id);
    }
    if (typed) {
      this.texts[this.mode] = typed;
      this.guard.wrote("", this.texts.reply);
    } else if (this.texts.reply) this.guard.resume();
    this.extras.putBack(this.files[this.mode]);
  }

  #listen() {
    const { area, form } = this;
    on(area, "input", () => this.#input());
    on(area, "keydown", event => this.#key(event));
    on(form, "submit", event => { event.preventDefault(); void this.send(); });
    for (const button of $$(form, ".seg [data-mode]")) {
      on(button, "click", () => {
        this.switch(button.dataset.mode === "note" ? "note" : "reply");
        if (button.dataset.mode === this.mode) area.focus(); // else the words would go to the others
      });
    }
    const listen = (/** @type {EventTarget} */ target, /** @type {string} */ kind, /** @type {(event: any) => void} */ ear) => {
      target.addEventListener(kind, ear);
      this.#offs.push(() => target.removeEventListener(kind, ear));
    };
    listen(document, "journal:reply", event => this.extras.reply(event.detail));
    listen(document, "journal:edit", event => this.edit(event.detail));
    listen(window, "pagehide", () => this.drafts.flush());
    this.#offs.push(this.page.socket.on("state", () => setTimeout(() => this.extras.line(), 1_600)));
    this.#offs.push(this.page.socket.on("hello", () => this.drafts.flush()));
  }

  /** @param {Mode} mode */
  switch(mode) {
    if (mode === this.mode || this.editing) return;
    if (this.extras.wait.now.pending) return this.page.say(this.words.textUploading ?? "");
    this.texts[this.mode] = this.area.value;
    this.files[this.mode] = this.extras.files;
    this.mode = mode;
    this.extras.show(this.files[mode]);
    this.extras.dropReply();
    this.extras.wait.stop();
    this.show();
    this.keep();
  }

  show() {
    this.area.value = this.texts[this.mode];
    this.guard.look();
    this.extras.look();
    this.extras.grow();
  }

  #input() {
    this.extras.grow();
    this.extras.wait.stop();
    if (this.editing) return;
    if (this.mode === "reply") this.guard.wrote(this.texts.reply, this.area.value);
    this.texts[this.mode] = this.area.value;
    this.keep();
    if (this.area.value && Date.now() - this.#typed > TYPING && this.line().typing()) this.#typed = Date.now();
  }

  /** Here at once, on the server within a second. */
  keep() {
    const other = this.mode === "note" ? "reply" : "note";
    const { files } = this.extras;
    this.files[this.mode] = files;
    if (!this.texts.reply && !this.texts.note && !files.length) void this.drafts.drop();
    else this.drafts.save({ text: this.texts[this.mode], mode: this.mode, other: this.texts[other], files });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape" && this.editing) this.stopEditing();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.altKey) return;
    if (matchMedia("(pointer: coarse)").matches && !event.ctrlKey && !event.metaKey) return; // there Enter breaks the line
    event.preventDefault();
    this.form.requestSubmit();
  }

  async send() {
    const text = this.area.value.trim();
    if (!this.editing && (this.guard.fresh || !this.extras.wait.may())) return;
    if (!text && !this.extras.files.length) return this.area.focus();
    if (this.editing) return this.#correct(text);
    const seen = this.page.staff && this.mode === "reply" ? this.guard.seen ?? this.line().last : null;
    const words = { room: this.room(), text, files: this.extras.files, reply_to: this.replyTo?.seq ?? null, seen, anyway: this.guard.asks };
    this.clear();
    await this.page.outbox.say(words);
  }

  clear() {
    this.area.value = this.texts[this.mode] = "";
    this.extras.clear();
    if (this.mode === "reply") this.guard.wrote("", "");
    this.keep();
    this.show();
  }

  /** A refused message comes back into the box, if nothing new stands there. @param {import("../lib/outbox.js").Said} said */
  takeBack(said) {
    const mode = said.room === this.form.dataset.staffRoom ? "note" : "reply";
    if (this.texts[mode] || this.editing) return false;
    this.switch(mode);
    if (this.mode !== mode) return false;
    this.texts[mode] = said.text;
    this.extras.putBack(said.files);
    this.show();
    this.keep();
    return true;
  }

  /** @param {{line: string, seq: number, text: string}} what */
  edit(what) {
    if (!this.editing) this.texts[this.mode] = this.area.value; // else the box holds another correction
    this.editing = what;
    this.area.value = what.text;
    this.extras.wait.stop();
    this.guard.look();
    this.extras.look();
    this.extras.grow();
    this.area.focus();
  }

  stopEditing() {
    this.editing = null;
    this.show();
  }

  /** @param {string} text */
  async #correct(text) {
    const { line, seq } = this.editing ?? { line: "public", seq: 0 };
    const values = new FormData();
    values.set("text", text);
    const answer = await post(`/tickets/${this.form.dataset.ticket}/${line === "staff" ? "notes" : "messages"}/${seq}/edit`, values);
    const words = document.getElementById("words")?.dataset ?? {};
    if (!answer.ok) return showErrors(this.form, answer, (answer.status ? words.trouble : words.noLine) ?? "");
    this.stopEditing();
    this.page.say(words.edited ?? "");
  }
}
