/** One room on the socket: joins, catches up, keeps the order. Emits events exactly once and by number, whatever the line does.
 * Rooms without a log (`queue`, `inbox`) hold snapshots with a version and are joined anew when one was missed. */
import { Emitter } from "./emitter.js";

/** @typedef {import("./socket.js").Frame} Frame */
/** @typedef {{seq: number, at: string, kind: string, author: {id: number | string, name: string}, html?: string, [key: string]: any}} Event */

const AGAIN = 2_000;
const PATIENCE = 10_000;

export class Room extends Emitter {
  /** @type {number | null} the last number applied; null: nothing yet */
  last = null;
  /** What the server said the room's head is. */
  head = 0;
  /** Whether everything up to `head` has been applied. */
  whole = false;
  /** @type {Map<string, any>} PERSON + online + read, by id */
  people = new Map();
  /** @type {number} version of the snapshot rooms */
  v = 0;
  #joining = 0;
  #again = false;
  /** Applied since the page was opened, for whoever comes late. @type {Event[]} */
  #applied = [];
  /** @type {any} */
  #timer;

  /**
   * @param {import("./socket.js").Socket} socket @param {string} name
   * @param {{after?: number | null, html?: boolean}} [how] `after`: what the page already shows
   */
  constructor(socket, name, how = {}) {
    super();
    this.socket = socket;
    this.name = name;
    this.html = how.html ?? false;
    this.last = how.after ?? null;
    this.logged = name !== "queue" && name !== "inbox";
    this.offs = [
      socket.on("restored", () => this.#forget()), // from a copy: numbers may stand for other events now
      socket.on("hello", () => this.join(true)),
      socket.on("probe", () => this.join(true)),
      socket.on("frame", frame => { if (frame.room === name) this.#frame(frame); }),
      socket.on("state", () => { if (!socket.open) this.#left(); }),
    ];
    if (socket.open) this.join();
  }

  /** Asks for what is missing; one question at a time. @param {boolean} [anew] don't wait for an earlier answer */
  join(anew = false) {
    if (this.#joining && !anew) {
      this.#again = true;
      return;
    }
    const after = this.logged && this.last !== null ? { after: this.last } : {};
    if (!this.socket.send({ op: "join", room: this.name, ...after, ...(this.html ? { html: true } : {}) })) return;
    this.#again = false;
    const question = (this.#joining += 1);
    this.#later(PATIENCE, () => { if (this.#joining === question) this.join(true); });
  }

  /** Hears each event beyond `after` once: also those that were applied before one came to listen.
   * @param {number} after @param {(told: {event: Event, fresh: boolean}) => void} ear @returns {() => void} stops listening */
  follow(after, ear) {
    for (const event of this.#applied) if (event.seq > after) ear({ event, fresh: false });
    return this.on("event", ear);
  }

  /** @param {number} upto */
  read(upto) {
    return this.socket.send({ op: "read", room: this.name, upto });
  }

  typing() {
    return this.socket.send({ op: "typing", room: this.name });
  }

  leave() {
    this.socket.send({ op: "leave", room: this.name });
    clearTimeout(this.#timer);
    for (const off of this.offs) off();
  }

  #left() {
    this.#joining = 0;
    this.whole = false;
    clearTimeout(this.#timer);
    this.emit("left");
  }

  /** @param {Frame} frame */
  #frame(frame) {
    if (frame.op === "joined") this.logged ? this.#joined(frame) : this.#snapshot(frame);
    else if (frame.op === "event") this.#event(frame.event);
    else if (frame.op === "head") this.#beat(frame);
    else if (frame.op === "reset") this.#reset();
    else if (frame.op === "row" || frame.op === "inbox") this.#changed(frame);
    else if (frame.op === "error") this.#refused(frame);
    else this.#person(frame);
  }

  /** @param {Frame} frame */
  #joined(frame) {
    this.#joining = 0;
    clearTimeout(this.#timer);
    /** @type {Event[]} */
    const events = frame.events ?? [];
    const first = events.find(event => this.last !== null && event.seq > this.last);
    if (this.last !== null && first && first.seq !== this.last + 1) return this.#reset();
    for (const event of events) this.#apply(event, false);
    this.head = Math.max(frame.head ?? 0, this.last ?? 0);
    if (this.last === null) this.last = this.head;
    this.#meet(frame.people);
    if (frame.more) return this.join();
    this.whole = this.last >= this.head;
    this.emit("whole", { head: this.head });
    if (this.#again) this.join();
  }

  /** @param {Event} event */
  #event(event) {
    if (this.last !== null && event.seq <= this.last) return;
    this.head = Math.max(this.head, event.seq);
    if (this.last === null || event.seq > this.last + 1) return this.join(); // the answer brings this one too
    this.#apply(event, true);
    this.emit("whole", { head: this.head });
  }

  /** @param {Event} event @param {boolean} fresh said just now, not caught up with */
  #apply(event, fresh) {
    if (this.last !== null && event.seq <= this.last) return;
    this.last = event.seq;
    this.#applied.push(event);
    this.emit("event", { event, fresh });
  }

  /** @param {Frame} frame */
  #beat(frame) {
    if (!this.logged) {
      if ((frame.v ?? 0) > this.v) this.join();
      return;
    }
    this.head = Math.max(this.head, frame.head);
    if (this.last === null || frame.head > this.last) this.join();
    this.emit("head", { head: frame.head });
  }

  #reset() {
    this.#forget();
    this.join(true);
  }

  #forget() {
    this.last = null;
    this.head = 0;
    this.v = 0;
    this.#applied = [];
    this.people.clear();
    this.emit("reset");
  }

  /** @param {Frame} frame */
  #snapshot(frame) {
    this.#joining = 0;
    clearTimeout(this.#timer);
    this.v = frame.v ?? 0;
    this.whole = true;
    this.#meet(frame.people);
    this.emit(this.name === "queue" ? "rows" : "items", frame);
    if (this.#again) this.join();
  }

  /** @param {Frame} frame */
  #changed(frame) {
    this.v = Math.max(this.v, frame.v ?? frame.ticket?.v ?? 0);
    this.emit(frame.op, frame);
  }

  /** A refused join: what isn't ours stays away, what is only busy is asked again. @param {Frame} frame */
  #refused(frame) {
    if (frame.code === "unavailable" || frame.code === "rate_limited") {
      this.#later((frame.retry_after ?? AGAIN / 1_000) * 1_000, () => this.join(true));
    } else if (frame.code === "not_found" || frame.code === "forbidden") {
      this.#joining = 0;
      clearTimeout(this.#timer);
      this.emit("lost", frame);
    } else this.emit("refused", frame);
  }

  /** @param {any[] | undefined} people */
  #meet(people) {
    if (!people) return;
    for (const person of people) this.people.set(String(person.id), person);
    this.emit("people", this.people);
  }

  /** `typing`, `read`, `presence`: the user comes as a PERSON or as an id. @param {Frame} frame */
  #person(frame) {
    const id = String(frame.user?.id ?? frame.user ?? "");
    const known = this.people.get(id) ?? (typeof frame.user === "object" ? { ...frame.user } : { id });
    if (frame.op === "read") {
      known.read = Math.max(known.read ?? 0, frame.upto);
      known.read_at = frame.at ?? new Date().toISOString();
    }
    if (frame.op === "presence") known.online = frame.online;
    if (id) this.people.set(id, known);
    this.emit(frame.op, { ...frame, user: known });
  }

  /** @param {number} ms @param {() => void} then */
  #later(ms, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }
}
