/** The smallest way to say that something happened: `on` gives back its own end. */
export class Emitter {
  /** @type {Map<string, Set<(detail: any) => void>>} */
  #ears = new Map();

  /**
   * @param {string} kind
   * @param {(detail: any) => void} ear
   * @returns {() => void} stops listening
   */
  on(kind, ear) {
    const ears = this.#ears.get(kind) ?? new Set();
    this.#ears.set(kind, ears.add(ear));
    return () => { ears.delete(ear); };
  }

  /** @param {string} kind @param {any} [detail] */
  emit(kind, detail) {
    for (const ear of [...(this.#ears.get(kind) ?? [])]) ear(detail);
  }
}
