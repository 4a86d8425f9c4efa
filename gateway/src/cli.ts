#!/usr/bin/env node
/** `chaski-gateway`: one gateway in the foreground, until it is told to end. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { helpText, readCommand } from "./cli-options.ts";
import { createGateway, type Gateway } from "./create-gateway.ts";
import { logLines } from "./log-lines.ts";

const EXIT = { failed: 1, usage: 2 } as const;

const command = readCommand(process.argv.slice(2));
switch (command.do) {
  case "help":
    console.log(helpText());
    break;
  case "version":
    console.log(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version);
    break;
  case "complain":
    complain(command.problem);
    break;
  case "run":
    await run(command);
}

async function run({ gateway: options, level, json, drainMs }: Extract<typeof command, { do: "run" }>): Promise<void> {
  const logger = logLines({ level, json, write: (line) => process.stdout.write(`${line}\n`) });
  let gateway: Gateway;
  try {
    gateway = await createGateway({ ...options, logger });
  } catch (error) {
    // Wrong options are noticed only there, by whoever needs them.
    if (error instanceof TypeError || error instanceof RangeError) return complain(error.message);
    logger.log("error", "gateway not started", { reason: (error as Error).message });
    process.exitCode = EXIT.failed;
    return;
  }
  let ending = false;
  const onSignal = (signal: "SIGINT" | "SIGTERM"): void => {
    if (ending) process.exit(128 + constants.signals[signal]);
    ending = true;
    logger.log("info", "gateway ends", { signal });
    void gateway.close({ timeoutMs: drainMs });
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

function complain(problem: string): void {
  console.error(`${problem}\nTry chaski-gateway --help.`);
  process.exitCode = EXIT.usage;
}
