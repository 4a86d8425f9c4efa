export { Calls, type RemoteOptions } from "./calls.ts";
export type { ExposeOptions } from "./exposed.ts";
export type { CallOptions, Remote, RemoteProperty } from "./remote.ts";
