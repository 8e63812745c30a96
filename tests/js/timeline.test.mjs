/** The log as a page shows it: order, groups, «Новое», receipts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Seen, Typists, arrange, horizon, keyOf, merge, receipts, fates } from "../../static/js/lib/timeline.js";

const T0 = Date.parse("2026-11-24T06:00:00Z");
const MINUTE = 60_000;
const row = (seq, minute, more = {}) => {
  const line = more.line ?? "public";
  return { key: keyOf(line, seq), line, seq, at: T0 + minute * MINUTE, kind: "message", author: "7", ...more };
};
const dayOf = at => new Date(at).toISOString().slice(0, 10);
const shape = items => items.map(item => item.kind === "row" ? `${item.row.seq}${item.cont ? "c" : ""}${item.joined ? "j" : ""}` : item.kind);

test("two rooms stand in one order by time", () => {
  const merged = merge([[row(1, 0), row(2, 10)], [row(1, 5, { line: "staff" }), row(2, 15, { line: "staff" })]]);
  assert.deepEqual(merged.map(r => `${r.line}${r.seq}`), ["public1", "staff1", "public2", "staff2"]);
});

test("within a room the number decides, even if a clock went back", () => {
  assert.deepEqual(merge([[row(3, 1), row(1, 5), row(2, 9)]]).map(r => r.seq), [1, 2, 3]);
});

test("the same author within five minutes needs no second header", () => {
  const rows = [row(1, 0, { first: true }), row(2, 1), row(3, 6), row(4, 12), row(5, 13, { author: "8" }), row(6, 14, { kind: "status" }), row(7, 15, { author: "8" })];
  assert.deepEqual(shape(arrange(rows, { dayOf })), ["day", "1", "2c", "3c", "4", "5", "6", "7"]);
});

test("a new day, a note and «Новое» begin a group anew", () => {
  const rows = [row(1, 0), row(1, 1, { line: "staff" }), row(2, 2), row(3, 3), row(4, 24 * 60)];
  assert.deepEqual(shape(arrange(rows, { dayOf, newAt: "public:3" })), ["day", "1", "1", "2", "new", "3", "day", "4"]);
});

test("«Новое» isn't drawn above everything", () => {
  assert.deepEqual(shape(arrange([row(1, 0), row(2, 1)], { dayOf, newAt: "public:1" })), ["day", "1", "2c"]);
});

test("a status that an estimate brought along is told in its row", () => {
  const rows = [row(1, 0, { kind: "estimate" }), row(2, 0, { kind: "status" }), row(3, 9, { kind: "status" })];
  assert.deepEqual(shape(arrange(rows, { dayOf })), ["day", "1", "2j", "3"]);
});

test("rows before a hole in either room wait until it is filled", () => {
  const logs = [{ oldest: row(40, 30), whole: false }, { oldest: row(2, 50, { line: "staff" }), whole: false }];
  assert.equal(horizon(logs), T0 + 50 * MINUTE);
  assert.equal(horizon(logs.map(log => ({ ...log, whole: true }))), -Infinity);
});

test("one tick for what is said, two for what the other side has read", () => {
  const people = [{ id: 7, read: 9 }, { id: 3, name: "Дмитрий Лапин", roles: ["executor"], read: 2 }, { id: 8, name: "Ольга", roles: ["client"], read: 5 }];
  const rows = [row(1, 0), row(2, 1), row(5, 4)];
  const told = receipts(rows, people, "7", { staff: false, staffRoom: false });
  assert.equal(told.read?.seq, 2);
  assert.deepEqual(told.readers.map(reader => reader.id), [3]);
  assert.equal(told.sent?.seq, 5);
  people[1].read = 5;
  assert.equal(receipts(rows, people, "7", { staff: false, staffRoom: false }).sent, null);
});

test("an estimate's fate follows from the log", () => {
  const asked = { from: "estimating", to: "approval" }, back = { from: "approval", to: "estimating" };
  const told = (...story) => [...fates(story).values()];
  assert.deepEqual(told({ version: 1 }, asked), ["waiting"]);
  assert.deepEqual(told({ version: 1 }, asked, back), ["recalled"]);
  assert.deepEqual(told({ version: 1 }, asked, { from: "approval", to: "cancelled" }), ["recalled"]);
  assert.deepEqual(told({ version: 1 }, asked, back, { version: 2 }, asked), ["replaced", "waiting"]);
  assert.deepEqual(
    told({ version: 1 }, asked, { version: 1, decision: "rejected" }, { from: "approval", to: "rejected" }, { version: 2 }, asked),
    ["rejected", "waiting"]);
  assert.deepEqual(told({ version: 1 }, { from: "estimating", to: "in_progress" }), [""]); // nobody is asked
  assert.deepEqual(told(asked, back, { version: 4, decision: "approved" }), ["approved"]); // the log's older part is not here
});

test("typing ends by itself after six seconds, or with the words", () => {
  const typists = new Typists();
  typists.heard("3", "Дмитрий", 0);
  typists.heard("4", "Анна", 3_000);
  assert.deepEqual(typists.now(5_900).map(t => t.name), ["Дмитрий", "Анна"]);
  assert.deepEqual(typists.now(6_000).map(t => t.name), ["Анна"]);
  typists.said("4");
  assert.deepEqual(typists.now(6_100), []);
});

test("test_C17_a_read_mark_only_grows", () => {
  const seen = new Seen(5);
  seen.saw(3);
  assert.equal(seen.due(), 0);
  seen.saw(8);
  seen.saw(6);
  assert.equal(seen.due(), 8);
});
