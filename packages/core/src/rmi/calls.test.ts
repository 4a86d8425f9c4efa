import { describe, expect, it, onTestFinished } from "vitest";
import type { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { settle } from "../testing/node-settle.fixture.ts";
import { SimulatedMesh } from "../testing/simulated-mesh.ts";

/** A caller and a callee, one hop apart, and what either reported. */
async function pair() {
  const mesh = new SimulatedMesh({ settle });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const callee = await mesh.node("callee");
  const caller = await mesh.node("caller", { join: ["callee"] });
  const reported: unknown[] = [];
  for (const node of [callee, caller])
    node.on("error", (error) => reported.push(`${node.name}: ${(error as Error).message}`));
  await mesh.until(caller.ready());
  return { mesh, callee, caller, reported };
}

interface Service {
  run(...args: unknown[]): unknown;
}

/** What the caller hears when the method does `run`. */
async function heard(run: () => unknown): Promise<MeshError> {
  const { mesh, callee, caller, reported } = await pair();
  callee.expose("service", { run });
  await mesh.run(10);
  const error = await mesh.until(
    caller
      .remote<Service>("service")
      .run()
      .then(
        () => expect.unreachable(),
        (thrown) => thrown,
      ),
  );
  expect([reported, callee.status().calls, caller.status().calls]).toEqual([
    [],
    { pending: 0, running: 0 },
    { pending: 0, running: 0 },
  ]);
  return error;
}

const throws = (thrown: unknown) => () => {
  throw thrown;
};

describe("a caller hears of what a method throws", () => {
  it("its class, code, message and data", async () => {
    const thrown = Object.assign(new RangeError("too far"), { code: "E_FAR", data: { most: 10 } });
    expect(await heard(throws(thrown))).toMatchObject({
      ...{ code: "remote-error", message: "[remote-error] RangeError: too far" },
      remote: { name: "RangeError", code: "E_FAR", message: "too far", data: { most: 10 } },
    });
  });

  it.each([
    ["a text", "just a text", "just a text"],
    ["a number", 42, "42"],
    ["nothing", undefined, "undefined"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an object without a prototype", Object.create(null), "an object"],
    ["an error whose message is no text", Object.assign(new Error(), { message: { a: 1 } }), "an object"],
  ])("also when it is %s", async (_what, thrown, message) => {
    expect((await heard(throws(thrown))).remote).toEqual({ name: "Error", code: undefined, message, data: null });
  });

  it("without data that cannot cross", async () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const data of [() => {}, 1n, cycle]) {
      expect((await heard(throws(Object.assign(new Error("no"), { data })))).remote).toMatchObject({
        message: "no",
        data: null,
      });
    }
  });

  it("up to what an error's own getters let be read", async () => {
    const thrown = Object.defineProperty(new TypeError("no"), "data", { get: throws(new Error("getter")) });
    expect((await heard(throws(thrown))).remote).toMatchObject({ name: "TypeError", message: "no", data: null });
  });

  it("as too-large, when it is", async () => {
    expect(await heard(throws(new Error("x".repeat(LIMITS.messageBytes))))).toMatchObject({
      code: "too-large",
      message: expect.stringContaining("it ran, but its failure is too large"),
    });
  });
});

describe("a caller hears when a result cannot cross", () => {
  it.each([
    ["a function", () => () => {}],
    ["a bigint", () => 1n],
    ["a promise of a symbol", async () => Symbol("s")],
  ])("such as %s", async (_what, run) => {
    expect(await heard(run)).toMatchObject({
      code: "remote-error",
      remote: { name: "TypeError", message: expect.stringContaining("cannot be encoded") },
    });
  });

  it("because it is too large", async () => {
    expect(await heard(() => new Uint8Array(LIMITS.messageBytes))).toMatchObject({
      code: "too-large",
      message: expect.stringContaining("it ran, but its result is too large"),
    });
  });
});

