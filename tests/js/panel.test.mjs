/** After which events the parts beside the conversation are fetched anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stirs } from "../../static/js/behaviours/panel.js";

const said = (who, more) => ({ kind: "message", author: { id: who }, files: [], ...more });

test("plain words fetch nothing, a newcomer's first ones do", () => {
  const spoken = new Set();
  assert.ok(stirs(said(1), spoken));
  assert.ok(!stirs(said(1), spoken));
  assert.ok(stirs(said(2), spoken));
  assert.ok(!stirs({ kind: "edit", author: { id: 1 } }, spoken));
});

test("files and everything else that happens do", () => {
  const spoken = new Set([1]);
  assert.ok(stirs(said(1, { files: [{ name: "акт.pdf" }] }), spoken));
  for (const kind of ["status", "assignee", "estimate", "approval", "payment", "participant", "urgency", "service", "time", "rating", "delete"]) {
    assert.ok(stirs({ kind, author: { id: 1 } }, spoken), kind);
  }
});
