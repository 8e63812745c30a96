/** What is being written: kept on this device at once, on the server within a second. Keys hold the person's id, so the next one at this desk sees nothing. */

/** @typedef {{text: string, at?: string, [key: string]: any}} Draft */

const SOON = 800;

/** @param {string} me */
export function prefix(me) {
  return `journal:${me}:draft:`;
}

/** Every draft of a person on this device. @param {string} me @param {Storage} storage @returns {[string, Draft][]} */
export function localDrafts(me, storage) {
  const keys = Object.keys(storage).filter(key => key.startsWith(prefix(me)));
  return keys.map(key => [key.slice(prefix(me).length), JSON.parse(storage.getItem(key) ?? "{}")]);
}

/** Everything of a person on this device. @param {string} me @param {Storage} storage */
export function wipeLocal(me, storage) {
  for (const key of Object.keys(storage)) if (key.startsWith(`journal:${me}:`)) storage.removeItem(key);
}

export class Drafts {
  /** @type {any} */
  #timer;
  #unsaved = false;
  /** @type {Promise<boolean>} */
  #turn = Promise.resolve(true);

  /**
   * @param {string} me @param {string} key a ticket's number or `new`
   * @param {{storage?: Storage, put?: typeof fetch}} [seams] for tests
   */
  constructor(me, key, seams = {}) {
    this.key = key;
    this.local = prefix(me) + key;
    this.storage = seams.storage ?? localStorage;
    this.put = seams.put ?? ((url, how) => fetch(url, how));
    /** @type {(state: "local" | "saved") => void} */
    this.onsaved = () => {};
  }

  /** Words the server never saw win; else what it gave is the truth, also that there is none any more. @param {Draft | null} [server] @returns {Draft | null} */
  load(server = null) {
    const raw = this.storage.getItem(this.local);
    /** @type {Draft | null} */
    const here = raw ? JSON.parse(raw) : null;
    if (here?.unsaved) {
      this.#unsaved = true;
      return here;
    }
    if (here && !server) this.storage.removeItem(this.local);
    return server;
  }

  /** @param {Draft} draft */
  save(draft) {
    this.#unsaved = true;
    const kept = { ...draft, at: new Date().toISOString(), unsaved: true };
    try {
      this.storage.setItem(this.local, JSON.stringify(kept));
    } catch { /* a full disk: the server still gets it */ }
    this.onsaved("local");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.send(kept), SOON);
  }

  /** Nothing is being written any more. */
  async drop() {
    clearTimeout(this.#timer);
    this.#unsaved = false;
    const had = this.storage.getItem(this.local);
    this.storage.removeItem(this.local);
    if (had) await this.#call("DELETE");
  }

  /** The page goes: what waits for its second leaves now. */
  flush() {
    const raw = this.#unsaved && this.storage.getItem(this.local);
    if (raw) void this.send(JSON.parse(raw));
  }

  /** Straight to the server, for log-out. @param {Draft} draft @returns {Promise<boolean>} */
  hand(draft) {
    const { unsaved: _, ...body } = draft;
    return this.#call("PUT", body);
  }

  /** @param {Draft} draft */
  async send(draft) {
    clearTimeout(this.#timer);
    const { unsaved: _, ...body } = draft;
    if (!(await this.#call("PUT", body))) return;
    const raw = this.storage.getItem(this.local);
    if (!raw || JSON.parse(raw).at !== draft.at) return; // more was written meanwhile
    this.#unsaved = false;
    this.storage.setItem(this.local, JSON.stringify({ ...body, unsaved: false }));
    this.onsaved("saved");
  }

  /** One after the other: a late PUT must not bring back what was dropped. @param {string} method @param {any} [body] @returns {Promise<boolean>} */
  #call(method, body) {
    return (this.#turn = this.#turn.then(() => this.#ask(method, body)));
  }

  /** @param {string} method @param {any} [body] @returns {Promise<boolean>} */
  async #ask(method, body) {
    try {
      const headers = { Accept: "application/json", "X-Requested-With": "journal", ...(body ? { "Content-Type": "application/json" } : {}) };
      const text = body ? JSON.stringify(body) : undefined;
      const keepalive = (text?.length ?? 0) < 60_000; // browsers refuse more
      return (await this.put(`/drafts/${this.key}`, { method, headers, body: text, keepalive, credentials: "same-origin" })).ok;
    } catch {
      return false; // offline: it lies here and leaves with the next keystroke or at log-out
    }
  }
}