describe("a call", () => {
  it("of what nobody exposes rejects with no-responder", async () => {
    const { mesh, callee, caller } = await pair();
    await expect(mesh.until(caller.remote<Service>("nothing").run())).rejects.toMatchObject({
      code: "no-responder",
      message: '[no-responder] nobody in the mesh exposes "nothing"',
    });
    callee.expose("service", { run: () => 1 });
    await mesh.run(10);
    const elsewhere = caller.remote<Service>("service", { node: caller.id });
    await expect(mesh.until(elsewhere.run())).rejects.toMatchObject({
      code: "no-responder",
      message: expect.stringContaining("does not expose"),
    });
  });

  it("of a member that is not exposed, or not of that kind, rejects with no-responder and says which", async () => {
    const { mesh, callee, caller } = await pair();
    callee.expose("service", { run: () => 1, value: 2 });
    await mesh.run(10);
    const remote = caller.remote<{ toString2(): void; value(): void; run: number }>("service");
    await expect(mesh.until(remote.toString2())).rejects.toThrow('[no-responder] "service.toString2" is not exposed');
    await expect(mesh.until(remote.value())).rejects.toThrow('"service.value" is not a method; await it to read it');
    await expect(mesh.until(Promise.resolve(remote.run))).rejects.toThrow('"service.run" is a method; call it');
  });

  it("carries its arguments as they were when it was made", async () => {
    const { mesh, callee, caller } = await pair();
    callee.expose("service", { run: (value: unknown) => value });
    await mesh.run(10);
    const argument = { list: [1, 2], bytes: new Uint8Array([3]) };
    const result = caller.remote<Service>("service").run(argument);
    argument.list.push(9);
    expect(await mesh.until(result)).toEqual({ list: [1, 2], bytes: new Uint8Array([3]) });
  });

  it("whose arguments cannot be encoded rejects with a TypeError and is not sent", async () => {
    const { caller, callee } = await pair();
    await expect(caller.remote<Service>("service").run(() => {})).rejects.toThrow(TypeError);
    expect(callee.status().calls.running).toBe(0);
  });

  it("that is not answered in time rejects with timed-out, and its answer is dropped", async () => {
    const { mesh, callee, caller, reported } = await pair();
    let answer!: (value: unknown) => void;
    callee.expose("service", { run: () => new Promise((resolve) => (answer = resolve)) });
    await mesh.run(10);
    const call = caller.remote<Service>("service", { timeoutMs: 50 }).run();
    await expect(mesh.until(call)).rejects.toMatchObject({
      code: "timed-out",
      message: '[timed-out] "service.run" did not answer within 50 ms; it may still run',
    });
    answer("late");
    await mesh.run(100);
    expect([reported, caller.status().calls, callee.status().calls.running]).toEqual([
      [],
      { pending: 0, running: 0 },
      0,
    ]);
  });

  it("that is aborted rejects with the caller's own reason", async () => {
    const { mesh, callee, caller } = await pair();
    callee.expose("service", { run: () => new Promise(() => {}) });
    await mesh.run(10);
    const reason = new Error("never mind");
    const controller = new AbortController();
    const call = caller.remote<Service>("service", { signal: controller.signal }).run();
    const outcome = expect(call).rejects.toBe(reason);
    await mesh.run(10);
    controller.abort(reason);
    await outcome;
    await expect(caller.remote<Service>("service", { signal: controller.signal }).run()).rejects.toBe(reason);
  });

  it("in hand when its callee closes, or its own node does, rejects and says that it may have run", async () => {
    const { mesh, callee, caller } = await pair();
    const other = await mesh.node("other", { join: ["callee"] });
    for (const node of [callee, other]) node.expose(node.name, { run: () => new Promise(() => {}) });
    await mesh.until(other.ready());
    await mesh.run(100);
    const lost = expect(caller.remote<Service>("callee").run()).rejects.toMatchObject({
      code: "peer-lost",
      message: expect.stringMatching(/^\[peer-lost\] node \w{32} was closed; the call may have run$/),
    });
    const closed = expect(caller.remote<Service>("other").run()).rejects.toMatchObject({
      code: "closed",
      message: expect.stringContaining("the call may have run"),
    });
    await mesh.run(10);
    await mesh.until(callee.close({ timeoutMs: 1_000 }));
    await mesh.until(lost);
    await mesh.until(caller.close({ timeoutMs: 1_000 }));
    await closed;
  });

  it("in hand when the edge ends goes on over the next one, and runs once", async () => {
    const { mesh, callee, caller } = await pair();
    const answers: ((value: unknown) => void)[] = [];
    callee.expose("service", { run: () => new Promise((resolve) => answers.push(resolve)) });
    await mesh.run(10);
    const before = caller.remote<Service>("service").run();
    await mesh.run(10);
    mesh.network.cut("caller", "callee");
    await mesh.run(10);
    answers[0]!("answered while away");
    const during = caller.remote<Service>("service", { timeoutMs: 20_000 }).run();
    await mesh.run(100);
    mesh.network.heal("caller", "callee");
    expect(await mesh.until(before)).toBe("answered while away");
    await mesh.run(5_000);
    expect(answers).toHaveLength(2);
    answers[1]!("asked while away");
    expect(await mesh.until(during)).toBe("asked while away");
  });

  it("that waits for the first join is not sent by a node that is closed at once as it joins, and leaves nothing", async () => {
    const { mesh, callee } = await pair();
    let ran = 0;
    callee.expose("service", { run: () => ++ran });
    const late = await mesh.node("late", { join: ["callee"] });
    const closed = new Promise<void>((resolve) => {
      late.on("connection", ({ state }) => state === "online" && resolve(late.close({ timeoutMs: 0 })));
    });
    const call = late.remote<Service>("service").run();
    await expect(mesh.until(call)).rejects.toMatchObject({
      code: "closed",
      message: expect.stringContaining("the call did not run"),
    });
    await mesh.until(closed);
    await mesh.run(10);
    expect([ran, late.status().calls.pending]).toEqual([0, 0]);
  });

  it("is refused beyond 1 000 of its caller that never end, while those of another caller are answered", async () => {
    const { mesh, callee, caller } = await pair();
    const other = await mesh.node("other", { join: ["callee"] });
    callee.expose("service", { run: () => 1, wait: () => new Promise(() => {}) });
    await mesh.until(other.ready());
    await mesh.run(10);
    const remote = caller.remote<{ wait(): Promise<void> }>("service", { timeoutMs: 1_000 });
    for (let i = 0; i < 1_000; i++) remote.wait().catch(() => {});
    await expect(mesh.until(remote.wait())).rejects.toMatchObject({ code: "overflow" });
    expect(await mesh.until(other.remote<Service>("service").run())).toBe(1);
    await mesh.until(caller.close());
    await mesh.run(5_000);
    expect(callee.status().calls).toEqual({ pending: 0, running: 0 });
  });
});
