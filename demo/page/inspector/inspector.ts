import type { MeshNode, Message } from "@chaski/core";
import { effect, signal } from "@preact/signals";
import { onNextFrame } from "../live/frame.ts";
import { TopicLog } from "./topic-log.ts";

/** More topics than this and the one silent for longest is forgotten. */
const MAX_TOPICS = 50;
/** Messages waiting for the handler; more are dropped, the oldest first. */
const CAPACITY = 1_000;

/**
 * Shows what passes through the mesh. The filter is the subscription itself: what it does not match never
 * travels to this page, and a paused inspector has no subscription at all.
 */
export class Inspector {
  readonly pattern = signal("**");
  readonly paused = signal(false);
  /** Why the pattern cannot be subscribed to. */
  readonly problem = signal<string | undefined>(undefined);
  /** Messages this page missed: dropped here because it was too slow, or lost on the way. */
  readonly missed = signal(0);
  readonly openTopic = signal<string | undefined>(undefined);
  readonly topics = signal<ReadonlyMap<string, TopicLog>>(new Map());
  /** The one silent for longest first. */
  #logs = new Map<string, TopicLog>();

  readonly #nameOf: (nodeId: string) => string;

  /** @param nameOf What people call the node of that id. */
  constructor(node: MeshNode, nameOf: (nodeId: string) => string) {
    this.#nameOf = nameOf;
    effect(() => {
      if (this.paused.value) return undefined;
      const subscription = this.#subscribe(node, this.pattern.value);
      return () => subscription?.close();
    });
  }

  /** Forget what was shown and show what matches `pattern` from now on. */
  filter(pattern: string): void {
    this.#logs = new Map();
    this.#show();
    this.missed.value = 0;
    this.pattern.value = pattern;
  }

  #subscribe(node: MeshNode, pattern: string) {
    try {
      const options = { overflow: "drop-oldest", capacity: CAPACITY } as const;
      const subscription = node.subscribe(pattern, options, (message) => this.#take(message));
      subscription.on("drop", ({ count }) => this.#miss(count));
      subscription.on("gap", ({ from, to }) => this.#miss(Number.isFinite(to) ? to - from + 1 : 0));
      this.problem.value = undefined;
      return subscription;
    } catch (error) {
      this.problem.value = (error as Error).message;
      return undefined;
    }
  }

  #take(message: Message): void {
    if (document.hidden) return;
    const log = this.#logs.get(message.topic) ?? new TopicLog();
    this.#logs.delete(message.topic);
    this.#logs.set(message.topic, log);
    if (this.#logs.size > MAX_TOPICS) this.#logs.delete(this.#logs.keys().next().value ?? "");
    log.add(message, Date.now());
    onNextFrame(this.#show);
  }

  #miss(count: number): void {
    this.missed.value += count;
  }

  readonly #show = (): void => {
    for (const log of this.#logs.values()) log.settle(this.#nameOf);
    this.topics.value = new Map([...this.#logs].sort(([a], [b]) => a.localeCompare(b)));
  };
}
