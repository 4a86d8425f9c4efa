/** The README's code is run as it stands. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { createNode } from "./index.ts";

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...args: unknown[]) => Promise<void>;

it("the README's two nodes talk, and print what it says", async () => {
  const readme = await readFile(new URL("../../../README.md", import.meta.url), "utf8");
  const code = /```js\n(import \{ createNode \} from "@chaski\/node-transport";\n[\s\S]*?)```/.exec(readme)?.[1];
  const promised = /It prints `([^`]+)`/.exec(readme)?.[1];
  expect(code?.trim().split("\n").length).toBeLessThanOrEqual(16);
  const printed: string[] = [];
  const log = (...words: unknown[]): void => void printed.push(words.join(" "));
  const body = code!.replace(/^import .*$/m, "");
  await new AsyncFunction("createNode", "console", body)(createNode, { log });
  expect(printed).toEqual([promised]);
});
