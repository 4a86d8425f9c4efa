import { createNode, viaSharedWorker } from "@chaski/browser-transport";

const shared = viaSharedWorker(() => new SharedWorker(new URL("./hub.ts", import.meta.url), { type: "module" }));
const node = await createNode({ name: "tab", join: [location.origin], shared });

node.subscribe("lab/*", {}, ({ data }) => document.body.append(JSON.stringify(data)));
