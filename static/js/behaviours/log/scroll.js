/** Where the reader is in the log: stays there when rows come above, follows the end only from the end, else counts what came. */
import { $, plural } from "../../lib/dom.js";

const NEAR = 48;

export class Scroll {
  atEnd = true;
  fresh = 0;

  /** @param {HTMLElement} root @param {HTMLElement} content @param {HTMLElement | null} button @param {DOMStringMap} words @param {string} locale */
  constructor(root, content, button, words, locale) {
    this.root = root;
    this.button = button;
    this.words = words;
    this.locale = locale;
    this.onscroll = () => this.#moved();
    root.addEventListener("scroll", this.onscroll, { passive: true });
    this.observer = new ResizeObserver(() => { if (this.atEnd) this.toEnd(); });
    this.observer.observe(content);
    this.observer.observe(root);
    this.button?.addEventListener("click", () => this.toEnd(true));
  }

  end() {
    this.observer.disconnect();
    this.root.removeEventListener("scroll", this.onscroll);
  }

  /** @param {boolean} [smooth] */
  toEnd(smooth = false) {
    const far = this.root.scrollHeight - this.root.scrollTop > 3 * this.root.clientHeight;
    const still = far || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.root.scrollTo({ top: this.root.scrollHeight, behavior: smooth && !still ? "smooth" : "instant" });
    this.atEnd = true;
    this.count(0);
  }

  /** @param {HTMLElement} row @param {number} [part] of the height above it */
  toRow(row, part = 0.3) {
    const top = row.getBoundingClientRect().top - this.root.getBoundingClientRect().top + this.root.scrollTop;
    this.root.scrollTo({ top: top - this.root.clientHeight * part, behavior: "instant" });
    this.#moved();
  }

  /** Keeps what is read in place while `change` puts rows above it. @param {() => void} change */
  hold(change) {
    if (this.atEnd) {
      change();
      return this.toEnd();
    }
    const edge = this.root.getBoundingClientRect().top;
    const anchor = [...this.root.querySelectorAll(".e")].find(row => row.getBoundingClientRect().bottom > edge);
    const was = anchor?.getBoundingClientRect().top ?? 0;
    change();
    if (anchor?.isConnected) this.root.scrollTop += anchor.getBoundingClientRect().top - was;
  }

  /** @param {number} n */
  count(n) {
    this.fresh = n;
    if (!this.button) return;
    this.button.hidden = this.atEnd;
    const text = $(this.button, "[data-slot=text]");
    if (text) text.textContent = n ? plural(this.words, "fresh", n, this.locale) : this.words.toEnd ?? "";
    this.button.classList.toggle("primary", n > 0);
  }

  #moved() {
    this.atEnd = this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < NEAR;
    this.count(this.atEnd ? 0 : this.fresh);
  }
}
