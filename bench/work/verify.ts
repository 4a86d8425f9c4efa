/** What a record costs when it comes: with its signature when it is news, without when it is not. */
import { ephemeralIdentity, nodeVerifier } from "@chaski/node-transport";
import { control, Records, Writer } from "../../packages/core/src/testing/internals/index.ts";
import type { Work } from "./work.ts";

/** Peers whose records come in turn. */
const PEERS = 500;

interface Signed {
  readonly frame: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** The signature alone, of the same bodies. */
export const ed25519: Work = (size) => {
  const records = signedRecords(size);
  let turn = 0;
  return () => {
    const { publicKey, body, signature } = records[turn++ % PEERS]!;
    if (!nodeVerifier.verify(publicKey, body, signature)) throw new Error("a signature is wrong");
    return 1;
  };
};

export const newRecords: Work = (size) => {
  const records = signedRecords(size);
  let held = new Records(nodeVerifier, "");
  let turn = 0;
  return () => {
    if (turn % PEERS === 0) held = new Records(nodeVerifier, "");
    if (!held.offer(records[turn++ % PEERS]!.frame, 0)) throw new Error("a new record was not taken");
    return 1;
  };
};

export const oldRecords: Work = (size) => {
  const records = signedRecords(size);
  const held = new Records(nodeVerifier, "");
  for (const { frame } of records) held.offer(frame, 0);
  let turn = 0;
  return () => {
    if (held.offer(records[turn++ % PEERS]!.frame, 0)) throw new Error("an old record was taken for news");
    return 1;
  };
};

/** @param size Neighbours of each. */
function signedRecords(size: number): Signed[] {
  const identities = Array.from({ length: PEERS }, ephemeralIdentity);
  return identities.map(({ id, publicKey, sign }, at) => {
    const writer = new Writer();
    control.recordBody.write(writer, {
      ...{ id, publicKey, incarnation: 1, sequence: 1, role: "peer", name: `peer ${at}`, directory: 1, gone: false },
      addresses: ["tcp://192.0.2.1:7000"],
      neighbours: Array.from({ length: size }, (_, i) => ({ id: identities[(at + 1 + i) % PEERS]!.id, cost: 1_250 })),
    });
    const body = writer.finish();
    const signature = sign(body);
    return { frame: control.record.encode({ ageMs: 0, body, signature }), publicKey, body, signature };
  });
}
