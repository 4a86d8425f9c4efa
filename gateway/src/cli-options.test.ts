import { describe, expect, it } from "vitest";
import { helpText, readCommand } from "./cli-options.ts";

describe("readCommand()", () => {
  it("runs a gateway on this machine alone when nothing is said", () => {
    expect(readCommand([])).toEqual({
      do: "run",
      gateway: { http: { port: 8080 }, allowOrigins: [], join: [], listen: [] },
      level: "info",
      json: false,
      drainMs: 5_000,
    });
  });

  it("reads every option, repeated ones as lists", () => {
    const args =
      "--host :: --port 0 --path /x --static page --allow-origin https://a.example --allow-origin * --mesh lab";
    const more =
      "--name g --join tcp://a:1 --join tcp://b:2 --listen tcp://c:3 --advertise tcp://d:4 --log-level warn --json --drain 0";
    expect(readCommand(`${args} ${more}`.split(" "))).toEqual({
      do: "run",
      gateway: {
        http: { host: "::", port: 0 },
        path: "/x",
        static: "page",
        allowOrigins: ["https://a.example", "*"],
        mesh: "lab",
        name: "g",
        join: ["tcp://a:1", "tcp://b:2"],
        listen: ["tcp://c:3"],
        advertise: ["tcp://d:4"],
      },
      level: "warn",
      json: true,
      drainMs: 0,
    });
  });

  it("shows help before anything else", () => {
    expect(readCommand(["--port", "0", "-h"])).toEqual({ do: "help" });
    expect(readCommand(["--version"])).toEqual({ do: "version" });
  });

  it.each([
    [["--prot", "1"], "Unknown option '--prot'"],
    [["8080"], "Unexpected argument '8080'"],
    [["--port"], "argument missing"],
    [["--port", "http"], '--port must be a whole number from 0 to 65535, got "http"'],
    [["--port", "65536"], '--port must be a whole number from 0 to 65535, got "65536"'],
    [["--port=-1"], '--port must be a whole number from 0 to 65535, got "-1"'],
    [["--drain", "5s"], '--drain must be a whole number from 0 to 3600000, got "5s"'],
    [["--drain=-1"], '--drain must be a whole number from 0 to 3600000, got "-1"'],
    [["--drain", "3600001"], '--drain must be a whole number from 0 to 3600000, got "3600001"'],
    [["--log-level", "loud"], '--log-level must be one of debug, info, warn, error, got "loud"'],
  ])("complains of %j", (args, problem) => {
    expect(readCommand(args)).toEqual({ do: "complain", problem: expect.stringContaining(problem) });
  });
});

describe("helpText()", () => {
  it("fits a terminal of 120 columns", () => {
    expect(
      Math.max(
        ...helpText()
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(120);
  });
});
