/** «Сроки» tick by the server's clock: each minute, each second under two minutes. Shown only, never announced. */
import { $, $$, say } from "../../lib/dom.js";

const MINUTE = 60_000;
const SOON = 15 * MINUTE;
const DAY = 24 * 60;

export class Deadlines {
  /** @type {any} */
  #timer;
  #ahead = 0;

  /** @param {HTMLElement} root @param {DOMStringMap} words `hours`, `minutes` @param {import("../../lib/page.js").Page} page */
  constructor(root, words, page) {
    this.root = root;
    this.words = words;
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
    for (const box of $$(this.root, ".sla[data-at]")) next = Math.min(next, this.#paint(box, Date.now() + this.#ahead));
    this.#timer = setTimeout(() => this.tick(), next);
  }

  /** @param {HTMLElement} box @param {number} now @returns {number} when to look again */
  #paint(box, now) {
    const end = Date.parse(box.dataset.at ?? "");
    const whole = Math.max(end - Date.parse(box.dataset.from ?? ""), 1);
    const rest = end - now;
    box.classList.toggle("late", rest < 0);
    box.classList.toggle("soon", rest >= 0 && (rest < SOON || rest < whole / 4));
    $(box, "[data-part=left]")?.replaceChildren(this.#left(rest, $(box, "[data-part=left]")?.textContent ?? ""));
    box.querySelector("rect")?.setAttribute("width", String(Math.round(Math.min(Math.max(1 - rest / whole, 0), 1) * 100)));
    return Math.abs(rest) < 2 * MINUTE ? 1_000 : MINUTE;
  }

  /** @param {number} rest @param {string} shown days are left as the server wrote them */
  #left(rest, shown) {
    const sign = rest < 0 ? "−" : "";
    if (Math.abs(rest) < 2 * MINUTE) return `${sign}${Math.floor(Math.abs(rest) / MINUTE)}:${String(Math.floor(Math.abs(rest) / 1_000) % 60).padStart(2, "0")}`;
    const minutes = Math.floor(Math.abs(rest) / MINUTE);
    if (minutes >= DAY) return shown;
    const parts = [minutes >= 60 ? say(this.words.hours, { n: Math.floor(minutes / 60) }) : "", minutes % 60 || minutes < 60 ? say(this.words.minutes, { n: minutes % 60 }) : ""];
    return sign + parts.filter(Boolean).join("\u00a0");
  }
}
