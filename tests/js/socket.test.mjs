/** The socket: when to come back, when to stop, when a silent line is dead. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Socket, pause } from "../../static/js/lib/socket.js";

class Wire {
  readyState = 1;
  sent = [];
  send(text) { this.sent.push(JSON.parse(text)); }
  close() {}
  hello(more = {}) { this.down({ op: "hello", user: {}, limits: {}, ...more }); }
  down(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
}

function started() {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const wires = [];
  const socket = new Socket("ws://x/ws", { make: () => { const wire = new Wire(); wires.push(wire); return wire; }, random: () => 0.5 });
  socket.start();
  return { socket, wires, end: () => { socket.stop(); mock.timers.reset(); } };
}

test("test_G24_after_a_restart_everybody_waits_a_random_while_of_ten_seconds", () => {
  assert.deepEqual([pause(1012, 0, () => 0), pause(1013, 0, () => 0.999) > 9_000], [0, true]);
  assert.ok(pause(1006, 0, () => 0.999) <= 1_000);
});

test("the wait doubles up to a minute", () => {
  const waits = [1, 2, 3, 4, 5, 6, 9].map(attempt => pause(1012, attempt, () => 1));
  assert.deepEqual(waits, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  assert.ok(pause(4429, 0, () => 0) >= 30_000);
});

test("it comes back by itself and tells whom it may concern", () => {
  const { socket, wires, end } = started();
  wires[0].hello();
  assert.equal(socket.state, "open");
  wires[0].onclose({ code: 1012 });
  assert.equal(socket.state, "waiting");
  mock.timers.tick(5_001);
  assert.equal(wires.length, 2);
  wires[1].hello();
  assert.equal(socket.state, "open");
  end();
});

test("test_G23_another_epoch_means_restored_from_a_copy", () => {
  const { socket, wires, end } = started();
  const told = [];
  for (const kind of ["restored", "hello"]) socket.on(kind, () => told.push(kind));
  for (const [n, epoch] of [1, 1, 2].entries()) {
    wires[n].hello({ epoch });
    wires[n].onclose({ code: 1012 });
    mock.timers.tick(5_001);
  }
  assert.deepEqual(told, ["hello", "hello", "restored", "hello"]);
  end();
});

test("some closings are final, each with its word", () => {
  for (const [code, word] of [[4400, "broken"], [4401, "signed_out"], [4403, "no_access"], [4409, "too_old"]]) {
    const { socket, wires, end } = started();
    wires[0].hello();
    wires[0].onclose({ code });
    mock.timers.tick(120_000);
    assert.deepEqual([socket.state, socket.reason, wires.length], ["stopped", word, 1]);
    end();
  }
});

test("test_G20_too_slow_means_coming_back_at_once", () => {
  const { wires, end } = started();
  wires[0].hello();
  wires[0].onclose({ code: 4408 });
  mock.timers.tick(1_001);
  assert.equal(wires.length, 2);
  end();
});

test("a line that says nothing for longer than the head beat is dead", () => {
  const { socket, wires, end } = started();
  wires[0].hello();
  mock.timers.tick(15_000);
  wires[0].down({ op: "head", room: "ticket:42", head: 3 });
  mock.timers.tick(20_000);
  assert.equal(socket.state, "open");
  mock.timers.tick(5_000);
  assert.notEqual(socket.state, "open");
  end();
});

test("a question nobody answers makes the line suspect within two seconds, one that is answered doesn't", async () => {
  const { socket, wires, end } = started();
  wires[0].hello();
  const answered = socket.ask({ op: "say", room: "ticket:42", id: "a", text: "1" });
  wires[0].down({ op: "ack", id: "a", room: "ticket:42", seq: 18 });
  await answered;
  let probed = 0;
  socket.on("probe", () => { probed += 1; });
  mock.timers.tick(3_000);
  assert.equal(probed, 0);
  const lost = socket.ask({ op: "say", room: "ticket:42", id: "b", text: "2" });
  mock.timers.tick(2_001);
  assert.equal(probed, 1);
  mock.timers.tick(5_001);
  assert.equal(socket.open, false);
  assert.equal(await lost, null);
  end();
});

test("a probe that isn't answered ends the line", () => {
  const { socket, wires, end } = started();
  wires[0].hello();
  let probed = 0;
  socket.on("probe", () => { probed += 1; });
  socket.probe();
  mock.timers.tick(5_001);
  assert.deepEqual([probed, socket.open], [1, false]);
  end();
});

test("ack and error go to whoever asked, the rest to everybody; a break answers with nothing", async () => {
  const { socket, wires, end } = started();
  wires[0].hello();
  const seen = [];
  socket.on("frame", frame => seen.push(frame.op));
  const asked = socket.ask({ op: "say", room: "ticket:42", id: "a", text: "1" });
  const broken = socket.ask({ op: "say", room: "ticket:42", id: "b", text: "2" });
  wires[0].down({ op: "event", room: "ticket:42", event: {} });
  wires[0].down({ op: "ack", id: "a", seq: 18 });
  assert.equal((await asked).seq, 18);
  wires[0].onclose({ code: 1006 });
  assert.equal(await broken, null);
  assert.deepEqual(seen, ["event"]);
  end();
});
