/** What is kept on this device: messages said but not acknowledged, in IndexedDB. Falls back to memory where the browser forbids it. */

/** @typedef {{id: string, person: string, [key: string]: any}} Kept */

const NAME = "journal";
const TABLE = "outbox";

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class Store {
  /** @type {Map<string, Kept>} */
  #memory = new Map();
  /** @type {Promise<IDBDatabase | null> | undefined} */
  #opening;

  /** @param {Kept} record */
  async put(record) {
    const table = await this.#table("readwrite");
    if (table) await done(table.put(record));
    else this.#memory.set(`${record.person} ${record.id}`, record);
  }

  /** @param {string} person @param {string} id */
  async delete(person, id) {
    const table = await this.#table("readwrite");
    if (table) await done(table.delete([person, id]));
    else this.#memory.delete(`${person} ${id}`);
  }

  /** Everything of one person, oldest first. @param {string} person @returns {Promise<any[]>} */
  async all(person) {
    const table = await this.#table("readonly");
    const found = table
      ? await done(table.getAll(IDBKeyRange.bound([person, ""], [person, "\uffff"])))
      : [...this.#memory.values()].filter(record => record.person === person);
    return found.sort((a, b) => a.order - b.order);
  }

  /** How many there are, whoever said them. @returns {Promise<number>} */
  async count() {
    const table = await this.#table("readonly");
    return table ? done(table.count()) : this.#memory.size;
  }

  /** @param {"readonly" | "readwrite"} mode */
  async #table(mode) {
    this.#opening ??= this.#open();
    const base = await this.#opening;
    return base ? base.transaction(TABLE, mode).objectStore(TABLE) : null;
  }

  /** @returns {Promise<IDBDatabase | null>} */
  async #open() {
    try {
      const opening = indexedDB.open(NAME, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE, { keyPath: ["person", "id"] });
      const base = await done(opening);
      base.onversionchange = () => base.close();
      return base;
    } catch {
      return null;
    }
  }
}
