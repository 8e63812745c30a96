/** Tells the server what was really seen: a row on the screen of a visible tab. The cursor only grows. */
import { Seen } from "../../lib/timeline.js";

const SOON = 500;

export class Eyes {
  /** @type {Set<Element>} */
  #visible = new Set();
  /** @type {Map<string, Seen>} */
  #seen = new Map();
  /** @type {any} */
  #timer;

  /**
   * @param {HTMLElement} root @param {(line: string, upto: number) => boolean} tell sends a read mark; false: the line is away
   * @param {(line: string, seq: number) => number} reach how far seeing `seq` goes: past rows that are never shown
   */
  constructor(root, tell, reach) {
    this.tell = tell;
    this.reach = reach;
    this.observer = new IntersectionObserver(entries => this.#moved(entries), { root, threshold: [0, 0.5, 1] });
    this.onvisible = () => this.look();
    document.addEventListener("visibilitychange", this.onvisible);
  }

  end() {
    clearTimeout(this.#timer);
    this.observer.disconnect();
    document.removeEventListener("visibilitychange", this.onvisible);
  }

  /** @param {string} line @param {number} upto */
  known(line, upto) {
    this.#seen.set(line, new Seen(upto));
  }

  /** @param {Element} row */
  watch(row) {
    this.observer.observe(row);
  }

  /** @param {Element} row */
  forget(row) {
    this.observer.unobserve(row);
    this.#visible.delete(row);
  }

  /** Counts what is on the screen now, if anybody looks. */
  look() {
    if (document.hidden) return;
    for (const row of this.#visible) {
      if (!(row instanceof HTMLElement) || !row.isConnected) continue;
      const line = row.id.startsWith("n") ? "staff" : "public";
      this.#seen.get(line)?.saw(this.reach(line, Number(row.dataset.seq)));
    }
    this.#timer ??= setTimeout(() => this.#send(), SOON);
  }

  #send() {
    this.#timer = undefined;
    for (const [line, seen] of this.#seen) {
      const upto = seen.due();
      if (upto && this.tell(line, upto)) seen.told = upto;
    }
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #moved(entries) {
    for (const entry of entries) {
      const tall = entry.intersectionRect.height > (entry.rootBounds?.height ?? Infinity) * 0.4;
      if (entry.isIntersecting && (entry.intersectionRatio >= 0.5 || tall)) this.#visible.add(entry.target);
      else this.#visible.delete(entry.target);
    }
    this.look();
  }
}
