/** Which new rows a list waits for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { belongs } from "../../static/js/behaviours/list/views.js";

const NOW = Date.parse("2026-11-24T09:00:00Z");
const row = more => ({
  status: "new", urgency: "normal", service: { id: 3 }, organisation: { id: 1 }, assignee: null, unread: 0, due: null,
  created_at: "2026-11-24T08:59:30Z", ...more,
});
const fits = (more, list = {}, query = "") => belongs(row(more), { waiting: "approval waiting review", ...list }, "7", new URLSearchParams(query), NOW);

test("each view waits for its own", () => {
  assert.ok(fits({}));
  assert.ok(fits({}, { view: "unassigned" }));
  assert.ok(!fits({ assignee: { id: 7 } }, { view: "unassigned" }));
  assert.ok(fits({ assignee: { id: 7 } }, { view: "mine" }));
  assert.ok(!fits({ assignee: { id: 8 } }, { view: "mine" }));
  assert.ok(fits({ status: "review" }, { view: "waiting" }));
  assert.ok(!fits({}, { view: "waiting" }));
  for (const due of ["2026-11-20", "2026-11-24", "2026-11-26"]) assert.ok(fits({ due }, { view: "soon", soonDays: "2" }));
  assert.ok(!fits({ due: "2026-11-20", status: "done" }, { view: "soon", soonDays: "2" }));
  for (const due of [null, "2026-11-27"]) assert.ok(!fits({ due }, { view: "soon", soonDays: "2" }));
  assert.ok(!fits({}, { view: "closed" }));
  assert.ok(fits({ unread: 1 }, { view: "unread" }));
  assert.ok(fits({ payment: { state: "to_invoice" } }, { view: "to_invoice" }));
  assert.ok(!fits({ payment: { state: "paid" } }, { view: "to_invoice" }));
});

test("filters narrow what is announced, and words typed silence it", () => {
  assert.ok(fits({}, {}, "service=3&urgency=normal"));
  assert.ok(!fits({}, {}, "service=4"));
  assert.ok(!fits({}, {}, "assignee=7"));
  assert.ok(!fits({}, {}, "q=ставка"));
});

test("a list that shows only its beginning waits for what is young", () => {
  assert.ok(fits({}, { more: "yes" }));
  assert.ok(!fits({ created_at: "2026-11-20T09:00:00Z" }, { more: "yes" }));
});
