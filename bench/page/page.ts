/** What runs in Chromium: the last end of a contender, as the global `bench`. */
import { createNode } from "@chaski/browser-transport";
import type { End, OnPayload } from "../contenders/contender.ts";
import type { ContenderName } from "../contenders/names.ts";
import { TopicEnd } from "../contenders/topic-end.ts";
import { Reader } from "../ends/reader.ts";

export interface PageBench {
  open(name: ContenderName, address: string): Promise<void>;
  ask(command: string, args: readonly unknown[]): unknown;
}

function dialRaw(address: string, onPayload: OnPayload): Promise<End> {
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => onPayload(new Uint8Array(data));
  const send = (payload: Uint8Array): undefined => void socket.send(payload as Uint8Array<ArrayBuffer>);
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve({ send });
    socket.onerror = () => reject(new Error(`no WebSocket to ${address}`));
  });
}

async function dialNode(address: string, onPayload: OnPayload): Promise<End> {
  const end = new TopicEnd(await createNode({ join: [address] }), "last", onPayload);
  await end.connected();
  return end;
}

let reader: Reader | undefined;

const bench: PageBench = {
  async open(name, address) {
    const dial = name.startsWith("raw") ? dialRaw : dialNode;
    reader = await Reader.open((onPayload) => dial(address, onPayload));
  },
  ask: (command, args) =>
    (reader as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[command]!(...args),
};

Object.assign(globalThis, { bench });
