/** One file on its way: waiting, loading, ok, failed (tried again by itself) or refused (never), with its row on the form. */
import { $, fill, on, say } from "../../lib/dom.js";
import { pause } from "../../lib/socket.js";

/** @typedef {import("../upload.js").Uploaded} Uploaded */
/** @typedef {{words: DOMStringMap, page: import("../../lib/page.js").Page, list: HTMLElement, remove: (item: Item) => void, next: () => void, tell: () => void, say: (text: string) => void}} Owner */

const PICTURE = /^image\/(png|jpeg|gif|webp)$/;
const REFUSED = [400, 413, 415, 422];

export class Item {
  /** @type {"waiting" | "loading" | "ok" | "failed" | "refused"} */
  state = "waiting";
  /** @type {Uploaded | null} */
  uploaded = null;
  /** @type {XMLHttpRequest | null} */
  #call = null;
  #begun = 0;
  #picture = "";
  #failures = 0;
  /** @type {any} */
  #retry;

  /** @param {Owner} owner @param {HTMLElement} row @param {string} name */
  constructor(owner, row, name) {
    this.owner = owner;
    this.row = row;
    this.name = name;
    /** @type {File | null} */
    this.file = null;
    on($(row, "[data-part=remove]"), "click", () => owner.remove(this));
  }

  /** A row that came with the page. @param {Owner} owner @param {HTMLElement} row */
  static adopt(owner, row) {
    const item = new Item(owner, row, $(row, "[data-part=name]")?.textContent ?? "");
    item.state = "ok";
    item.uploaded = { id: row.dataset.id ?? "", name: item.name, size: Number(row.dataset.size), type: row.dataset.type ?? "" };
    return item;
  }

  /** @param {Owner} owner @param {File} file */
  static make(owner, file) {
    const item = new Item(owner, fill("upload-item"), file.name);
    item.file = file;
    item.#write("name", file.name);
    item.#write("size", size(file.size, owner.page.locale, owner.words));
    item.#tile(PICTURE.test(file.type) ? (item.#picture = URL.createObjectURL(file)) : "");
    const most = Number(owner.words.maxBytes);
    if (most && file.size > most) item.#fail("refused", owner.words.big ?? "");
    else if (!file.size) item.#fail("refused", owner.words.empty ?? "");
    else item.#show("waiting");
    return item;
  }

  /** Uploaded before, on this device. @param {Owner} owner @param {Uploaded} file */
  static restored(owner, file) {
    const item = new Item(owner, fill("upload-item"), file.name);
    item.#write("name", file.name);
    item.#arrived(file, PICTURE.test(file.type) ? `/files/${file.id}/preview` : "");
    item.#write("size", size(file.size, owner.page.locale, owner.words));
    return item;
  }

  /** Whether it takes one of the places. */
  get counts() {
    return this.state !== "refused";
  }

