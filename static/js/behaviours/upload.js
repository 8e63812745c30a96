/** Files by button, drop and paste. They leave at once and belong to the draft: the form may be sent while they are under way,
 * and what broke off goes again by itself. */
import { $, $$, on, say } from "../lib/dom.js";
import { Item } from "./files/item.js";

/** @typedef {{id: string, name: string, size: number, type: string}} Uploaded */

const AT_ONCE = 3;

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  const uploads = new Uploads(root, page);
  return () => uploads.end();
}

class Uploads {
  /** @type {Item[]} */
  items = [];
  #over = 0;
  #ends = new AbortController();

  /** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.words = document.getElementById("upload-words")?.dataset ?? {};
    this.list = /** @type {HTMLElement} */ ($(root, "[data-files]"));
    this.picker = /** @type {HTMLInputElement} */ ($(root, "[data-picker]"));
    const pick = $(root, "[data-pick]");
    root.classList.add("on");
    for (const hidden of $$(root, "[data-when-script]")) hidden.hidden = false;
    const signal = { signal: this.#ends.signal };
    if (pick instanceof HTMLButtonElement) on(pick, "click", () => this.picker.click(), signal);
    on(this.picker, "change", () => { this.add([...(this.picker.files ?? [])]); this.picker.value = ""; }, signal);
    on(root, "files:clear", () => this.clear(), signal);
    on(root, "files:add", event => this.add([...event.detail]), signal);
    on(root, "files:restore", () => this.restore(), signal);
    on(root, "files:without", () => this.#without(), signal);
    on(window, "online", () => this.#again(), signal);
    on(window, "beforeunload", event => { if (this.#pending()) event.preventDefault(); }, signal); // a page that goes takes them along
    on(signal.signal, "abort", page.socket.on("hello", () => this.#again()));
    on(document, "paste", event => this.#paste(event), signal);
    for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) on(document, kind, event => this.#drag(event), signal);
    for (const row of $$(this.list, "[data-id]")) this.items.push(Item.adopt(this, row));
    this.restore();
  }

  /** Files of a draft that the page didn't know: `data-restore` holds them, whichever of us was first. */
  restore() {
    const known = new Set(this.items.map(item => item.uploaded?.id));
    /** @type {Uploaded[]} */
    const files = JSON.parse(this.root.dataset.restore ?? "[]");
    delete this.root.dataset.restore;
    for (const file of files.filter(one => !known.has(one.id))) {
      const item = Item.restored(this, file);
      this.items.push(item);
      this.list.append(item.row);
    }
    if (files.length) this.tell();
  }

  end() {
    this.#ends.abort();
    for (const item of this.items) item.stop();
  }

  /** @param {File[]} files */
  add(files) {
    for (const file of files) {
      if (this.items.filter(item => item.counts).length >= Number(this.words.maxFiles)) return this.page.say(this.words.many ?? "");
      const item = Item.make(this, file);
      this.items.push(item);
      this.list.append(item.row);
    }
    this.next();
    this.tell();
  }

  clear() {
    for (const item of this.items) item.stop();
    this.items = [];
    this.list.replaceChildren();
    this.tell();
  }

  /** @param {Item} item */
  remove(item) {
    const at = this.items.indexOf(item);
    item.stop();
    item.row.remove();
    this.items.splice(at, 1);
    const beside = this.items[at] ?? this.items[at - 1];
    ((beside && $(beside.row, "[data-part=remove]")) ?? this.picker).focus();
    this.next();
    this.tell();
  }

  /** As many at once as a browser's connection bears. */
  next() {
    const under = this.items.filter(item => item.state === "loading").length;
    for (const item of this.items.filter(one => one.state === "waiting").slice(0, AT_ONCE - under)) item.start();
  }

  /** Whoever sends the form wants to know what is there and what is still coming. */
  tell() {
    const files = this.items.map(item => item.uploaded).filter(Boolean);
    const refused = this.items.filter(item => item.state === "refused").length;
    this.root.dispatchEvent(new CustomEvent("files", { bubbles: true, detail: { files, pending: this.#pending(), refused } }));
  }

  /** Not up yet, whatever happened to them: each of them still will be. */
  #pending() {
    return this.items.filter(item => ["waiting", "loading", "failed"].includes(item.state)).length;
  }

  #again() {
    for (const item of this.items) item.again();
  }

  /** The person sends without what isn't up. */
  #without() {
    for (const item of this.items.filter(one => !one.uploaded)) {
      item.stop();
      item.row.remove();
    }
    this.items = this.items.filter(item => item.uploaded);
    this.tell();
  }

  /** @param {string} text */
  say(text) {
    const heard = $(this.root, "[data-said]");
    if (heard) heard.textContent = text;
    else this.page.say(text);
  }

  /** A screenshot has no text beside it; what is copied from a table has, and is meant as text. @param {ClipboardEvent} event */
  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || (event.clipboardData?.types.includes("text/plain") && event.target instanceof HTMLTextAreaElement)) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.add(files.map(file => this.#named(file)));
  }

  /** Every pasted picture is called image.png; a time tells them apart. @param {File} file */
  #named(file) {
    if (!/^image\.\w+$/.test(file.name)) return file;
    const at = new Intl.DateTimeFormat(this.page.locale === "en" ? "en-GB" : "ru-RU", { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
    const name = say(this.words.pasted, { at: at.format(new Date()).replaceAll(/[:/]/g, "-") });
    return new File([file], `${name}.${file.name.split(".").pop()}`, { type: file.type });
  }

  /** @param {DragEvent} event */
  #drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (event.type === "dragenter") this.#over += 1;
    if (event.type === "dragleave") this.#over -= 1;
    if (event.type === "drop") {
      this.#over = 0;
      this.add([...event.dataTransfer.files]);
    }
    this.root.classList.toggle("over", this.#over > 0);
  }
}
