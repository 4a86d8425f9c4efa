/**
 * What the demo's nodes say to each other: the topics with their messages, and the objects with their methods.
 * The processes and the page are compiled against this one file, so neither can drift from the other.
 */

/** The name of the demo's mesh. Nodes of another mesh are refused by the handshake. */
export const MESH = "chaski-demo";

/** Milliseconds between two CPU, memory and load samples. */
export const SAMPLING_INTERVAL = { defaultMs: 250, minMs: 100, maxMs: 10_000 } as const;

/** Every sample says when it was taken, in milliseconds since 1970 by the clock of the machine it describes. */
interface Sample {
  readonly sampledAt: number;
}

export interface CpuSample extends Sample {
  /** The pace in force: milliseconds from this sample to the next. */
  readonly intervalMs: number;
  /** All cores together, 0 to 100. */
  readonly percent: number;
  /** Each logical core, 0 to 100. */
  readonly cores: readonly number[];
}

export interface MemorySample extends Sample {
  readonly totalBytes: number;
  /** What programs hold: neither free nor given back on demand, as file caches are. */
  readonly usedBytes: number;
  readonly swapTotalBytes: number;
  readonly swapUsedBytes: number;
}

/** How many tasks ran or waited for a core, averaged over the last 1, 5 and 15 minutes. */
export interface LoadSample extends Sample {
  readonly oneMinute: number;
  readonly fiveMinutes: number;
  readonly fifteenMinutes: number;
}

/** All interfaces together, the loopback included: it carries this demo's own traffic. */
export interface NetworkSample extends Sample {
  readonly inBytesPerSecond: number;
  readonly outBytesPerSecond: number;
  readonly interfaces: readonly string[];
}

export interface ProcessInfo {
  readonly pid: number;
  readonly name: string;
  /** Share of all cores together, 0 to 100. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

export interface ProcessesSample extends Sample {
  readonly count: number;
  readonly running: number;
  /** The busiest first. */
  readonly top: readonly ProcessInfo[];
}

export type Topics = {
  "machine/cpu": CpuSample;
  "machine/memory": MemorySample;
  "machine/load": LoadSample;
  "machine/network": NetworkSample;
  "machine/processes": ProcessesSample;
};

export interface MachineDetails {
  readonly hostname: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly uptimeSeconds: number;
  readonly node: string;
}

/** Exposed by the process `machine` as `machine`. */
export interface Machine {
  details(): Promise<MachineDetails>;
  /** @param count 1 to 100. */
  topProcesses(count: number): Promise<readonly ProcessInfo[]>;
  /** Ask the metrics process for another pace. @returns the interval now in force, in milliseconds. */
  setSamplingInterval(intervalMs: number): Promise<number>;
  /** The same bytes back. */
  echo(bytes: Uint8Array): Uint8Array;
  /** Show a notice on a page: the named one, else the nearest. @returns what the page answered. */
  noticePage(text: string, pageName?: string): Promise<string>;
}

/** Exposed by the process `metrics` as `sampler`. */
export interface Sampler {
  interval(): number;
  /** @returns the interval now in force, in milliseconds. */
  setInterval(intervalMs: number): number;
}

export interface PageDescription {
  readonly name: string;
  readonly title: string;
  readonly viewport: string;
  readonly language: string;
  readonly colourScheme: string;
}

/** Exposed by every open dashboard as `page`. */
export interface Page {
  /** @param text 1 to 500 characters. @returns a word of thanks naming the page. */
  showNotice(text: string): string;
  describe(): PageDescription;
}
