/**
 * The one error class of the mesh and its closed table of codes.
 * Programs compare `code` (a second installed copy defeats `instanceof`), people read `message`.
 */

/** Code → whether the same request may succeed later, and what happened. */
export const ERROR_CODES = {
  "bad-credentials": { retryable: false, about: "the other side did not accept who we are" },
  "bad-ticket": { retryable: true, about: "a leaf's ticket is not believed here; it comes again without" },
  closed: { retryable: false, about: "used after close or dispose" },
  "dial-failed": { retryable: true, about: "no link could be opened to the address" },
  draining: { retryable: true, about: "the other side is being closed and takes nobody any more; try another" },
  "duplicate-edge": { retryable: false, about: "the two nodes already share an edge" },
  forbidden: { retryable: false, about: "the subject may not do this to the resource" },
  goodbye: { retryable: true, about: "the other side closed the edge on purpose" },
  "link-lost": { retryable: true, about: "the link ended before the operation did" },
  "listen-failed": { retryable: true, about: "the address could not be listened on" },
  "malformed-frame": { retryable: false, about: "the other side broke the wire format or the protocol" },
  "malformed-payload": { retryable: false, about: "a payload does not decode, or is nested too deep" },
  "no-responder": { retryable: true, about: "nobody in the mesh offers what was asked for" },
  "other-mesh": { retryable: false, about: "the other side belongs to another mesh" },
  overflow: { retryable: true, about: "a bounded queue was full" },
  "peer-lost": { retryable: true, about: "the node at the far end is gone; it may or may not have acted" },
  "remote-error": { retryable: false, about: "the remote ran the call and failed; see `remote`" },
  "self-edge": { retryable: false, about: "the address leads back to this very node" },
  "timed-out": { retryable: true, about: "the deadline passed; the remote may still act" },
  "too-large": { retryable: false, about: "the message exceeds a limit" },
  unreachable: { retryable: true, about: "no route leads to the node" },
  "unsupported-version": { retryable: false, about: "the two sides have no protocol version in common" },
} as const;

export type MeshErrorCode = keyof typeof ERROR_CODES;

/** Whether a word from the other side is one of the codes; a later version may have more. */
export function isMeshErrorCode(code: string): code is MeshErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

/** What a callee said of its own failure. Data, never a stack. */
export interface RemoteFailure {
  /** The error's class name at the callee, such as `RangeError`. */
  readonly name: string;
  /** The error's own `code`, when it had one. */
  readonly code: string | undefined;
  readonly message: string;
  /** Whatever the callee attached as `data`, decoded. */
  readonly data: unknown;
}

export interface MeshErrorOptions extends ErrorOptions {
  readonly remote?: RemoteFailure;
}

/** Every failure the mesh reports that is not a misuse of the API (those are `TypeError` and `RangeError`). */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: MeshErrorCode;
  /** Present when `code` is `remote-error`. */
  readonly remote: RemoteFailure | undefined;

  /** @param detail What was wrong, with the value, and what to do. */
  constructor(code: MeshErrorCode, detail: string, options?: MeshErrorOptions) {
    super(`[${code}] ${detail}`, options);
    this.code = code;
    this.remote = options?.remote;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** `error` as a MeshError: itself, or wrapped as the cause of one with `code`. */
export function asMeshError(error: unknown, code: MeshErrorCode): MeshError {
  if (error instanceof MeshError) return error;
  return new MeshError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
