/** Messages of this ticket that the log doesn't have yet: sending, waiting for the network, refused. They stay at the end, each with its way out. */
import { $, $$, fill, say } from "../../lib/dom.js";
import { clockTime } from "../../lib/time.js";
import { GROUP } from "../../lib/timeline.js";

const PATIENCE = 2_000;
const GHOST = 10_000;

export class Pending {
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();
  /** Acknowledged, but the event is still under way. @type {Map<string, any>} */
  #ghosts = new Map();

  /**
   * @param {import("../../lib/page.js").Page} page @param {Map<string, string>} lines room name → line
   * @param {(id: string) => boolean} logged @param {DOMStringMap} words @param {() => void} changed
   */
  constructor(page, lines, logged, words, changed) {
    this.page = page;
    this.lines = lines;
    this.logged = logged;
    this.words = words;
    this.changed = changed;
    this.offs = [
      page.outbox.on("change", changed),
      page.outbox.on("sent", ({ said }) => this.#sent(said)),
      page.socket.on("state", () => setTimeout(changed, PATIENCE + 50)),
    ];
    void page.outbox.load();
  }

  end() {
    for (const off of this.offs) off();
  }

  /** The log has it. @param {string} id */
  arrived(id) {
    this.#ghosts.delete(id);
    if (this.page.outbox.waiting.has(id)) void this.page.outbox.drop(id);
  }

  /** What to show now, in order, below the log's last row. @param {import("../../lib/timeline.js").Row} [above] @returns {HTMLElement[]} */
  rows(above) {
    const waiting = [...this.page.outbox.waiting.values()].filter(said => this.lines.has(said.room));
    const all = [...this.#ghosts.values(), ...waiting].filter(said => !this.logged(said.id)).sort((a, b) => a.order - b.order);
    for (const id of this.#shown.keys()) if (!all.some(said => said.id === id)) this.#shown.delete(id);
    const mine = above?.kind === "message" && above.author === this.page.me && Date.now() - above.at < GROUP ? above.line : null;
    return all.map((said, n) => {
      const row = this.#row(said);
      const before = n ? this.lines.get(all[n - 1].room) : mine;
      row.classList.toggle("cont", before === this.lines.get(said.room));
      return row;
    });
  }

  /** @param {any} said */
  #sent(said) {
    if (!this.lines.has(said.room) || this.logged(said.id)) return;
    this.#ghosts.set(said.id, { ...said, ghost: true });
    setTimeout(() => { if (this.#ghosts.delete(said.id)) this.changed(); }, GHOST);
  }

  /** @param {any} said @returns {HTMLElement} */
  #row(said) {
    const row = this.#shown.get(said.id) ?? this.#make(said);
    const old = Date.now() - Date.parse(said.at) > PATIENCE;
    const late = said.standing === "queued" && !said.ghost && old; // also while the line is believed to be there
    row.classList.toggle("unsent", late);
    row.classList.toggle("fail", said.standing === "failed" || said.standing === "held");
    show(row, "sending", said.standing === "queued" && !said.ghost && !late);
    show(row, "slow", late && this.page.socket.open);
    show(row, "waiting", late && !this.page.socket.open);
    show(row, "failed", said.standing === "failed");
    show(row, "held", said.standing === "held");
    text(row, "why", said.detail ?? "");
    const answer = said.events?.at(-1);
    text(row, "held", answer ? say(this.words.held, { name: answer.author.name }) : said.detail ?? "");
    return row;
  }

  /** @param {any} said */
  #make(said) {
    const row = fill("row-pending", { text: said.text });
    this.#shown.set(said.id, row);
    const time = row.querySelector("time");
    if (time) time.textContent = clockTime(this.page.clock, said.at);
    if (this.lines.get(said.room) === "staff") {
      row.classList.replace("mine", "note");
      $(row, ".msg")?.classList.add("notebox");
      show(row, "note", true);
    }
    const files = $(row, "[data-files]");
    for (const file of said.files) files?.append(fill("row-file", { name: file.name, ext: (/\.(\w{1,4})$/.exec(file.name)?.[1] ?? "…").toUpperCase() }));
    if (files) files.hidden = !said.files.length;
    setTimeout(this.changed, PATIENCE + 50); // by then it is either gone or waits for the network
    for (const button of $$(row, "button")) button.addEventListener("click", () => this.#pressed(said.id, button));
    return row;
  }

  /** @param {string} id @param {HTMLElement} button */
  #pressed(id, button) {
    const { outbox } = this.page;
    if (button.dataset.drop !== undefined) void outbox.drop(id);
    else void outbox.again(id, { anyway: button.dataset.anyway !== undefined });
  }
}

/** @param {HTMLElement} row @param {string} when @param {boolean} yes */
function show(row, when, yes) {
  for (const part of $$(row, `[data-when-${when}]`)) if (part.hidden === yes) part.hidden = !yes;
}

/** @param {HTMLElement} row @param {string} slot @param {string} words */
function text(row, slot, words) {
  const spot = $(row, `[data-slot=${slot}]`);
  if (spot && spot.textContent !== words) spot.textContent = words;
}
