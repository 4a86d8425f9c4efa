/** Flows a neighbour has told of that are unknown here, and the last number it holds: for when their origin is known. */

import { MeshError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { FlowDeclaration } from "../wire/index.ts";

export interface DeclaredFlow {
  readonly declaration: FlowDeclaration;
  /** Undefined until its position is told. */
  seq: number | undefined;
}

/** What one takes beside its topic, in bytes, about. */
const ENTRY_BYTES = 200;

export class DeclaredFlows extends Map<number, DeclaredFlow> {
  #byteLength = 0;

  /** @throws {MeshError} `too-large` */
  tell(declaration: FlowDeclaration): void {
    if (this.size >= LIMITS.flows || this.#byteLength >= LIMITS.edgeWantsBytes)
      throw new MeshError(
        "too-large",
        `${this.size} flows of ${this.#byteLength} bytes declared and not attached to; LIMITS.flows is ${LIMITS.flows}, LIMITS.edgeWantsBytes ${LIMITS.edgeWantsBytes}`,
      );
    this.delete(declaration.flow);
    this.#byteLength += bytesOf(declaration);
    this.set(declaration.flow, { declaration, seq: undefined });
  }

  /** What it told of this flow, if anything, it says differently now. The position stays. */
  tellAgain(declaration: FlowDeclaration): void {
    const known = this.get(declaration.flow);
    if (!known) return;
    this.tell(declaration);
    this.get(declaration.flow)!.seq = known.seq;
  }

  override delete(number: number): boolean {
    const known = this.get(number);
    if (known) this.#byteLength -= bytesOf(known.declaration);
    return super.delete(number);
  }
}

const bytesOf = ({ topic }: FlowDeclaration): number => ENTRY_BYTES + topic.length;
