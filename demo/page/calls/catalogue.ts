/** What the demo's objects can do, to start from; the form calls anything else as well. */

export interface Example {
  readonly object: string;
  readonly method: string;
  /** As it is typed: JSON without the outer brackets. */
  readonly args: string;
}

export const EXAMPLES: readonly Example[] = [
  { object: "machine", method: "details", args: "" },
  { object: "machine", method: "topProcesses", args: "5" },
  { object: "machine", method: "setSamplingInterval", args: "500" },
  { object: "machine", method: "echo", args: '{ "$bytes": 65536 }' },
  { object: "sampler", method: "interval", args: "" },
  { object: "page", method: "showNotice", args: '"Hello from the form"' },
  { object: "page", method: "describe", args: "" },
];
