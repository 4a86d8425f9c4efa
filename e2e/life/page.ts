/** A page that subscribes, and writes down what happens to it and when. Read from outside by `life-page.ts`. */
import { createNode, viaSharedWorker } from "@chaski/browser-transport";

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
const query = new URLSearchParams(location.search);
if (query.has("no-shared-worker")) Reflect.deleteProperty(globalThis, "SharedWorker");
const shared = viaSharedWorker(
  () => new SharedWorker(new URL("../shared/hub.ts", import.meta.url), { type: "module" }),
);
const node = await createNode({
  name: query.get("name") ?? "page",
  mesh: query.get("mesh") ?? "life",
  join: [location.origin],
  ...(query.has("shared") && { shared }),
});
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

node.expose(node.id, { name: () => node.name });
const sent: unknown[] = [];
node.subscribe("sent", {}, ({ data }) => void sent.push(data));

const page = {
  diary,
  sent,
  id: node.id,
  transports: (): string[] => node.edges.map(({ transport }) => transport),
  state: (): string => node.connection.state,
  publish: (value: string): Promise<void> => node.publish("up", value),
  send: (id: string, value: string): Promise<void> => node.send(id, "sent", value),
  askName: (id: string): Promise<string> => node.remote<{ name(): string }>(id).name(),
  close: (): Promise<void> => node.close(),
};
export type LifePage = typeof page;
Object.assign(globalThis, { life: page });
