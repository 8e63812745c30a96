/** Keys of the lists and of a ticket. Physical keys, so that they work in ЙЦУКЕН; silent while one writes; may be switched off. */
import { $, $$, on } from "../lib/dom.js";

const OFF = "journal:keys-off";
const CHORD = 1_200;

/** @param {HTMLElement} _root @param {import("../lib/page.js").Page} page */
export function bind(_root, page) {
  const keys = new Keys(page);
  document.addEventListener("keydown", keys);
  return () => document.removeEventListener("keydown", keys);
}

class Keys {
  #afterG = 0;

  /** @param {import("../lib/page.js").Page} page */
  constructor(page) {
    this.page = page;
    this.list = page.staff ? "/queue" : "/tickets";
    this.dialog = document.getElementById("keys");
    const allowed = this.dialog && $(this.dialog, "[data-keys-on]");
    if (allowed instanceof HTMLInputElement) {
      allowed.checked = !localStorage.getItem(OFF);
      on(allowed, "change", () => allowed.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes"));
    }
    for (const opener of $$(document, "[data-open-keys]")) on(opener, "click", () => this.help());
  }

  help() {
    if (this.dialog instanceof HTMLDialogElement && !this.dialog.open) this.dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  handleEvent(event) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || writing(event.target)) return;
    if (localStorage.getItem(OFF) || document.querySelector("dialog[open]")) return;
    const help = event.key === "?" || (event.shiftKey && event.code === "Slash");
    const act = help ? () => this.help() : event.shiftKey ? undefined : this.#plain(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {KeyboardEvent} event @returns {(() => void) | undefined} */
  #plain(event) {
    if (Date.now() - this.#afterG < CHORD) {
      this.#afterG = 0;
      if (event.code === "KeyQ") return () => go(this.list);
      if (event.code === "KeyM" && this.page.staff) return () => go("/queue?view=mine");
    }
    switch (event.code) {
      case "KeyG": return () => { this.#afterG = Date.now(); };
      case "KeyN": return () => go("/tickets/new");
      case "Slash": case "NumpadDivide": return focusing($(document, "[data-key=search]"));
      case "KeyJ": case "ArrowDown": return this.#move(1, event);
      case "KeyK": case "ArrowUp": return this.#move(-1, event);
      case "KeyC": return pressing(claim());
      case "KeyR": return writingTo("reply");
      case "KeyM": return writingTo("note");
      case "Escape": return $(document, "[data-behaviour~=timeline]") ? () => go(this.list) : undefined;
      default: return this.#view(event.code);
    }
  }

  /** The views stand in the side navigation, in the order of their digits. @param {string} code */
  #view(code) {
    if (!this.page.staff || location.pathname !== "/queue") return undefined;
    return pressing($$(document, "#places a[href^='/queue']")[Number(/^Digit(\d)$/.exec(code)?.[1]) - 1] ?? null);
  }

  /** The arrows scroll as ever until a row has been chosen. @param {number} by @param {KeyboardEvent} event */
  #move(by, event) {
    const links = rows();
    const at = links.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (!links.length || (at < 0 && event.code.startsWith("Arrow"))) return undefined;
    return focusing(links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)] ?? null);
  }
}

/** The links of a list's rows, in order. */
function rows() {
  return $$(document, "a[data-ticket], [data-ticket] .subj a, a.hit");
}

/** «Взять» of the row one stands on, or of the open ticket. */
function claim() {
  const row = document.activeElement?.closest("[data-ticket]");
  return $(row ?? document, row ? "[data-part=claim] button" : "form[action$='/claim'] button");
}

/** Only once it is alive: words meant as a note must not find the answer's box open. @param {string} mode */
function writingTo(mode) {
  const box = $(document, "[data-bound~=composer] textarea");
  const button = $(document, `[data-bound~=composer] button[data-mode=${mode}]`);
  if (!box || (mode === "note" && !button)) return undefined;
  return () => button ? button.click() : box.focus();
}

/** @param {EventTarget | null} target */
function writing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}

/** @param {HTMLElement | null} element */
function focusing(element) {
  return element ? () => { element.focus(); if (element instanceof HTMLInputElement) element.select(); } : undefined;
}

/** @param {HTMLElement | null} button */
function pressing(button) {
  return button ? () => button.click() : undefined;
}

/** @param {string} where */
function go(where) {
  location.assign(where);
}