  start() {
    if (!this.file) return;
    const call = (this.#call = new XMLHttpRequest());
    const body = new FormData();
    body.append("file", this.file, this.file.name);
    call.open("POST", "/files");
    call.setRequestHeader("Accept", "application/json");
    call.setRequestHeader("X-Requested-With", "journal");
    call.responseType = "json";
    call.upload.onprogress = event => this.#progress(event.loaded, event.total);
    call.onload = () => this.#answered(call);
    call.onerror = call.ontimeout = () => { this.#broke(); this.#settled(); };
    this.#begun = Date.now();
    this.#show("loading");
    call.send(body);
  }

  /** A broken one goes once more: its time has come, the line is back, or the person asks. */
  again() {
    if (this.state !== "failed") return;
    clearTimeout(this.#retry);
    this.#show("waiting");
    this.#settled();
  }

  stop() {
    clearTimeout(this.#retry);
    this.#call?.abort();
    if (this.#picture) URL.revokeObjectURL(this.#picture);
  }

  /** @param {XMLHttpRequest} call */
  #answered(call) {
    if (call.status === 200 || call.status === 201) this.#arrived(call.response);
    else if (REFUSED.includes(call.status)) this.#fail("refused", call.response?.detail ?? call.response?.errors?.[0]?.detail ?? "");
    else this.#broke(call.response?.detail);
    this.#settled();
  }

  #settled() {
    this.owner.next();
    this.owner.tell();
  }

  /** @param {Uploaded} file @param {string} [picture] */
  #arrived(file, picture) {
    this.uploaded = file;
    this.#show("ok");
    if (picture !== undefined) this.#tile(picture);
    const field = this.row.querySelector("input");
    if (field) {
      field.value = file.id;
      field.disabled = false;
    }
    if (this.file) this.owner.say(say(this.owner.words.done, { name: this.name }));
  }

  /** @param {string} [why] */
  #broke(why) {
    this.#fail("failed", why ?? this.owner.words.lost ?? "");
    on($(this.row, "[data-part=again]"), "click", () => this.again());
    this.#failures += 1;
    if (navigator.onLine) this.#retry = setTimeout(() => this.again(), pause(1006, this.#failures)); // else `online` calls
  }

  /** @param {"failed" | "refused"} state @param {string} why */
  #fail(state, why) {
    this.#show(state);
    this.#write("reason", why);
    if (!this.#failures) this.owner.say(`${this.name}: ${why}`); // the tenth time is no news
  }

  /** @param {number} done @param {number} all */
  #progress(done, all) {
    if (this.state !== "loading") return;
    const bar = this.row.querySelector("progress");
    if (bar) bar.value = all ? Math.round((done / all) * 100) : 0;
    const { locale } = this.owner.page;
    const seconds = (Date.now() - this.#begun) / 1_000;
    const left = Math.ceil(((all - done) / Math.max(done, 1)) * seconds);
    const rest = seconds > 1 && left > 0 ? ` · ${new Intl.NumberFormat(locale, { style: "unit", unit: "second", unitDisplay: "narrow" }).format(left)}` : "";
    this.#write("size", say(this.owner.words.of, { done: number(done / 1_048_576, locale), all: size(all, locale, this.owner.words) }) + rest);
  }

  /** @param {Item["state"]} state */
  #show(state) {
    this.state = state;
    this.row.dataset.state = state;
    const bar = $(this.row, "[data-part=bar]");
    if (bar) {
      bar.className = `bar ${{ waiting: "loading", loading: "loading", ok: "ok", failed: "no", refused: "no" }[state]}`;
      bar.replaceChildren(fill(`upload-${state === "waiting" ? "loading" : state}`));
    }
    this.row.querySelector("progress")?.setAttribute("aria-label", say(this.owner.words.progress, { name: this.name }));
    const under = state === "waiting" || state === "loading";
    $(this.row, "[data-part=remove]")?.setAttribute("aria-label", say(under ? this.owner.words.cancel : this.owner.words.remove, { name: this.name }));
    if (!under && this.file) this.#write("size", size(this.file.size, this.owner.page.locale, this.owner.words));
  }

  /** @param {string} source of a picture, or nothing */
  #tile(source) {
    const tile = $(this.row, "[data-part=tile]");
    if (!tile) return;
    if (!source) {
      const ext = this.name.includes(".") ? this.name.split(".").pop() ?? "" : "";
      tile.textContent = ext.length && ext.length < 5 ? ext.toUpperCase() : "…";
      return;
    }
    const picture = new Image();
    picture.alt = "";
    picture.src = source;
    tile.replaceChildren(picture);
  }

  /** @param {string} part @param {string} text */
  #write(part, text) {
    const place = $(this.row, `[data-part=${part}]`);
    if (place) place.textContent = text;
  }
}

/** @param {number} value @param {string} locale */
function number(value, locale) {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: value < 100 ? 1 : 0 }).format(value);
}

/** @param {number} bytes @param {string} locale @param {DOMStringMap} words `kilobytes`, `megabytes` */
function size(bytes, locale, words) {
  return bytes < 1_024_000
    ? say(words.kilobytes, { n: number(Math.max(Math.round(bytes / 1_024), bytes ? 1 : 0), locale) })
    : say(words.megabytes, { n: number(bytes / 1_048_576, locale) });
}
