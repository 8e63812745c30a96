/** The outbox: nothing said is lost, nothing is said twice, and who must decide is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../static/js/lib/emitter.js";
import { Outbox, newId } from "../../static/js/lib/outbox.js";

class Memory {
  kept = new Map();
  async put(record) { this.kept.set(record.id, structuredClone(record)); }
  async delete(_person, id) { this.kept.delete(id); }
  async all(person) { return [...this.kept.values()].filter(record => record.person === person).sort((a, b) => a.order - b.order); }
}

/** Answers each `say` from a list; null: the line breaks before the answer. */
class Line extends Emitter {
  open = true;
  said = [];
  constructor(...answers) {
    super();
    this.answers = answers;
  }
  async ask(frame) {
    this.said.push(frame);
    const answer = this.answers.length ? this.answers.shift() : { op: "ack", seq: this.said.length };
    if (answer === null) this.open = false;
    return answer;
  }
  back() {
    this.open = true;
    this.emit("hello", {});
  }
}

const outbox = (line, store = new Memory()) => new Outbox("7", line, store, { lock: (_name, work) => work(), pause: async () => {} });
const soon = () => new Promise(resolve => setImmediate(resolve));
const words = text => ({ room: "ticket:42", text });

test("an acknowledged message leaves the outbox", async () => {
  const line = new Line();
  const box = outbox(line);
  await box.say(words("привет"));
  assert.deepEqual([box.waiting.size, box.store.kept.size, line.said[0].text], [0, 0, "привет"]);
});

test("test_G1_a_broken_line_sends_again_under_the_same_id", async () => {
  const line = new Line(null);
  const box = outbox(line);
  await box.say(words("раз"));
  assert.equal(box.store.kept.size, 1);
  line.back();
  await soon();
  assert.equal(line.said[0].id, line.said[1].id);
  assert.equal(box.store.kept.size, 0);
});

test("what waited offline leaves in the order it was said, also from a page opened later", async () => {
  const store = new Memory();
  const away = new Line();
  away.open = false;
  const before = outbox(away, store);
  for (const text of ["1", "2", "3"]) await before.say(words(text));
  const line = new Line();
  const after = outbox(line, store);
  await after.load();
  await after.flush();
  assert.deepEqual(line.said.map(frame => frame.text), ["1", "2", "3"]);
  assert.equal(store.kept.size, 0);
});

test("another person at the same desk sends nothing of it", async () => {
  const store = new Memory();
  const away = new Line();
  away.open = false;
  await outbox(away, store).say(words("чужое"));
  const line = new Line();
  const other = new Outbox("8", line, store, { lock: (_name, work) => work() });
  await other.load();
  await other.flush();
  assert.deepEqual([line.said.length, store.kept.size], [0, 1]);
});

test("a refused message stays, with why, and the next one still goes", async () => {
  const line = new Line({ op: "error", code: "forbidden", detail: "Обращение закрыто" });
  const box = outbox(line);
  const said = await box.say(words("поздно"));
  await box.say(words("следующее"));
  assert.deepEqual([...box.waiting.values()].map(m => [m.text, m.standing, m.detail]), [["поздно", "failed", "Обращение закрыто"]]);
  await box.again(said.id);
  assert.equal(box.waiting.size, 0);
  assert.equal(line.said[2].id, said.id);
});

test("busy and unavailable only mean waiting", async () => {
  const line = new Line({ op: "error", code: "rate_limited", retry_after: 1 }, { op: "error", code: "unavailable" });
  const box = outbox(line);
  await box.say(words("терпение"));
  assert.deepEqual([line.said.length, box.waiting.size], [3, 0]);
});

test("a colleague's answer holds the message back until the writer says: anyway", async () => {
  const line = new Line({ op: "error", code: "conflict", reason: "seen", events: [{ seq: 9 }] });
  const box = outbox(line);
  let held = null;
  box.on("held", said => { held = said; });
  const said = await box.say({ ...words("ответ"), seen: 8 });
  assert.deepEqual([held.standing, held.events], ["held", [{ seq: 9 }]]);
  await box.again(said.id, { anyway: true });
  assert.deepEqual([line.said[1].anyway, line.said[1].id, box.waiting.size], [true, said.id, 0]);
});

test("an id is a UUID also where the browser makes none for pages over plain http", () => {
  const real = crypto.randomUUID;
  try {
    crypto.randomUUID = undefined;
    assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  } finally {
    crypto.randomUUID = real;
  }
});
