/**
 * One random life of a small mesh in which nodes call and send to each other, heard by an oracle for pipes: relays die, edges
 * are cut, leaves move between gateways and sleep as pages do, nodes are started anew. Each sender numbers its calls of each node, and its messages
 * to it; a life that receives must see the numbers grow, each once; what was answered has come, and what rejects with "did not
 * run" or "did not arrive" has not.
 */
import { keylessIdentity } from "../auth/index.ts";
import { MeshError } from "../base/errors.ts";
import type { MeshNode } from "../node.ts";
import { Naps } from "./naps.ts";
import { SimulatedMesh } from "./simulated-mesh.ts";

export interface PipeRunResult {
  /** Empty when all went as promised. */
  readonly violations: readonly string[];
  readonly called: number;
  readonly answered: number;
  readonly lost: number;
}

interface Place {
  readonly name: string;
  readonly role: "gateway" | "leaf";
  readonly joins: readonly string[];
}

/** What travels: who calls, in which of its lives, and its count for the callee. */
interface Service {
  take(caller: string, number: number): Promise<number>;
}

/** In every fifth life leaves sleep, and longer than an edge stands the silence. */
const NAPS_RUN_MS = 60_000;
const LONGEST_NAP_MS = 45_000;
const RUN_MS = 6_000;
const CALLS = 80;
/** Longer than any redial, and than what is sent again waits. */
const SETTLE_MS = 22_000;
/** Longer than a leaf's lease: whoever is still waited for then is waited for in vain. */
const TIMEOUT_MS = 400_000;

