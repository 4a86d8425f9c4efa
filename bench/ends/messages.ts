/** Between the driver and a process, as JSON. The driver asks one thing at a time. */

/** `first` listens and writes, or works alone; `last` dials and reads. */
export type Part = "first" | "relay" | "last";

/** `open` with the address to dial, if any, before everything else; `cpuMicros`; or a method of the writer, reader or worker. */
export interface Request {
  readonly command: string;
  readonly args: readonly unknown[];
}

export type Reply =
  | { readonly on: "result"; readonly value: unknown }
  | { readonly on: "failure"; readonly message: string };
