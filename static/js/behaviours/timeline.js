/** The conversation: the two rooms of a ticket kept on the screen as they are in the log. Rules are in lib/timeline.js, parts in log/. */
import { $, $$, say } from "../lib/dom.js";
import { horizon, keyOf, merge } from "../lib/timeline.js";
import { Chatter } from "./log/chatter.js";
import { Eyes } from "./log/eyes.js";
import { Older, edge, oldest } from "./log/older.js";
import { Paper } from "./log/paper.js";
import { Pending } from "./log/pending.js";
import { amend, arrived, authorOf, personal, read, whence, wordsOf } from "./log/rows.js";
import { Scroll } from "./log/scroll.js";
import { Tools } from "./log/tools.js";

/** @typedef {import("../lib/timeline.js").Row} Row */
/** @typedef {import("../lib/timeline.js").Line} Line */
/** @typedef {{line: Line, room: import("../lib/room.js").Room, head: number, rows: Map<number, Row>, low: number}} Log  `head`: of the page as it came */

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  const timeline = new Timeline(root, page);
  return () => timeline.end();
}

class Timeline {
  /** @type {Map<Line, Log>} */
  logs = new Map();
  #awayMarked = false;
  #drawing = false;
  /** @type {(() => void)[]} */
  #offs = [];

  /** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.words = document.getElementById("words")?.dataset ?? {};
    /** @type {Record<string, string>} */
    this.posts = {};
    this.content = /** @type {HTMLElement} */ ($(root, ".tl"));
    this.paper = new Paper(this.content, page.clock, this.words);
    const around = root.closest(".conv") instanceof HTMLElement ? /** @type {HTMLElement} */ (root.closest(".conv")) : root;
    this.around = around;
    this.scroll = new Scroll(root, this.content, $(around, "[data-tonew]"), this.words, page.locale);
    this.chatter = new Chatter(page, around, this.words);
    this.eyes = new Eyes(root, (line, upto) => this.logs.get(/** @type {Line} */ (line))?.room.read(upto) ?? false, (line, seq) => this.#reach(line, seq));
    this.#open("public", root.dataset.room ?? "", Number(root.dataset.head));
    if (root.dataset.staffRoom) this.#open("staff", root.dataset.staffRoom, Number(root.dataset.staffHead));
    this.#adoptPage();
    const lines = new Map([...this.logs.values()].map(log => [log.room.name, log.line]));
    this.pending = new Pending(page, lines, id => this.#hasId(id), this.words, () => this.draw());
    this.older = new Older(root, root.dataset.ticket ?? "", () => edge([...this.logs.values()]), (line, items) => this.#putOlder(line, items));
    this.tools = new Tools(this);
    this.#start();
  }

  end() {
    for (const part of [this.scroll, this.chatter, this.eyes, this.pending, this.older, this.tools]) part.end();
    for (const off of this.#offs) off();
  }

  /** @param {Line} line @param {string} name @param {number} head */
  #open(line, name, head) {
    const room = this.page.room(name, { after: head, html: true });
    /** @type {Log} */
    const log = { line, room, head, rows: new Map(), low: head + 1 };
    this.logs.set(line, log);
    this.#offs.push(
      this.page.outbox.on("said", said => { if (said.room === name) this.#said(); }),
      room.on("reset", () => this.#forget(log)),
      room.on("people", people => { this.chatter.presence(people); this.draw(); }),
      room.on("presence", () => this.chatter.presence(room.people)),
      room.on("read", () => this.draw()),
      room.on("typing", frame => this.chatter.typing(frame)),
      room.on("whole", () => { this.eyes.look(); this.#prove(); }),
      room.on("left", () => this.#prove()),
    );
  }

  /** The rows that came with the page. */
  #adoptPage() {
    this.#learn();
    for (const element of $$(this.content, "[data-seq]")) {
      const row = read(element);
      const log = this.logs.get(row.line);
      if (log) this.#keep(log, row, element);
    }
    const unread = Number(this.root.dataset.firstUnread ?? 0);
    const open = this.logs.get("public");
    if (open && unread) this.paper.lineAt = keyOf("public", [...open.rows.keys()].sort((a, b) => a - b).find(seq => seq >= unread) ?? unread);
    this.eyes.known("public", unread ? unread - 1 : Number(this.root.dataset.head));
    this.eyes.known("staff", 0);
  }

  #start() {
    this.#draw();
    const line = $(this.content, ".newline");
    if (line) this.scroll.toRow(line);
    else if (this.paper.lineAt) this.root.scrollTop = 0; // all of it is new: from the start
    else this.scroll.toEnd();
    this.older.start();
    for (const log of this.logs.values()) this.#offs.push(log.room.follow(log.head, ({ event, fresh }) => this.#put(log, event, fresh)));
    const onhide = () => { if (document.hidden) this.#awayMarked = false; };
    const onswap = () => this.#swapped();
    const onmeanwhile = (/** @type {CustomEvent} */ event) => this.#line(keyOf(event.detail.line, event.detail.seq), "row-meanwhile");
    const onshow = (/** @type {CustomEvent} */ event) => void this.tools.show(`${event.detail.line === "staff" ? "n" : "m"}${event.detail.seq}`);
    for (const [kind, ear] of /** @type {[string, any][]} */ ([["visibilitychange", onhide], ["journal:swapped", onswap], ["journal:meanwhile", onmeanwhile], ["journal:show", onshow]])) {
      document.addEventListener(kind, ear);
      this.#offs.push(() => document.removeEventListener(kind, ear));
    }
  }

  /** Header and panel are new: what they told and what we told there. */
  #swapped() {
    this.#learn();
    for (const element of this.paper.elements.values()) whence(element, this.posts);
    for (const log of this.logs.values()) this.chatter.presence(log.room.people);
    this.#prove();
  }

  #learn() {
    this.posts = JSON.parse($(document, "[data-posts]")?.dataset.posts ?? "{}");
  }

  /** @param {string} key @param {string} word */
  #line(key, word) {
    this.paper.line(key, word);
    this.draw();
  }

  /** @param {Log} log @param {Row} row @param {HTMLElement} element */
  #keep(log, row, element) {
    log.low = Math.min(log.low, row.seq);
    if (element.hidden) return element.remove();
    log.rows.set(row.seq, row);
    this.paper.elements.set(row.key, element);
    whence(element, this.posts);
    personal(element, this.page, this.words.you ?? "");
    this.eyes.watch(element);
  }

  /** @param {Log} log @param {any} event @param {boolean} fresh */
  #put(log, event, fresh) {
    if (event.of) this.#amend(log, event);
    else {
      const element = arrived(event, log.line);
      if (element) this.#keep(log, read(element), element);
      if (event.id) this.pending.arrived(event.id);
      if (element && fresh) this.#fresh(log, event, element);
      if (event.kind === "message" && !event.deleted) document.dispatchEvent(new CustomEvent("journal:said", { detail: { line: log.line, event } }));
    }
    this.chatter.said(String(event.author.id));
    this.#prove();
    this.draw();
  }

  /** @param {Log} log @param {any} event */
  #amend(log, event) {
    const old = this.paper.get(keyOf(log.line, event.of));
    const change = arrived(event, log.line);
    if (old && change) amend(old, change);
  }

