/** Messages said but not yet acknowledged. They survive reload and a closed lid, keep their order, and may be sent any number of times:
 * the id made here is what makes a message exist once. One tab sends at a time; the others are told. */
import { Emitter } from "./emitter.js";

/** @typedef {"queued" | "failed" | "held"} Standing `held`: a colleague answered meanwhile, the writer decides */
/** @typedef {{id: string, person: string, room: string, text: string, files: any[], reply_to: number | null, seen: number | null,
 *   anyway: boolean, at: string, order: number, standing: Standing, code?: string, detail?: string, events?: any[]}} Said */

const BUSY = 2_000;

/** A UUID also where `crypto.randomUUID` is kept from pages over plain http. @returns {string} */
export function newId() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 15) | 64;
  bytes[8] = ((bytes[8] ?? 0) & 63) | 128;
  const hex = [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Outbox extends Emitter {
  /** @type {Map<string, Said>} in the order they were said */
  waiting = new Map();
  #sending = false;
  #order = 0;

  /**
   * @param {string} person @param {import("./socket.js").Socket} socket
   * @param {{put: (record: any) => Promise<void>, delete: (person: string, id: string) => Promise<void>, all: (person: string) => Promise<any[]>}} store
   * @param {{lock?: (name: string, work: () => Promise<void>) => Promise<unknown>, pause?: (ms: number) => Promise<void>}} [seams] for tests
   */
  constructor(person, socket, store, seams = {}) {
    super();
    this.person = person;
    this.socket = socket;
    this.store = store;
    this.lock = seams.lock ?? ((name, work) => globalThis.navigator?.locks ? navigator.locks.request(name, work) : work());
    this.pause = seams.pause ?? (ms => new Promise(resolve => setTimeout(resolve, ms)));
    this.wire = globalThis.BroadcastChannel && globalThis.document ? new BroadcastChannel(`journal:${person}:outbox`) : null;
    if (this.wire) this.wire.onmessage = () => this.load().then(() => this.flush());
    socket.on("hello", () => this.load().then(() => this.flush()));
  }

  /** What is kept on this device, another tab's words included. */
  async load() {
    const kept = await this.store.all(this.person);
    const ids = new Set(kept.map(said => said.id));
    for (const id of this.waiting.keys()) if (!ids.has(id) && !this.#young.has(id)) this.waiting.delete(id);
    for (const said of kept) this.waiting.set(said.id, said);
    this.emit("change");
  }

  /** Said, but the store hasn't answered yet. @type {Set<string>} */
  #young = new Set();

  /**
   * Takes a message over; it is safe from here on. Shows at once, is written down, then leaves.
   * @param {{room: string, text: string, files?: any[], reply_to?: number | null, seen?: number | null, anyway?: boolean}} words
   */
  async say(words) {
    /** @type {Said} */
    const said = {
      id: newId(), person: this.person, room: words.room, text: words.text, files: words.files ?? [], reply_to: words.reply_to ?? null,
      seen: words.seen ?? null, anyway: words.anyway ?? false, at: new Date().toISOString(), order: Math.max(Date.now(), this.#order + 1), standing: "queued",
    };
    this.#order = said.order;
    this.waiting.set(said.id, said);
    this.#young.add(said.id);
    this.emit("change");
    this.emit("said", said);
    await this.#keep(said);
    this.#young.delete(said.id);
    await this.flush();
    return said;
  }

  /** «Отправить ещё раз», «Всё равно отправить». @param {string} id @param {{anyway?: boolean}} [how] */
  async again(id, how = {}) {
    const said = this.waiting.get(id);
    if (!said) return;
    await this.#keep({ ...said, anyway: how.anyway ?? said.anyway, standing: "queued", code: undefined, detail: undefined, events: undefined });
    await this.flush();
  }

  /** «Удалить», or the log has it. @param {string} id */
  async drop(id) {
    if (!this.waiting.delete(id)) return;
    this.emit("change");
    await this.store.delete(this.person, id);
    this.wire?.postMessage("changed");
  }

  /** Everything unsent goes: the person logs out. */
  async wipe() {
    for (const id of [...this.waiting.keys()]) await this.drop(id);
  }

  /** Sends what waits, one after the other, until nothing waits or the line breaks. */
  async flush() {
    if (this.#sending || !this.socket.open) return;
    this.#sending = true;
    try {
      await this.lock(`journal:${this.person}:outbox`, async () => {
        await this.load(); // another tab may have sent them while we waited for our turn
        for (let said = this.#next(); said && this.socket.open; said = this.#next()) await this.#send(said);
      });
    } finally {
      this.#sending = false;
    }
    if (this.socket.open && this.#next()) await this.flush();
  }

  #next() {
    return [...this.waiting.values()].sort((a, b) => a.order - b.order).find(said => said.standing === "queued");
  }

  /** @param {Said} said */
  async #send(said) {
    const answer = await this.socket.ask({
      op: "say", room: said.room, id: said.id, text: said.text,
      ...(said.files.length ? { files: said.files.map(file => file.id) } : {}),
      ...(said.reply_to ? { reply_to: said.reply_to } : {}),
      ...(said.seen !== null ? { seen: said.seen } : {}),
      ...(said.anyway ? { anyway: true } : {}),
    });
    if (!answer) return; // the line broke; whether it arrived the id will tell
    if (answer.op === "ack") {
      this.emit("sent", { said, seq: answer.seq, at: answer.at });
      return this.drop(said.id);
    }
    if (answer.code === "rate_limited" || answer.code === "unavailable") {
      return this.pause((answer.retry_after ?? BUSY / 1_000) * 1_000);
    }
    const held = answer.code === "conflict" && answer.reason === "seen";
    await this.#keep({ ...said, standing: held ? "held" : "failed", code: answer.code, detail: answer.detail, events: answer.events });
    this.emit(held ? "held" : "failed", this.waiting.get(said.id));
  }

  /** @param {Said} said */
  async #keep(said) {
    this.waiting.set(said.id, said);
    await this.store.put(said).catch(() => {}); // a full disk: it still waits in this tab
    this.emit("change");
    this.wire?.postMessage("changed");
  }
}
