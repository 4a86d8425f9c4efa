import { describe, expect, it } from "vitest";
import { type LogLevel, logLines } from "./log-lines.ts";

const now = () => new Date(Date.UTC(2026, 10, 20, 12));

function lines(options: { level?: LogLevel; json?: boolean } = {}) {
  const written: string[] = [];
  const logger = logLines({ level: "debug", json: false, now, write: (line) => written.push(line), ...options });
  return { written, logger };
}

describe("logLines()", () => {
  it("writes an event and its fields for people", () => {
    const { written, logger } = lines();
    logger.log("info", "edge open", { peer: "c0ffee", name: "a b", hops: 2, why: undefined });
    expect(written).toEqual(['2026-11-20T12:00:00.000Z  info   edge open  peer=c0ffee  name="a b"  hops=2']);
  });

  it("writes JSON lines", () => {
    const { written, logger } = lines({ json: true });
    logger.log("warn", "edge lost", { code: "timed-out", why: undefined });
    expect(written).toEqual([
      '{"time":"2026-11-20T12:00:00.000Z","level":"warn","event":"edge lost","code":"timed-out"}',
    ]);
  });

  it("leaves out what matters less than its level", () => {
    const { written, logger } = lines({ level: "warn" });
    for (const level of ["debug", "info", "warn", "error"] as const) logger.log(level, level, {});
    expect(written.map((line) => line.slice(26))).toEqual(["warn   warn", "error  error"]);
  });

  it("lets nobody's name break a line, colour a terminal or turn text around", () => {
    for (const json of [false, true]) {
      const { written, logger } = lines({ json });
      logger.log("info", "edge open", { name: "a\nb\u001b[31m\u009b1m\u202e\u2028\u007f" });
      expect(written).toHaveLength(1);
      expect(written[0]).toContain('"a\\nb\\u001b[31m\\u009b1m\\u202e\\u2028\\u007f"');
    }
  });
});
