/** Sums, times and drafts as the browser counts, tells and keeps them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Drafts, localDrafts, wipeLocal } from "../../static/js/lib/drafts.js";
import { lineSum, money } from "../../static/js/lib/sums.js";
import { dayTitle, tell } from "../../static/js/lib/time.js";

test("a line's sum is rounded half up to a kopeck, as the server does it", () => {
  assert.deepEqual(
    [["2,5", "3 200"], ["0.333333", "3200"], ["1", "0,005"], ["1,5", "0,01"], ["", "5"], ["два", "5"]].map(([q, p]) => lineSum(q, p)),
    [800_000n, 106_667n, 1n, 2n, null, null],
  );
});

test("money reads as the reader's language writes it", () => {
  assert.equal(money(1_280_000n, "ru").replace(/\s/g, " "), "12 800 ₽");
  assert.equal(money(1_280_050n, "en").replace(/\s/g, " "), "12,800.50 ₽");
});

const now = Date.parse("2026-11-24T09:00:00Z");
const moscow = { locale: "ru", zone: "Europe/Moscow" };

test("a time is told in the viewer's zone and language", () => {
  const at = "2026-11-24T06:05:00Z";
  assert.deepEqual(["clock", "since", "list", "full", "stamp"].map(form => tell(moscow, form, at, now)), ["09:05", "09:05", "09:05", "24 ноября, 09:05", "24.11.2026, 09:05"]);
  assert.match(tell(moscow, "near", at, now), /^сегодня( в|,) 09:05$/); // the joint is the engine's
  assert.match(tell({ locale: "en", zone: "Europe/Moscow" }, "near", at, now), /^today( at|,) 09:05$/);
  assert.equal(tell(moscow, "list", "2026-11-23T06:05:00Z", now), "вчера");
});

test("days are the viewer's days", () => {
  assert.equal(dayTitle(moscow, "2026-11-23T22:30:00Z", now), "Сегодня, 24 ноября");
  assert.equal(dayTitle({ locale: "ru", zone: "UTC" }, "2026-11-23T22:30:00Z", now), "Вчера, 23 ноября");
});

/** What a browser's localStorage is to us. */
function storage() {
  const kept = {};
  const hidden = (name, value) => Object.defineProperty(kept, name, { value, enumerable: false });
  hidden("getItem", key => kept[key] ?? null);
  hidden("setItem", (key, value) => { kept[key] = value; });
  hidden("removeItem", key => { delete kept[key]; });
  return kept;
}

test("words the server never saw win over its draft; else its draft is the truth", () => {
  const disk = storage();
  const drafts = new Drafts("7", "42", { storage: disk, put: async () => { throw new Error("offline"); } });
  drafts.save({ text: "здесь" });
  drafts.flush();
  assert.equal(new Drafts("7", "42", { storage: disk }).load({ text: "там", at: "2099" }).text, "здесь");
  assert.equal(new Drafts("8", "42", { storage: disk }).load({ text: "там" }).text, "там");
  disk.setItem("journal:7:draft:43", JSON.stringify({ text: "старое", unsaved: false }));
  assert.equal(new Drafts("7", "43", { storage: disk }).load(null), null);
});

test("a draft dropped while it was being saved stays dropped", async () => {
  const calls = [];
  const drafts = new Drafts("7", "42", { storage: storage(), put: async (_url, how) => { calls.push(how.method); return { ok: true }; } });
  drafts.save({ text: "а" });
  drafts.flush();
  await drafts.drop();
  assert.deepEqual(calls, ["PUT", "DELETE"]);
});

test("log-out takes everything of this person and nothing of another", () => {
  const disk = storage();
  for (const key of ["journal:7:draft:42", "journal:7:estimate:42", "journal:8:draft:42", "theme"]) disk.setItem(key, "{}");
  assert.deepEqual(localDrafts("7", disk).map(([key]) => key), ["42"]);
  wipeLocal("7", disk);
  assert.deepEqual(Object.keys(disk), ["journal:8:draft:42", "theme"]);
});