export async function pipeRun(seed: number, settle: () => Promise<void>): Promise<PipeRunResult> {
  await using mesh = new SimulatedMesh({ seed, settle, delayMs: 5 });
  const { random } = mesh;
  const pick = (below: number): number => Math.floor(random.float() * below);
  const violations: string[] = [];
  const hasNaps = seed % 5 === 4;
  const runMs = hasNaps ? NAPS_RUN_MS : RUN_MS;
  const naps = new Naps(mesh);

  // ---- who there is
  const peers = 3 + pick(3);
  const leaves = 1 + pick(2);
  const places: Place[] = Array.from({ length: peers }, (_, i) => ({
    name: `p${i}`,
    role: "gateway",
    joins: [...new Set(i === 0 ? [] : [`p${pick(i)}`, ...(random.float() < 0.5 ? [`p${pick(i)}`] : [])])],
  }));
  for (let i = 0; i < leaves; i++)
    places.push({ name: `l${i}`, role: "leaf", joins: [...new Set([`p${pick(peers)}`, `p${pick(peers)}`])] });
  const identities = new Map(places.map(({ name }) => [name, keylessIdentity(random)]));
  const lives = new Map<string, number>();
  const alive = new Set<string>();
  let settling = false;
  const unlessSettling: Disposable[] = [];

  // ---- what a callee life has seen
  const ran = new Map<string, string>();
  async function start({ name, role, joins }: Place): Promise<void> {
    const runtime = hasNaps && role === "leaf" ? naps.runtime(name) : {};
    const node = await mesh.node(name, { role, join: joins }, { identity: identities.get(name)!, ...runtime });
    const life = `${name}#${(lives.get(name) ?? 0) + 1}`;
    lives.set(name, (lives.get(name) ?? 0) + 1);
    alive.add(name);
    const newest = new Map<string, number>();
    const take = (caller: string, number: number): void => {
      const call = `${caller} to ${name}: ${number}`;
      if (ran.has(call)) violations.push(`${call} came in ${ran.get(call)} and again in ${life}`);
      ran.set(call, life);
      if (number <= (newest.get(caller) ?? 0)) violations.push(`${call} came in ${life} after ${newest.get(caller)}`);
      newest.set(caller, number);
    };
    node.subscribe<readonly [string, number]>("to/*", {}, ({ data }) => take(...data));
    node.expose(name, {
      take: (caller: string, number: number) => {
        take(caller, number);
        const delayMs = random.float() < 0.5 ? 0 : pick(1_500);
        if (delayMs === 0) return number;
        return new Promise((resolve) => mesh.clock.setTimer(delayMs, () => naps.awake(name, () => resolve(number))));
      },
    });
  }
  for (const place of places) await start(place);
  await mesh.run(1_000);

  // ---- calls
  const counts = new Map<string, number>();
  const pending = new Map<string, MeshNode>();
  let [called, answered, lost] = [0, 0, 0];
  function call(): void {
    const from = places[pick(places.length)]!.name;
    const to = places[pick(places.length)]!.name;
    const node = mesh.nodes.get(from)!;
    if (from === to || !alive.has(from) || naps.isAsleep(from)) return;
    const isSent = random.float() < 0.3;
    const caller = `${from}#${lives.get(from)}${isSent ? " sending" : ""}`;
    const number = (counts.get(`${caller} ${to}`) ?? 0) + 1;
    counts.set(`${caller} ${to}`, number);
    const what = `${caller} to ${to}: ${number}`;
    called++;
    pending.set(what, node);
    const outcome = isSent
      ? node.send(identities.get(to)!.id, `to/${to}`, [caller, number])
      : node.remote<Service>(to, { timeoutMs: TIMEOUT_MS }).take(caller, number);
    outcome.then(
      (value) => {
        pending.delete(what);
        answered++;
        if ((!isSent && value !== number) || !ran.has(what))
          violations.push(`${what} was answered ${value} and did not come`);
      },
      (error: unknown) => {
        pending.delete(what);
        lost++;
        if (!(error instanceof MeshError)) throw error;
        if (/did not run|did not arrive|no-responder/.test(error.message) && ran.has(what))
          violations.push(`${what} ran in ${ran.get(what)}: ${error.message}`);
        if (!["peer-lost", "no-responder", "closed", "unreachable"].includes(error.code))
          violations.push(`${what} rejected with ${error.message}`);
        if (error.code === "peer-lost" && !hasDied.has(to))
          violations.push(`${what}: nobody died, but ${error.message}`);
      },
    );
  }
  for (let i = 0; i < CALLS; i++) mesh.clock.setTimer(pick(runMs), call);

  // ---- faults
  const hasDied = new Set<string>();
  const deaths = seed % 3 === 0 ? 0 : 2;
  for (let i = 0; i < 8; i++)
    mesh.clock.setTimer(pick(runMs), () => {
      const { name, joins } = places[1 + pick(places.length - 1)]!;
      const other = joins[pick(joins.length)]!;
      mesh.network.cut(name, other, { detectMs: pick(400) });
      unlessSettling.push(mesh.clock.setTimer(50 + pick(3_000), () => mesh.network.heal(name, other)));
    });
  for (let i = 0; i < deaths; i++)
    mesh.clock.setTimer(pick(runMs), () => {
      const place = places[pick(places.length)]!;
      const { name } = place;
      if (settling || !alive.delete(name)) return;
      hasDied.add(name);
      mesh.network.crash(name, { detectMs: pick(300) });
      void mesh.nodes.get(name)!.close({ timeoutMs: 0 });
      mesh.clock.setTimer(300 + pick(3_000), () => void start(place));
    });

  if (hasNaps)
    for (let i = 0; i < 6; i++) {
      const name = `l${pick(leaves)}`;
      mesh.clock.setTimer(pick(runMs), () => {
        if (alive.has(name)) naps.sleep(name, pick(LONGEST_NAP_MS));
      });
    }

  // ---- the end
  await mesh.run(runMs);
  settling = true;
  for (const timer of unlessSettling) timer[Symbol.dispose]();
  naps.wakeAll();
  mesh.network.healAll();
  await mesh.run(SETTLE_MS);
  for (const [what, node] of pending)
    violations.push(`${what} is still waited for: ${JSON.stringify(node.connection)}`);
  for (const name of alive) {
    const { calls } = mesh.nodes.get(name)!.status();
    if (calls.running > 0) violations.push(`${name} still runs ${calls.running}`);
  }
  return { violations, called, answered, lost };
}
