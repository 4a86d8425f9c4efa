/** Another node, as its pipes see it: which life of it is meant, where it is reached, and both ends of what goes to and fro. */
import type { NodeId } from "../../base/ids.ts";
import type { Edge } from "../../edge/index.ts";
import { Lane } from "../../wire/index.ts";
import type { InPipe } from "./in-pipe.ts";
import type { OutPipe } from "./out-pipe.ts";

/** The lanes that have pipes; `outs` and `ins` of a remote are in this order. */
export const PIPE_LANES = [Lane.reliable, Lane.bulk] as const;
export type PipeLane = (typeof PIPE_LANES)[number];

export class Remote {
  readonly node: NodeId;
  home: NodeId;
  /** Its incarnation; 0 when it is not known yet. */
  life = 0;
  /** How many homes it had before this one, as it last said; -1 when it has said nothing. */
  move = -1;
  /** The mesh tells of it: its own record, or a gateway that it hangs on. */
  listed = false;
  readonly outs: (OutPipe | undefined)[] = [undefined, undefined];
  readonly ins: (InPipe | undefined)[] = [undefined, undefined];
  /** What every frame to it begins with, by lane; made anew when an end moves. */
  readonly heads: (Uint8Array | undefined)[] = [undefined, undefined];
  /** The edge by which it was last sent something. */
  way: Edge | undefined;
  /** It has not been reached since then, in ms; Infinity when nothing says so. */
  missingSinceMs = Number.POSITIVE_INFINITY;
  /** Its gateway, asked last, has it or keeps its place. */
  isKept = false;
  /** When gateways were asked for it last, in ms. */
  soughtAtMs = Number.NEGATIVE_INFINITY;
  /** When it is asked again whether it is there; Infinity when it need not be. */
  askDueMs = Number.POSITIVE_INFINITY;
  /** How often it was asked without an answer. */
  asked = 0;
  /** The state of the mesh that all this is known from. */
  checkedAt = -1;
  /** Something of it is under way, so time and changes of the mesh matter to it. */
  active = false;

  constructor(node: NodeId, home: NodeId) {
    this.node = node;
    this.home = home;
  }

  get isPeer(): boolean {
    return this.node === this.home;
  }

  /** It is there, or nobody asks any more. */
  answered(): void {
    this.askDueMs = Number.POSITIVE_INFINITY;
    this.asked = 0;
    this.missingSinceMs = Number.POSITIVE_INFINITY;
  }

  forgetHeads(): void {
    this.heads[0] = undefined;
    this.heads[1] = undefined;
  }

  /** When something has to be done for it at last, if nothing happens. */
  get dueMs(): number {
    let dueMs = this.askDueMs;
    for (let i = 0; i < PIPE_LANES.length; i++) {
      const out = this.outs[i];
      const end = this.ins[i];
      if (out && out.dueMs < dueMs) dueMs = out.dueMs;
      if (end && end.ackDueMs < dueMs) dueMs = end.ackDueMs;
    }
    return dueMs;
  }

  /** When something of it last came or went. */
  get usedMs(): number {
    let usedMs = 0;
    for (const end of this.outs) if (end && end.usedMs > usedMs) usedMs = end.usedMs;
    for (const end of this.ins) if (end && end.usedMs > usedMs) usedMs = end.usedMs;
    return usedMs;
  }
}
