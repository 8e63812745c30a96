/** A room on a line that loses, repeats and reorders: what is applied is the log, once and in order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../static/js/lib/emitter.js";
import { Room } from "../../static/js/lib/room.js";

const event = seq => ({ seq, kind: "message", at: "2026-11-24T09:00:00.000Z", author: { id: 1, name: "Анна" } });

/** The server's side of one room, as the protocol words it. */
class Line extends Emitter {
  open = true;
  sent = [];
  send(frame) {
    if (this.open) this.sent.push(frame);
    return this.open;
  }
  down(frame) {
    this.emit("frame", { room: "ticket:42", ...frame });
  }
  event(seq) {
    this.down({ op: "event", event: event(seq) });
  }
  joined(from, to, more = false, head = to) {
    const events = Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => event(from + n));
    this.down({ op: "joined", events, head, more, people: [] });
  }
  asked() {
    return this.sent.splice(0);
  }
}

function room(how) {
  const line = new Line();
  const made = new Room(line, "ticket:42", how);
  const applied = [];
  made.on("event", ({ event: { seq } }) => applied.push(seq));
  return { line, made, applied, end: () => { line.open = false; line.emit("state", {}); } };
}

test("what the page already shows is not asked for again", () => {
  const { line, end } = room({ after: 17, html: true });
  assert.deepEqual(line.asked(), [{ op: "join", room: "ticket:42", after: 17, html: true }]);
  end();
});

test("test_G2_who_comes_late_to_listen_hears_what_was_applied_before", () => {
  const { line, made, end } = room({ after: 2 });
  line.joined(3, 4);
  line.event(5);
  const heard = [];
  made.follow(3, ({ event: { seq }, fresh }) => heard.push([seq, fresh]));
  line.event(6);
  assert.deepEqual(heard, [[4, false], [5, false], [6, true]]);
  end();
});

test("test_G2_repeats_are_dropped_and_a_gap_is_asked_for", () => {
  const { line, made, applied, end } = room({ after: 0 });
  line.joined(1, 3);
  line.asked();
  line.event(3);
  line.event(4);
  line.event(4);
  line.event(7);
  assert.deepEqual(applied, [1, 2, 3, 4]);
  assert.deepEqual(line.asked(), [{ op: "join", room: "ticket:42", after: 4 }]);
  line.event(8); // while the question is out
  line.joined(5, 8);
  assert.deepEqual(applied, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(made.whole, true);
  end();
});

test("test_G3_pages_are_read_to_the_end_and_only_then_it_is_whole", () => {
  const { line, made, applied, end } = room({ after: 0 });
  line.asked();
  line.joined(1, 200, true, 450);
  assert.equal(made.whole, false);
  assert.deepEqual(line.asked(), [{ op: "join", room: "ticket:42", after: 200 }]);
  line.joined(201, 400, true, 450);
  line.joined(401, 450);
  assert.equal(made.whole, true);
  assert.deepEqual(applied, Array.from({ length: 450 }, (_, n) => n + 1));
  end();
});

test("a lost tail shows itself at the next head", () => {
  const { line, end } = room({ after: 5 });
  line.joined(6, 5, false, 5);
  line.asked();
  line.down({ op: "head", head: 5 });
  assert.deepEqual(line.asked(), []);
  line.down({ op: "head", head: 6 });
  assert.deepEqual(line.asked(), [{ op: "join", room: "ticket:42", after: 5 }]);
  end();
});

test("reset: what is known is forgotten and the room joined anew", () => {
  const { line, made, applied, end } = room({ after: 25 });
  line.asked();
  let forgotten = 0;
  made.on("reset", () => { forgotten += 1; });
  line.down({ op: "reset" });
  assert.deepEqual(line.asked(), [{ op: "join", room: "ticket:42" }]);
  line.joined(1, 2);
  assert.deepEqual([forgotten, applied, made.last], [1, [1, 2], 2]);
  end();
});

test("a part is never shown as whole: a page that begins too late is a reset", () => {
  const { line, made, end } = room({ after: 5 });
  line.asked();
  line.joined(9, 12);
  assert.equal(made.last, null);
  assert.deepEqual(line.asked(), [{ op: "join", room: "ticket:42" }]);
  end();
});

test("test_G23_after_a_restore_what_was_known_is_forgotten_and_the_room_joined_anew", () => {
  const { line, made, applied, end } = room({ after: 3 });
  line.joined(4, 6);
  let resets = 0;
  made.on("reset", () => { resets += 1; });
  line.asked();
  line.emit("restored");
  line.emit("hello");
  assert.equal(resets, 1);
  assert.deepEqual(line.asked(), [{ op: "join", room: "ticket:42" }]);
  line.joined(2, 4);
  assert.deepEqual(applied, [4, 5, 6, 2, 3, 4]);
  end();
});

test("every hello means catching up from the last number", () => {
  const { line, end } = room({ after: 5 });
  line.joined(6, 7);
  line.asked();
  line.emit("hello");
  assert.deepEqual(line.asked(), [{ op: "join", room: "ticket:42", after: 7 }]);
  end();
});

test("an access that ended is told, not asked for for ever", () => {
  const { line, made, end } = room({ after: 5 });
  line.asked();
  let lost = 0;
  made.on("lost", () => { lost += 1; });
  line.down({ op: "error", code: "not_found" });
  assert.deepEqual([lost, line.asked()], [1, []]);
  end();
});

test("the queue is joined anew when a version was missed", () => {
  const line = new Line();
  const queue = new Room(line, "queue");
  line.asked();
  line.emit("frame", { room: "queue", op: "joined", rows: [], v: 10 });
  line.emit("frame", { room: "queue", op: "row", ticket: { number: 1, v: 11 } });
  line.emit("frame", { room: "queue", op: "head", v: 11 });
  assert.deepEqual(line.asked(), []);
  line.emit("frame", { room: "queue", op: "head", v: 12 });
  assert.deepEqual(line.asked(), [{ op: "join", room: "queue" }]);
  queue.leave();
});
