/** The page's one socket: connects, comes back with jitter, notices a dead line, stops where coming back is useless.
 * Knows frames and close codes; what a room holds is in room.js, what the page shows is in behaviours. */
import { Emitter } from "./emitter.js";

/** @typedef {{op: string, room?: string, id?: string, [key: string]: any}} Frame */
/** @typedef {"connecting" | "open" | "waiting" | "stopped"} State */

const SUBPROTOCOL = "journal.v1";
const SILENCE = 20_000; // a `head` comes at least every 15 s
const PROBE = 5_000;
const HASTE = 1_500; // the browser itself says that there is no network
const ANSWER = 2_000; // an `ack` that takes longer makes the line suspect
const TICK = 5_000;
const MOST = 60_000;

/** Codes after which trying again can't help, and what the page should say. @type {Record<number, string>} */
export const STOPS = { 4400: "broken", 4401: "signed_out", 4403: "no_access", 4409: "too_old" };

/**
 * How long to wait before the next attempt, ms. A restart sends everybody away at once, hence the wide first jitter.
 * @param {number} code @param {number} attempt counted from 0 @param {() => number} [random]
 */
export function pause(code, attempt, random = Math.random) {
  if (code === 4429) return 30_000 + random() * 30_000;
  if (attempt === 0) return random() * (code === 1012 || code === 1013 ? 10_000 : 1_000);
  return Math.min(MOST, 1_000 * 2 ** attempt) * (0.5 + random() / 2);
}

export class Socket extends Emitter {
  /** @type {State} */
  state = "waiting";
  /** @type {string} why it stopped, one of STOPS */
  reason = "";
  /** @type {Frame | null} the last `hello` */
  hello = null;
  /** @type {WebSocket | null} */
  #line = null;
  /** @type {Map<string, (answer: Frame) => void>} */
  #asked = new Map();
  /** @type {any} */
  #retry;
  #attempt = 0;
  #heard = 0;
  #ticked = 0;
  /** @type {any} */
  #deadline;
  #wanted = false;
  /** @type {any} */
  #clock;

  /**
   * @param {string} url
   * @param {{make?: (url: string) => WebSocket, now?: () => number, random?: () => number}} [seams] for tests
   */
  constructor(url, seams = {}) {
    super();
    this.url = url;
    this.make = seams.make ?? (u => new WebSocket(u, [SUBPROTOCOL]));
    this.now = seams.now ?? (() => Date.now());
    this.random = seams.random ?? Math.random;
  }

  get open() {
    return this.state === "open";
  }

  /** Starts for good; harmless when started. */
  start() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#ticked = this.now();
    this.#clock = setInterval(() => this.#tick(), TICK);
    globalThis.addEventListener?.("online", () => this.wake());
    globalThis.addEventListener?.("offline", () => this.#line && this.probe(HASTE));
    globalThis.document?.addEventListener("visibilitychange", () => document.hidden || this.wake());
    globalThis.addEventListener?.("pageshow", event => { if (event.persisted) this.wake(); });
    this.#connect();
  }

  /** The person pressed «Сейчас», the network came back, the lid was opened. */
  wake() {
    if (this.state === "waiting" && this.#wanted) this.#connect();
    else if (this.open && this.now() - this.#heard > SILENCE / 2) this.probe();
  }

  /** Asks the rooms to catch up; a line that doesn't answer in time is dead, whatever the browser believes. @param {number} [patience] */
  probe(patience = PROBE) {
    if (!this.open || this.#deadline) return;
    this.#deadline = setTimeout(() => this.#drop(1006), patience);
    this.emit("probe");
  }

  /** @param {Frame} frame @returns {boolean} whether it left */
  send(frame) {
    if (!this.open || this.#line?.readyState !== 1) return false;
    this.#line.send(JSON.stringify(frame));
    return true;
  }

  /**
   * Sends a frame with an `id` and waits for its `ack` or `error`; null when the line broke first.
   * @param {Frame & {id: string}} frame @returns {Promise<Frame | null>}
   */
  ask(frame) {
    return new Promise(resolve => {
      const slow = setTimeout(() => this.probe(), ANSWER);
      this.#asked.set(frame.id, answer => {
        clearTimeout(slow);
        resolve(answer.op === "closed" ? null : answer);
      });
      if (!this.send(frame)) {
        clearTimeout(slow);
        this.#asked.delete(frame.id);
        resolve(null);
      }
    });
  }

  /** Ends for good: the person logs out, the page goes. @param {string} [reason] */
  stop(reason = "") {
    this.#wanted = false;
    clearInterval(this.#clock);
    this.#drop(1000);
    this.#become("stopped", reason);
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#become("connecting");
    let line;
    try {
      line = this.make(this.url);
    } catch {
      return this.#closed(1006);
    }
    this.#line = line;
    line.onmessage = message => { if (this.#line === line) this.#frame(message.data); };
    line.onclose = event => { if (this.#line === line) this.#closed(event.code); };
    this.#deadline = setTimeout(() => { if (this.#line === line) this.#drop(1006); }, SILENCE);
  }

  /** @param {string} data */
  #frame(data) {
    this.#heard = this.now();
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    /** @type {Frame} */
    const frame = JSON.parse(data);
    if (frame.op === "hello") {
      this.#attempt = 0;
      const before = this.hello?.epoch;
      this.hello = frame;
      this.#become("open");
      if (before !== undefined && before !== frame.epoch) this.emit("restored");
      this.emit("hello", frame);
    } else if ((frame.op === "ack" || frame.op === "error") && frame.id && this.#asked.has(frame.id)) {
      const answer = this.#asked.get(frame.id);
      this.#asked.delete(frame.id);
      answer?.(frame);
    } else this.emit("frame", frame);
  }

  /** A broken line is left at once: its own closing handshake may take minutes. @param {number} code */
  #drop(code) {
    const line = this.#line;
    this.#line = null;
    line?.close();
    this.#closed(code);
  }

  /** @param {number} code */
  #closed(code) {
    this.#line = null;
    clearTimeout(this.#deadline);
    clearTimeout(this.#retry);
    this.#deadline = undefined;
    for (const answer of this.#asked.values()) answer({ op: "closed" });
    this.#asked.clear();
    const stop = STOPS[code];
    if (stop || !this.#wanted) {
      this.#wanted = false;
      return this.#become("stopped", stop ?? this.reason);
    }
    const wait = pause(code, this.#attempt++, this.random);
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#become("waiting", code === 4429 ? "too_many" : "");
  }

  /** A clock that jumped means a laptop that slept; hidden tabs are slowed on purpose and don't count. */
  #tick() {
    const slept = this.now() - this.#ticked > 3 * TICK && !globalThis.document?.hidden;
    this.#ticked = this.now();
    if (!this.open) return slept && this.state === "waiting" ? this.wake() : undefined;
    if (slept) this.probe();
    else if (this.now() - this.#heard > SILENCE) this.#drop(1006);
  }

  /** @param {State} state @param {string} [reason] */
  #become(state, reason = "") {
    if (this.state === state && this.reason === reason) return;
    this.state = state;
    this.reason = reason;
    this.emit("state", { state, reason });
  }
}