  /** @param {Log} log @param {any} event @param {HTMLElement} element */
  #fresh(log, event, element) {
    element.classList.add("just");
    if (String(event.author.id) === this.page.me) return;
    if (document.hidden && !this.#awayMarked) {
      this.#awayMarked = true;
      this.#line(keyOf(log.line, event.seq), "row-new");
    }
    if (!this.scroll.atEnd) this.scroll.count(this.scroll.fresh + 1);
    const region = $(this.around, "[data-live-region]");
    if (!region) return;
    const name = authorOf(element); // what happened names its author itself
    region.textContent = name ? say(this.words.heard, { name, text: wordsOf(element, 200) }) : wordsOf(element, 200);
  }

  /** @param {Line} line @param {any[]} items */
  #putOlder(line, items) {
    const log = this.logs.get(line);
    if (!log) return;
    for (const event of items) {
      log.low = Math.min(log.low, event.seq);
      const element = log.rows.has(event.seq) ? null : arrived(event, line);
      if (element) this.#keep(log, read(element), element);
    }
    this.scroll.hold(() => this.#draw());
  }

  /** What we knew is no longer true. @param {Log} log */
  #forget(log) {
    for (const row of log.rows.values()) this.#drop(row.key);
    log.rows.clear();
    log.low = Infinity;
    this.draw();
  }

  /** @param {string} key */
  #drop(key) {
    const element = this.paper.get(key);
    if (element) this.eyes.forget(element);
    element?.remove();
    this.paper.elements.delete(key);
  }

  /** Seeing a row means having seen what follows without one: an edit, a status told in the row above. @param {string} line @param {number} seq */
  #reach(line, seq) {
    const log = this.logs.get(/** @type {Line} */ (line));
    const shown = (/** @type {number} */ n) => log?.rows.has(n) && !this.paper.get(keyOf(log.line, n))?.hidden;
    let upto = seq;
    while (log && upto < (log.room.last ?? 0) && !shown(upto + 1)) upto += 1;
    return upto;
  }

  /** @param {string} id */
  #hasId(id) {
    return [...this.logs.values()].some(log => [...log.rows.values()].some(row => row.id === id));
  }

  #prove() {
    const room = this.logs.get("public")?.room;
    if (room) this.chatter.proof(room.last ?? 0, room.whole);
  }

  /** Whoever speaks looks at the end. */
  #said() {
    this.#draw();
    this.scroll.toEnd();
  }

  /** Soon, once for all that came together. */
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      this.scroll.hold(() => this.#draw());
    });
  }

  #draw() {
    const logs = [...this.logs.values()];
    const since = horizon(logs.map(log => ({ oldest: oldest(log.rows), whole: log.low <= 1 })));
    const rows = merge(logs.map(log => [...log.rows.values()])).filter(row => row.at >= since);
    this.paper.draw(rows, this.pending?.rows(rows.at(-1)) ?? []);
    for (const log of logs) this.chatter.receipts(log.line, [...log.rows.values()], log.room.people, key => this.paper.get(key));
  }
}
