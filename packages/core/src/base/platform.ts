/**
 * The few universal globals core uses, read from one typed `globalThis`, so that core compiles without the
 * types of Node or the DOM. Everything that differs by runtime arrives through interfaces instead.
 */

/** What core needs of an `AbortSignal`; the platform's own fits. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the platform's own type; reasons are the caller's.
  readonly reason: any;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

interface AbortControllerLike {
  readonly signal: AbortSignalLike;
  abort(reason?: unknown): void;
}

interface Globals {
  readonly AbortController: new () => AbortControllerLike;
  readonly TextEncoder: new () => {
    encode(text: string): Uint8Array<ArrayBuffer>;
    encodeInto(text: string, into: Uint8Array): { read: number; written: number };
  };
  readonly TextDecoder: new (
    label?: string,
    options?: { fatal?: boolean; ignoreBOM?: boolean },
  ) => {
    decode(bytes: Uint8Array): string;
  };
  queueMicrotask(task: () => void): void;
}

const globals = globalThis as unknown as Globals;

/** The platform's symbol, or where it has none yet (Safari) the one that compilers of `using` fall back to. */
export const wellKnownSymbol = (name: "dispose" | "asyncDispose", known: object = Symbol): symbol =>
  (known as Partial<Record<string, symbol>>)[name] ?? Symbol.for(`Symbol.${name}`);

/** `Symbol.dispose` and `Symbol.asyncDispose`, also in pages that lack them. Nothing global is patched. */
export const dispose: typeof Symbol.dispose = wellKnownSymbol("dispose") as typeof Symbol.dispose;
export const asyncDispose: typeof Symbol.asyncDispose = wellKnownSymbol("asyncDispose") as typeof Symbol.asyncDispose;

export const AbortController = globals.AbortController;
export const queueMicrotask = (task: () => void): void => globals.queueMicrotask(task);

/** Whether the runtime itself calls `value` by this name. */
export const isGlobal = (name: string, value: unknown): boolean =>
  (globalThis as unknown as Record<string, unknown>)[name] === value;

const encoder = new globals.TextEncoder();
const strictDecoder = new globals.TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = {
  encode: (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text),
  encodeInto: (text: string, into: Uint8Array): number => encoder.encodeInto(text, into).written,
  /** @throws {TypeError} on invalid UTF-8. */
  decode: (bytes: Uint8Array): string => strictDecoder.decode(bytes),
};
