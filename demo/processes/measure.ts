/** This machine, measured: each function reads the real thing once and gives one sample. */
import { loadavg } from "node:os";
import { currentLoad, mem, networkStats, processes } from "systeminformation";
import type { CpuSample, LoadSample, MemorySample, NetworkSample, ProcessesSample, ProcessInfo } from "../contract.ts";

/** How many processes a sample names. */
const TOP_COUNT = 8;
const BYTES_PER_KIB = 1024;

/** The time since the previous call; the first call counts from boot. */
export async function measureCpu(): Promise<Omit<CpuSample, "intervalMs">> {
  const load = await currentLoad();
  return { sampledAt: Date.now(), percent: load.currentLoad, cores: load.cpus.map((core) => core.load) };
}

export async function measureMemory(): Promise<MemorySample> {
  const memory = await mem();
  return {
    sampledAt: Date.now(),
    totalBytes: memory.total,
    usedBytes: memory.total - memory.available,
    swapTotalBytes: memory.swaptotal,
    swapUsedBytes: memory.swapused,
  };
}

export function measureLoad(): LoadSample {
  const [oneMinute = 0, fiveMinutes = 0, fifteenMinutes = 0] = loadavg();
  return { sampledAt: Date.now(), oneMinute, fiveMinutes, fifteenMinutes };
}

/** @returns `undefined` the first time: a rate needs two readings. */
export async function measureNetwork(): Promise<NetworkSample | undefined> {
  const interfaces = (await networkStats("*")).filter((one) => one.rx_sec !== null && one.tx_sec !== null);
  if (interfaces.length === 0) return undefined;
  return {
    sampledAt: Date.now(),
    inBytesPerSecond: sum(interfaces.map((one) => one.rx_sec)),
    outBytesPerSecond: sum(interfaces.map((one) => one.tx_sec)),
    interfaces: interfaces.map((one) => one.iface),
  };
}

export async function measureProcesses(): Promise<ProcessesSample> {
  const { all, running, list } = await processes();
  return { sampledAt: Date.now(), count: all, running, top: busiest(list, TOP_COUNT) };
}

/** @param count How many at most. */
export async function measureTopProcesses(count: number): Promise<ProcessInfo[]> {
  return busiest((await processes()).list, count);
}

/** Names only: a command line may hold a secret, and everybody in the mesh can read this. */
function busiest(list: Awaited<ReturnType<typeof processes>>["list"], count: number): ProcessInfo[] {
  return list
    .map(({ pid, name, cpu, memRss }) => ({ pid, name, cpuPercent: cpu, memoryBytes: memRss * BYTES_PER_KIB }))
    .sort((a, b) => b.cpuPercent - a.cpuPercent || b.memoryBytes - a.memoryBytes)
    .slice(0, count);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
