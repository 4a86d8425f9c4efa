import { describe, expect, it } from "vitest";
import { MeshError } from "../base/errors.ts";
import type { Edge } from "./edge.ts";
import { redialDelayMs, Seed, type SeedInput, type SeedState, step } from "./seed.ts";

const edge = {} as Edge;
const other = {} as Edge;
const lost = new MeshError("link-lost", "");
const self = new MeshError("self-edge", "");
const forbidden = new MeshError("forbidden", "");
const malformed = new MeshError("malformed-frame", "");
const goodbye = new MeshError("goodbye", "");

const dialling = (attempt: number, cause?: MeshError, sinceMs = 1_000): SeedState => ({
  ...{ phase: "dialling", attempt, sinceMs, cause },
});
const served = (by: Edge, attempt = 0, sinceMs = 0): SeedState => ({ phase: "served", edge: by, attempt, sinceMs });
const waiting = (attempt: number, retryAtMs: number, cause = lost): SeedState => ({
  ...{ phase: "waiting", attempt, retryAtMs, cause },
});
const stopped = (cause?: MeshError): SeedState => ({ phase: "stopped", cause });
const failedBy = (error: MeshError): SeedInput => ({ on: "failed", error });
const lostBy = (error: MeshError): SeedInput => ({ on: "lost", error });

describe("an address to be dialled", () => {
  // Always at 1 000 ms with a luck of 0.5: of the 200 ms of the first attempt, 100 are waited.
  it.each<[string, SeedState, SeedInput, SeedState]>([
    ["waits after the first failure", dialling(0), failedBy(lost), waiting(0, 1_100)],
    ["waits twice as long after the second", dialling(1), failedBy(lost), waiting(1, 1_200)],
    ["waits half of 15 s after many", dialling(30), failedBy(lost), waiting(30, 8_500)],
    ["waits long after a refusal that stays", dialling(0), failedBy(forbidden), waiting(0, 46_000, forbidden)],
    [
      "is dialled once more at once when it may take us now, as if nothing had been",
      dialling(2, lost),
      { on: "failed", error: forbidden, isAgain: true },
      { ...dialling(2, lost), isAgain: true } as SeedState,
    ],
    [
      "is waited for when its edge was lost, whatever it may take",
      served(edge),
      { on: "lost", error: lost, isAgain: true },
      waiting(0, 1_100),
    ],
    ["gives up on ourselves", dialling(0), failedBy(self), stopped(self)],
    ["is dialled again when it is time", waiting(0, 1_000), { on: "tick" }, dialling(1, lost)],
    ["is served by an edge it dialled", dialling(3), { on: "open", edge }, served(edge, 3, 1_000)],
    ["is served by an edge that came meanwhile", waiting(3, 9_000), { on: "open", edge }, served(edge, 3, 1_000)],
    ["is served by the edge that replaced its own", served(edge, 3), { on: "open", edge: other }, served(other, 3)],
    ["is dialled soon after its edge was lost", served(edge, 5), lostBy(lost), waiting(0, 1_100)],
    ["is dialled soon after a goodbye", served(edge, 5), lostBy(goodbye), waiting(0, 1_100, goodbye)],
    ["is dialled ever later when edges open and are lost at once", served(edge, 5, 1), lostBy(lost), waiting(5, 4_200)],
    [
      "is dialled ever later when told goodbye at once",
      served(edge, 5, 1),
      lostBy(goodbye),
      waiting(5, 4_200, goodbye),
    ],
    [
      "is dialled ever later when edges open and break",
      served(edge, 5),
      lostBy(malformed),
      waiting(6, 7_400, malformed),
    ],
    ["is dialled no more when nobody wants it", served(edge), { on: "stop" }, stopped()],
    ["is dialled at once and afresh when woken", waiting(7, 9_000), { on: "wake" }, dialling(0, lost)],
    [
      "is dialled anew when woken during a dial that takes long",
      dialling(7, lost, -2_000),
      { on: "wake" },
      dialling(0, lost),
    ],
    [
      "is dialled at once after its edge was lost in haste",
      served(edge, 5),
      { on: "lost", error: lost, isHasty: true },
      dialling(0, lost),
    ],
    [
      "waits, haste or not, when its edge opened and ended at once",
      served(edge, 0, 1),
      { on: "lost", error: lost, isHasty: true },
      waiting(0, 1_100),
    ],
    [
      "waits, haste or not, when its dial failed",
      dialling(0),
      { on: "failed", error: lost, isHasty: true },
      waiting(0, 1_100),
    ],
  ])("%s", (_what, before, input, after) => {
    expect(step(before, input, 1_000, 0.5)).toEqual(after);
  });

  it.each<[string, SeedState, SeedInput]>([
    ["a tick before its time", waiting(0, 1_001), { on: "tick" }],
    ["a tick while it dials", dialling(0), { on: "tick" }],
    ["a tick while it is served", served(edge), { on: "tick" }],
    ["news of an older dial while it waits", waiting(0, 1_001), failedBy(lost)],
    ["being woken while it is served", served(edge), { on: "wake" }],
    ["being woken during a dial just begun", dialling(3, lost, -1_999), { on: "wake" }],
    ["being woken after it was stopped", stopped(), { on: "wake" }],
    ["an edge after it was stopped", stopped(), { on: "open", edge }],
    ["a failure after it was stopped", stopped(), failedBy(lost)],
  ])("is not moved by %s", (_what, state, input) => {
    expect(step(state, input, 1_000, 0.5)).toBe(state);
  });

  it("goes on with the next of several at once where it is refused since that one closes, and waits when the next does so too", () => {
    const closes = failedBy(new MeshError("draining", ""));
    const first = { ...dialling(3), isAgain: true } as SeedState;
    const second = step(first, closes, 1_000, 0.5, 2);
    expect(second).toEqual(dialling(3, new MeshError("draining", "")));
    expect(step(second, closes, 1_000, 0.5, 2).phase).toBe("waiting");
    expect(step(first, closes, 1_000, 0.5, 1).phase).toBe("waiting");
  });

  it("waits long after a refusal only when it was refused everywhere", () => {
    const retryAtMs = (attempt: number): number => {
      const state = step(dialling(attempt), failedBy(forbidden), 0, 1, 3);
      return state.phase === "waiting" ? state.retryAtMs : Number.NaN;
    };
    expect([0, 1, 2, 3].map(retryAtMs)).toEqual([200, 400, 60_000, 60_000]);
  });

  it("waits anything from nothing to the bound, and the bound doubles from 200 ms to 15 s", () => {
    const bounds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((attempt) => redialDelayMs(attempt, 1));
    expect(bounds).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000, 15_000]);
    expect([redialDelayMs(3, 0), redialDelayMs(3, 0.25)]).toEqual([0, 400]);
  });
});

