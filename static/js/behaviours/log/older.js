/** Older pages of the logs, asked for when the reader scrolls up. Which log has the hole is the only question. */
import { get } from "../../lib/post.js";

const NEAR = 400;

/** @typedef {import("../../lib/timeline.js").Row} Row */
/** @typedef {{line: import("../../lib/timeline.js").Line, rows: Map<number, Row>, low: number}} Log `low`: the smallest number loaded, rows or not */

/** @param {Map<number, Row>} rows @returns {Row | undefined} */
export function oldest(rows) {
  return [...rows.values()].reduce((/** @type {Row | undefined} */ old, row) => !old || row.seq < old.seq ? row : old, undefined);
}

/** The log whose missing part hides the most. @param {Log[]} logs @returns {Log | null} */
export function edge(logs) {
  const holes = logs.filter(log => log.low > 1 && log.low !== Infinity && log.rows.size);
  return holes.sort((a, b) => (oldest(b.rows)?.at ?? 0) - (oldest(a.rows)?.at ?? 0))[0] ?? null;
}

export class Older {
  #asking = false;

  /**
   * @param {HTMLElement} root @param {string} ticket @param {() => Log | null} edge the log whose hole is nearest
   * @param {(line: import("../../lib/timeline.js").Line, items: any[]) => void} put
   */
  constructor(root, ticket, edge, put) {
    this.root = root;
    this.ticket = ticket;
    this.edge = edge;
    this.put = put;
    this.onscroll = () => { if (root.scrollTop < NEAR) void this.ask(); };
  }

  /** Once the reader stands where they should. */
  start() {
    this.root.addEventListener("scroll", this.onscroll, { passive: true });
    this.onscroll();
  }

  end() {
    this.root.removeEventListener("scroll", this.onscroll);
  }

  /** One page. @returns {Promise<boolean>} whether something came */
  async ask() {
    const edge = this.edge();
    if (this.#asking || !edge) return false;
    this.#asking = true;
    const answer = await get(`/tickets/${this.ticket}/events?before=${edge.low}${edge.line === "staff" ? "&line=staff" : ""}`);
    this.#asking = false;
    if (!answer.ok || !answer.body.items?.length) return false;
    this.put(edge.line, answer.body.items);
    if (this.root.scrollHeight <= this.root.clientHeight + NEAR) return this.ask();
    return true;
  }

  /** Loads until the row is there, for a quote's link. @param {() => boolean} there */
  async until(there) {
    while (!there()) if (!(await this.ask())) return false;
    return true;
  }
}
