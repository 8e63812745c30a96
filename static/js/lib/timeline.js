/** The log as a page shows it: both rooms in one order, days, groups, «Новое», receipts. Pure: no elements, no sockets, no clock of its own. */

/** @typedef {"public" | "staff"} Line */
/** @typedef {{key: string, line: Line, seq: number, at: number, kind: string, author: string, id?: string, first?: boolean}} Row */
/** @typedef {{kind: "day", key: string, at: number} | {kind: "new", key: string} | {kind: "row", key: string, row: Row, cont: boolean, joined: boolean}} Item */
/** @typedef {{id: string | number, name?: string, roles?: string[], read?: number, read_at?: string, online?: boolean}} Person */

export const GROUP = 5 * 60_000;
const SAME_STEP = 3_000;

/** @param {Line} line @param {number} seq */
export function keyOf(line, seq) {
  return `${line}:${seq}`;
}

/** Two logs in one order: by time, but within a log always by number, even if a clock went back. @param {Row[][]} logs @returns {Row[]} */
export function merge(logs) {
  const heads = logs.map(log => [...log].sort((a, b) => a.seq - b.seq)).filter(log => log.length);
  const out = [];
  while (heads.length) {
    const next = heads.reduce((best, log) => (log[0]?.at ?? 0) < (best[0]?.at ?? 0) ? log : best);
    const row = next.shift();
    if (row) out.push(row);
    if (!next.length) heads.splice(heads.indexOf(next), 1);
  }
  return out;
}

/** Rows before this moment can't be shown yet: one of the logs has a hole there. @param {{oldest: Row | undefined, whole: boolean}[]} logs */
export function horizon(logs) {
  return Math.max(-Infinity, ...logs.filter(log => !log.whole && log.oldest).map(log => log.oldest?.at ?? -Infinity));
}

/**
 * What stands under what. `cont`: same author within five minutes, no header. `joined`: the status that an estimate, a decision or an assignment brought along.
 * @param {Row[]} rows @param {{dayOf: (at: number) => string, newAt?: string | null}} how @returns {Item[]}
 */
export function arrange(rows, { dayOf, newAt }) {
  /** @type {Item[]} */
  const items = [];
  /** @type {Row | null} */
  let above = null;
  let day = "";
  for (const row of rows) {
    const itsDay = dayOf(row.at);
    if (itsDay !== day) items.push({ kind: "day", key: `day ${itsDay}`, at: row.at });
    if (row.key === newAt && above) items.push({ kind: "new", key: "new" });
    const broken = itsDay !== day || (row.key === newAt && above !== null);
    items.push({ kind: "row", key: row.key, row, cont: !broken && follows(above, row), joined: !broken && brought(above, row) });
    day = itsDay;
    above = row;
  }
  return items;
}

/** @param {Row | null} above @param {Row} row */
function follows(above, row) {
  return row.kind === "message" && above?.kind === "message" && above.author === row.author && above.line === row.line
    && row.at - above.at <= GROUP && !row.first;
}

/** @param {Row | null} above @param {Row} row */
function brought(above, row) {
  return row.kind === "status" && above !== null && ["assignee", "estimate", "approval"].includes(above.kind)
    && above.author === row.author && row.at - above.at <= SAME_STEP;
}

/** @param {Person | undefined} person */
export function isStaff(person) {
  return (person?.roles ?? []).some(role => role !== "client");
}

/**
 * Who of the other side has read my words: the last of mine they reached, and the last I said at all.
 * @param {Row[]} rows of one log @param {Iterable<Person>} people @param {string} me @param {{staff: boolean, staffRoom: boolean}} where
 * @returns {{sent: Row | null, read: Row | null, readers: Person[]}} `sent` null when the last one is read
 */
export function receipts(rows, people, me, where) {
  const mine = rows.filter(row => row.kind === "message" && row.author === me).sort((a, b) => a.seq - b.seq);
  const last = mine.at(-1) ?? null;
  const others = [...people].filter(person => String(person.id) !== me && (where.staffRoom || isStaff(person) !== where.staff));
  const read = mine.findLast(row => others.some(person => (person.read ?? 0) >= row.seq)) ?? null;
  const readers = read ? others.filter(person => (person.read ?? 0) >= read.seq) : [];
  return { sent: last !== read ? last : null, read, readers };
}

/**
 * What happened to each estimate, from the log alone: "waiting" once it was given to its approvers, then what they decided, "recalled" or "replaced"; "" where nobody was asked.
 * @param {{version?: number, decision?: string, from?: string, to?: string}[]} story estimates, decisions and statuses as they followed each other @returns {Map<number, string>}
 */
export function fates(story) {
  /** @type {Map<number, string>} */
  const found = new Map();
  let last = 0;
  for (const { version, decision, from, to } of story) {
    if (version && decision) found.set(version, decision);
    else if (version) {
      if (last && !/approved|rejected/.test(found.get(last) ?? "")) found.set(last, "replaced");
      found.set(last = version, "");
    } else if (!last) continue;
    else if (to === "approval") found.set(last, "waiting");
    else if (from === "approval" && found.get(last) === "waiting") found.set(last, "recalled");
  }
  return found;
}

/** Who is typing now. Nobody says that they stopped: it ends by itself. */
export class Typists {
  /** @type {Map<string, {name: string, until: number}>} */
  #until = new Map();

  /** @param {string} id @param {string} name @param {number} now */
  heard(id, name, now) {
    this.#until.set(id, { name, until: now + 6_000 });
  }

  /** Their words have arrived. @param {string} id */
  said(id) {
    this.#until.delete(id);
  }

  /** @param {number} now @returns {{id: string, name: string}[]} */
  now(now) {
    for (const [id, typist] of this.#until) if (typist.until <= now) this.#until.delete(id);
    return [...this.#until].map(([id, typist]) => ({ id, name: typist.name }));
  }
}

/** How far the eyes got: only grows, and says when it is worth telling the server. */
export class Seen {
  upto = 0;
  told = 0;

  /** @param {number} upto what the server knows already */
  constructor(upto = 0) {
    this.upto = this.told = upto;
  }

  /** @param {number} seq */
  saw(seq) {
    this.upto = Math.max(this.upto, seq);
  }

  /** The number to send, or 0. */
  due() {
    return this.upto > this.told ? this.upto : 0;
  }
}
