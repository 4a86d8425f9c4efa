/** A page that subscribes, and writes down what happens to it and when. Read from outside by `life-page.ts`. */
import { createNode } from "@chaski/browser-transport";

/** Every time is the page's own, in ms since it was loaded. */
export interface Diary {
  readonly data: number[];
  /** When each of them came. */
  readonly cameAtMs: number[];
  readonly gaps: { readonly from: number; readonly to: number; readonly reason: string }[];
  readonly events: { readonly name: string; readonly atMs: number; readonly persisted?: boolean | undefined }[];
  readonly states: { readonly state: string; readonly reason: string | undefined; readonly atMs: number }[];
  readonly ticksAtMs: number[];
}

const TICK_MS = 100;
const diary: Diary = { data: [], cameAtMs: [], gaps: [], events: [], states: [], ticksAtMs: [] };
const node = await createNode({ name: "page", mesh: "life", join: [location.origin] });
const now = (): number => performance.now();

const note = (event: Event): void =>
  void diary.events.push({
    name: event.type === "visibilitychange" ? document.visibilityState : event.type,
    atMs: now(),
    persisted: (event as PageTransitionEvent).persisted,
  });
for (const name of ["visibilitychange", "freeze", "resume"]) document.addEventListener(name, note);
for (const name of ["pageshow", "pagehide", "online", "offline"]) globalThis.addEventListener(name, note);
setInterval(() => diary.ticksAtMs.push(now()), TICK_MS);

const subscription = node.subscribe<number>("down", {}, ({ data }) => {
  diary.data.push(data);
  diary.cameAtMs.push(now());
});
subscription.on("gap", ({ from, to, reason }) => void diary.gaps.push({ from, to, reason }));
await subscription.ready;
node.on("connection", ({ state, reason }) => void diary.states.push({ state, reason, atMs: now() }));

const page = { diary, publish: (value: string): Promise<void> => node.publish("up", value) };
export type LifePage = typeof page;
Object.assign(globalThis, { life: page });
