/** The form of a new request: kept while it is written, checked before it leaves, sent without losing a letter. */
import { $, $$, on, say } from "../lib/dom.js";
import { Drafts } from "../lib/drafts.js";
import { newId } from "../lib/outbox.js";
import { clearErrors, post, showErrors } from "../lib/post.js";
import { clockTime } from "../lib/time.js";
import { Wait } from "./files/wait.js";

const FIELDS = ["subject", "urgency", "service", "text", "due", "private", "author"];

/** @param {HTMLElement} root the form @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  if (root instanceof HTMLFormElement) new Draft(root, page);
}

class Draft {
  /** @type {any[]} */
  files = [];
  /** One for each attempt to create: pressed twice, or sent again after a broken answer, it stays one request. */
  key = newId();

  /** @param {HTMLFormElement} form @param {import("../lib/page.js").Page} page */
  constructor(form, page) {
    this.form = form;
    this.page = page;
    this.words = form.dataset;
    this.drafts = new Drafts(page.me, form.dataset.place ?? "new");
    this.drafts.onsaved = state => this.#saved(state);
    this.around = form.closest("main") ?? document.body;
    this.send = /** @type {HTMLButtonElement} */ ($(this.around, "[data-part=send]"));
    this.wait = new Wait($(form, "[data-behaviour~=upload]") ?? form, $(this.around, "[data-wait]"), () => form.requestSubmit());
    this.#restore();
    this.#discard();
    on(form, "input", event => { if (event.target.type !== "file") this.wait.stop(); this.#mend(event.target); this.save(); });
    on(form, "change", event => { this.#mend(event.target); this.save(); });
    on(form, "files", event => this.#filesChanged(event.detail));
    on(form, "submit", event => { event.preventDefault(); void this.submit(); });
    on(window, "pagehide", () => this.drafts.flush());
  }

  save() {
    this.drafts.save({ ...this.values(), files: this.files });
  }

  /** @returns {Record<string, any> & {text: string}} */
  values() {
    const data = new FormData(this.form);
    const of = (/** @type {string} */ name) => String(data.get(name) ?? "");
    return { text: of("text"), ...Object.fromEntries(FIELDS.map(name => [name, of(name)])), private: data.has("private") };
  }

  async submit() {
    if (!this.#checked() || this.send.ariaBusy === "true") return;
    if (!this.wait.may()) return;
    const data = new FormData(this.form);
    data.delete("upload");
    this.#busy(true);
    const answer = await post(this.form.action, data, { headers: { "Idempotency-Key": this.key } });
    if (answer.ok) {
      await this.drafts.drop();
      return location.assign(answer.body.location ?? `/tickets/${answer.body.number}`);
    }
    this.#busy(false);
    this.key = newId();
    showErrors(this.form, answer, this.words.textFailed ?? "");
    for (const note of $$(this.form, "select + .err")) note.closest(".ctl")?.append(note);
    if (!answer.status) this.page.say(this.words.textFailed ?? "");
  }

  /** Required and empty: said beside the field, the first one is focused. */
  #checked() {
    clearErrors(this.form);
    const empty = $$(this.form, "[required][data-text-empty]").filter(field => "value" in field && !String(field.value).trim());
    const errors = empty.map(field => ({ field: field.getAttribute("name"), detail: field.dataset.textEmpty }));
    if (errors.length) showErrors(this.form, { ok: false, status: 422, body: { errors } }, "");
    for (const note of $$(this.form, "select + .err")) note.closest(".ctl")?.append(note);
    return !errors.length;
  }

  /** @param {EventTarget | null} field */
  #mend(field) {
    if (!(field instanceof HTMLElement) || !field.hasAttribute("aria-invalid")) return;
    field.removeAttribute("aria-invalid");
    const note = document.getElementById(field.getAttribute("aria-describedby")?.split(" ").pop() ?? "");
    if (note?.classList.contains("err")) note.remove();
  }

  /** @param {import("./files/wait.js").Now} now */
  #filesChanged({ files }) {
    const changed = files.length !== this.files.length;
    this.files = files;
    if (changed) this.save();
  }

  /** Words that never reached the server win over its draft; a form that was refused holds what was just written. */
  #restore() {
    this.files = $$(this.form, "[data-files] [data-id]").map(row => ({ id: row.dataset.id, name: $(row, "[data-part=name]")?.textContent ?? "", size: Number(row.dataset.size), type: row.dataset.type }));
    const server = this.words.savedAt ? { ...this.values() } : null;
    const kept = this.drafts.load(server);
    if (!kept || kept === server || $(this.form, "[data-part=summary]")) return;
    for (const name of FIELDS) this.#fill(name, kept[name]);
    const drop = $(this.form, "[data-behaviour~=upload]");
    if (!drop || !kept.files?.length) return;
    drop.dataset.restore = JSON.stringify(kept.files);
    drop.dispatchEvent(new CustomEvent("files:restore"));
  }

  /** @param {string} name @param {any} value */
  #fill(name, value) {
    for (const field of $$(this.form, `[name="${name}"]`)) {
      if (field instanceof HTMLInputElement && field.type === "radio") field.checked = field.value === value;
      else if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = Boolean(value);
      else if ("value" in field) field.value = value ?? "";
      if (field instanceof HTMLSelectElement) field.dispatchEvent(new Event("change"));
    }
  }

  #discard() {
    const button = $(this.around, "[data-part=discard]");
    if (!button) return;
    button.hidden = false;
    on(button, "click", () => {
      for (const name of FIELDS) this.#fill(name, name === "urgency" ? "normal" : "");
      $(this.form, "[data-behaviour~=upload]")?.dispatchEvent(new CustomEvent("files:clear"));
      clearErrors(this.form);
      void this.drafts.drop();
      this.#say(this.words.textDeleted ?? "");
      $(this.form, "[name=subject]")?.focus();
    });
  }

  /** @param {"local" | "saved"} state */
  #saved(state) {
    this.#say(say(state === "saved" ? this.words.textSaved : this.words.textLocal, { at: clockTime(this.page.clock, Date.now()) }));
  }

  /** @param {string} text */
  #say(text) {
    const place = $(this.around, "[data-part=saved]");
    if (place) place.textContent = text;
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.send.ariaBusy = String(busy);
    const label = this.send.dataset.label ?? this.send.textContent ?? "";
    this.send.dataset.label = label;
    this.send.textContent = busy ? this.words.textSending ?? label : label;
  }
}
