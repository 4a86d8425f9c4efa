import { expectTypeOf } from "vitest";
import type { Remote, RemoteProperty } from "./index.ts";

class Machine {
  name = "m";
  readonly settings = { precision: 4, limits: { high: 90 } };
  samples: number[] = [];
  startedAt = new Date();
  image = new Uint8Array(0);
  nickname?: string;
  _secret = 1;
  $internal = 1;
  #hidden = 1;
  add(a: number, b = 0): number {
    return a + b + this.#hidden;
  }
  async load(path: string): Promise<{ bytes: number }> {
    return { bytes: path.length };
  }
  inner = { reset(_hard?: boolean): void {} };
  inspect(): void {}
  // biome-ignore lint/suspicious/noThenProperty: to see that a remote leaves it out.
  then(): void {}
}

declare const machine: Remote<Machine>;

// Methods take what they took, and always answer with a promise of what they gave.
expectTypeOf(machine.add).parameters.toEqualTypeOf<[a: number, b?: number | undefined]>();
expectTypeOf(machine.add(1)).toEqualTypeOf<Promise<number>>();
expectTypeOf(machine.load("x")).toEqualTypeOf<Promise<{ bytes: number }>>();
expectTypeOf(machine.inner.reset(true)).toEqualTypeOf<Promise<void>>();
// @ts-expect-error an argument of another type
machine.add("1");
// @ts-expect-error no such method
machine.multiply(1, 2);

// Properties are read by awaiting them, at any depth.
expectTypeOf(await machine.name).toEqualTypeOf<string>();
expectTypeOf(await machine.settings).toEqualTypeOf<{ precision: number; limits: { high: number } }>();
expectTypeOf(await machine.settings.limits.high).toEqualTypeOf<number>();
expectTypeOf(await machine.samples).toEqualTypeOf<number[]>();
expectTypeOf(await machine.startedAt).toEqualTypeOf<Date>();
expectTypeOf(await machine.image).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
expectTypeOf(machine.name).toExtend<PromiseLike<string>>();
expectTypeOf<RemoteProperty<string>>().not.toHaveProperty("length");
// @ts-expect-error what an array can do stays there
machine.samples.push(1);
// @ts-expect-error what a date can do stays there
machine.startedAt.getTime();
// @ts-expect-error what a text can do stays there
machine.name.toUpperCase();
// @ts-expect-error a remote cannot be assigned to
machine.name = "other";

// What does not travel is not there: private names, control names, whatever would make it thenable, and what tools ask for.
expectTypeOf(machine).not.toHaveProperty("_secret");
expectTypeOf(machine).not.toHaveProperty("$internal");
expectTypeOf(machine).not.toHaveProperty("then");
expectTypeOf(machine).not.toHaveProperty("inspect");
expectTypeOf((async () => machine)()).toEqualTypeOf<Promise<Remote<Machine>>>();

// The same object with other options.
expectTypeOf(machine.$with({ timeoutMs: 5, signal: new AbortController().signal })).toEqualTypeOf<Remote<Machine>>();
// @ts-expect-error an unknown option
machine.$with({ timeout: 5 });

// An interface does as well as a class.
interface Page {
  showNotice(text: string): void;
}
declare const page: Remote<Page>;
expectTypeOf(page.showNotice("hi")).toEqualTypeOf<Promise<void>>();
