/** A writer or a reader that lives elsewhere: in a child process or in a page. */
import type { Reader } from "../ends/reader.ts";
import type { Worker } from "../ends/worker.ts";
import type { Writer } from "../ends/writer.ts";

// biome-ignore lint/suspicious/noExplicitAny: any method.
type Method = (...args: any[]) => unknown;
type MethodName<T> = keyof { [Name in keyof T as T[Name] extends Method ? Name : never]: true } & string;
type MethodOf<T, Name extends keyof T> = T[Name] extends Method ? T[Name] : never;

export interface Party<T> {
  /** Call one of its methods; one at a time. */
  ask<Name extends MethodName<T> & keyof T>(
    method: Name,
    ...args: Parameters<MethodOf<T, Name>>
  ): Promise<Awaited<ReturnType<MethodOf<T, Name>>>>;
}

/** The two ends of a contender, connected, or one process that works alone. Disposing it ends everything that was started for it. */
export interface Session extends AsyncDisposable {
  readonly writer: Party<Writer>;
  readonly reader: Party<Reader>;
  readonly worker: Party<Worker>;
  /** Processor time that its processes have taken so far, in microseconds. Pages are not counted. */
  cpuMicros(): Promise<number>;
}
