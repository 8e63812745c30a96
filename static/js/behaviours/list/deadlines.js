/** «Сроки» and ages tick by the server's clock: each minute, each second under two minutes. Shown only, never announced. */
import { $, $$, plural, say } from "../../lib/dom.js";

const MINUTE = 60_000;
const SOON = 15 * MINUTE;
const DAY = 24 * 60;

export class Deadlines {
  /** @type {any} */
  #timer;
  #ahead = 0;

  /** @param {HTMLElement} root @param {DOMStringMap} words `days…`, `hours`, `minutes` @param {import("../../lib/page.js").Page} page */
  constructor(root, words, page) {
    this.root = root;
    this.words = words;
    this.locale = page.locale;
    this.off = page.socket.on("hello", hello => {
      this.#ahead = Date.parse(hello.time) - Date.now() || 0;
      this.tick();
    });
    this.tick();
  }

  end() {
    this.off();
    clearTimeout(this.#timer);
  }

  tick() {
    clearTimeout(this.#timer);
    let next = MINUTE;
    const now = Date.now() + this.#ahead;
    for (const box of $$(this.root, ".sla[data-at]")) next = Math.min(next, this.#paint(box, now));
    for (const box of $$(this.root, ".sla[data-since]")) write($(box, "[data-part=age]"), this.#length(now - Date.parse(box.dataset.since ?? "")));
    this.#timer = setTimeout(() => this.tick(), next);
  }

  /** @param {HTMLElement} box @param {number} now @returns {number} when to look again */
  #paint(box, now) {
    const end = Date.parse(box.dataset.at ?? "");
    const whole = Math.max(end - Date.parse(box.dataset.from ?? ""), 1);
    const rest = end - now;
    box.classList.toggle("late", rest < 0);
    box.classList.toggle("soon", rest >= 0 && (rest < SOON || rest < whole / 4));
    write($(box, "[data-part=left]"), this.#left(rest));
    box.querySelector("rect")?.setAttribute("width", String(Math.round(Math.min(Math.max(1 - rest / whole, 0), 1) * 100)));
    return Math.abs(rest) < 2 * MINUTE ? 1_000 : MINUTE;
  }

  /** @param {number} rest */
  #left(rest) {
    const sign = rest < 0 ? "−" : "";
    if (Math.abs(rest) >= 2 * MINUTE) return sign + this.#length(rest);
    return `${sign}${Math.floor(Math.abs(rest) / MINUTE)}:${String(Math.floor(Math.abs(rest) / 1_000) % 60).padStart(2, "0")}`;
  }

  /** «2 дня», «1 день 3 ч», «4 ч 50 мин», as the server writes it. @param {number} time */
  #length(time) {
    const whole = Math.floor(Math.abs(time) / MINUTE);
    const days = Math.floor(whole / DAY);
    const hours = Math.floor(whole / 60) % 24;
    const minutes = whole % 60;
    return [
      days ? plural(this.words, "days", days, this.locale) : "",
      hours && days < 2 ? say(this.words.hours, { n: hours }) : "",
      !days && (minutes || !hours) ? say(this.words.minutes, { n: minutes }) : "",
    ].filter(Boolean).join(" ").replaceAll(" ", "\u00a0");
  }
}

/** @param {HTMLElement | null} place @param {string} text */
function write(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}