describe("Seed", () => {
  it("does not dial ten times a second where every edge opens and ends at once", async () => {
    let nowMs = 0;
    const timers: (() => void)[] = [];
    const dialledAtMs: number[] = [];
    const seed: Seed = new Seed(["tcp://127.0.0.1:1"], {
      now: () => nowMs,
      luck: () => 0.5,
      setTimer: (delayMs, run) => {
        timers.push(() => {
          nowMs += delayMs;
          run();
        });
        return { [Symbol.dispose]: () => {} };
      },
      dial: async () => void dialledAtMs.push(nowMs),
      onSeedChange: () => {},
    });
    seed.start();
    for (let dial = 0; dial < 9; dial++) {
      seed.input({ on: "open", edge });
      seed.input(lostBy(lost));
      timers[dial]!();
    }
    expect(dialledAtMs).toEqual([0, 100, 300, 700, 1_500, 3_100, 6_300, 12_700, 20_200, 27_700]);
  });

  it("hears nothing any more of a dial that it gave up", async () => {
    let fail!: (error: Error) => void;
    const phases: string[] = [];
    const seed = new Seed(["tcp://127.0.0.1:1"], {
      now: () => 0,
      luck: () => 0.5,
      setTimer: () => expect.unreachable(),
      dial: () => new Promise((_resolve, reject) => (fail = reject)),
      onSeedChange: ({ state }) => phases.push(state.phase),
    });
    seed.start();
    seed.input({ on: "open", edge });
    fail(new Error("too late"));
    await new Promise((resolve) => setImmediate(resolve));
    seed.input({ on: "stop" });
    expect(phases).toEqual(["served", "stopped"]);
  });

  it("disarms its timer when it is stopped", async () => {
    let armed = 0;
    const seed = new Seed(["tcp://127.0.0.1:1"], {
      now: () => 0,
      luck: () => 0.5,
      setTimer: () => {
        armed++;
        return { [Symbol.dispose]: () => armed-- };
      },
      dial: () => Promise.reject(new Error("refused")),
      onSeedChange: () => {},
    });
    seed.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect([armed, seed.state]).toMatchObject([1, { phase: "waiting", cause: { code: "dial-failed" } }]);
    seed.input({ on: "stop" });
    expect(armed).toBe(0);
  });

  it("dials again although its timer fired a little before its time", async () => {
    let nowMs = 0;
    let dials = 0;
    const timers: { readonly atMs: number; readonly run: () => void }[] = [];
    const seed = new Seed(["tcp://127.0.0.1:1"], {
      now: () => nowMs,
      luck: () => 0.5,
      setTimer: (delayMs, run) => {
        timers.push({ atMs: nowMs + delayMs, run });
        return { [Symbol.dispose]: () => {} };
      },
      dial: () => {
        dials++;
        return Promise.reject(new MeshError("dial-failed", "refused"));
      },
      onSeedChange: () => {},
    });
    seed.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect([dials, seed.state.phase]).toEqual([1, "waiting"]);

    // Node rounds its timers to whole milliseconds of a clock that is itself behind: setTimeout(100) after 99.6 ms.
    nowMs = timers[0]!.atMs - 0.4;
    timers[0]!.run();
    expect([dials, timers.length]).toEqual([1, 2]);
    nowMs = timers[1]!.atMs;
    timers[1]!.run();
    expect([dials, seed.state.phase]).toEqual([2, "dialling"]);
  });
});
