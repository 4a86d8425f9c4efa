/**
 * Pipes of one node: messages to other nodes, each in order and exactly once, whatever edges and homes do meanwhile. Relays
 * keep nothing; both ends remember. The driver: it owns the timer, and hears of the mesh. How far a pipe has come, and what to
 * send again, is decided by its ends (`out-pipe.ts`, `in-pipe.ts`).
 *
 * A pipe belongs to one incarnation of either end. Whoever is meant in another, or does not know what others remember,
 * answers with a reset, and then everything not acknowledged is lost: a message never arrives twice.
 */
import type { Clock, Random } from "../../base/clock.ts";
import { MeshError, type MeshErrorCode } from "../../base/errors.ts";
import { type NodeId, randomFlowNumber } from "../../base/ids.ts";
import { LIMITS, TIMINGS } from "../../base/limits.ts";
import { dispose } from "../../base/platform.ts";
import type { Flushable, Turn } from "../../base/turn.ts";
import {
  type Address,
  encodeUnicastHead,
  FrameType,
  Lane,
  PIPE_HEAD_BYTES,
  type PipeHead,
  PipeKind,
  Port,
  ResetReason,
  readPipeHead,
  UNICAST_HEAD_BYTES,
  writePipeHead,
  writePipeNumbers,
  writeU32,
} from "../../wire/index.ts";
import type { Unicast } from "../unicast.ts";
import { InPipe } from "./in-pipe.ts";
import { OutPipe, type Sent } from "./out-pipe.ts";
import { PIPE_LANES, type PipeLane, Remote } from "./remote.ts";

export interface PipesHost {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly unicast: Unicast;
  /** This node's own incarnation. */
  incarnation(): number;
  /** The incarnation a node has now, when its record or an edge tells; undefined for one that is gone. */
  incarnationOf(node: NodeId): number | undefined;
  /** Where a node is reached, when the directory or an edge tells. */
  homeOf(node: NodeId): NodeId | undefined;
  isReachable(peer: NodeId): boolean;
  /** Ask gateways for a leaf that nothing else tells of; `found` or `notFound` hears of it. */
  seek(leaf: NodeId): void;
}

/** Who reads what comes. */
export interface PipesReader {
  /** The next message of `node`; the bytes are a view of the packet they came in. */
  onMessage(node: NodeId, message: Uint8Array): void;
  /** What was sent there is lost, and what was to come from there does not come: its incarnation ended, or it is gone. */
  onLost(node: NodeId, why: string): void;
  /** Nodes that something is expected of: it is noticed when they go. */
  awaited(): ReadonlySet<NodeId>;
}

/** For people and monitoring. */
export interface PipeCounters {
  /** Messages sent once more. */
  resent: number;
  /** Frames that no honest node sends, and newcomers that there was no room for. */
  refused: number;
}

const HEAD_BYTES = UNICAST_HEAD_BYTES + PIPE_HEAD_BYTES;
/** How often remotes that nothing is under way with are looked at, in ms. */
const FORGET_MS = 60_000;
/** Looking through all of them costs time, so the more there are the less often: by so much for each, in ms. */
const SWEEP_MS_PER_REMOTE = 0.01;

export class Pipes implements Flushable {
  readonly counters: PipeCounters = { resent: 0, refused: 0 };
  readonly #host: PipesHost;
  readonly #reader: PipesReader;
  readonly #remotes = new Map<NodeId, Remote>();
  readonly #ofHome = new Map<NodeId, number>();
  /** Those that time and changes of the mesh matter to. */
  readonly #active = new Set<Remote>();
  /** Those that are owed an acknowledgement at the end of the turn. */
  #owed: Remote[] = [];
  #life: number;
  #home: NodeId;
  /** The home that frames name, and how many this node had before it; `#home` is where others were told it is. */
  #namedHome: NodeId;
  #moves = 0;
  /** Changes of the mesh so far. */
  #changes = 0;
  /** Of the pipe opened last; 0 before the first. They grow, so that a receiver can tell a new one from an old copy. */
  #lastNumber = 0;
  /** How far the wall clock was ahead: it goes on while a machine sleeps, when the other may not. */
  #wallAheadMs: number;
  #forgetAtMs = Number.POSITIVE_INFINITY;
  #timer: Disposable | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(host: PipesHost, reader: PipesReader) {
    this.#host = host;
    this.#reader = reader;
    this.#life = host.incarnation();
    this.#home = host.unicast.home;
    this.#namedHome = this.#home;
    this.#wallAheadMs = host.clock.wallNow() - host.clock.now();
    host.unicast.listen(Port.pipes, {
      onMessage: (source, payload) => this.#onFrame(source, payload),
      onBounce: (target, payload, why) => this.#onBounce(target, payload, why),
    });
  }

  /** Nodes that pipes are remembered of. */
  get size(): number {
    return this.#remotes.size;
  }

  /** Bytes of all messages that are not acknowledged. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { outs } of this.#remotes.values()) for (const out of outs) bytes += out?.heldBytes ?? 0;
    return bytes;
  }

  // ---- sending

  /**
   * Send one message, behind those sent before in the same lane.
   * @param message Copied.
   * @param sender Hears when it is lost.
   * @throws {MeshError} `unreachable` when nothing is known of the node, `overflow`, `too-large`, `closed`.
   */
  send(node: NodeId, lane: PipeLane, message: Uint8Array, sender?: Sent): void {
    const { self, clock, unicast } = this.#host;
    if (this.#closed) throw new MeshError("closed", "a message after this node was closed");
    unicast.checkSize(message);
    if (node === self) return this.#reader.onMessage(self, message.slice());
    const nowMs = clock.now();
    const remote = this.#remoteOf(node, nowMs);
    const index = PIPE_LANES.indexOf(lane);
    const out = this.#outOf(remote, index, nowMs);
    const frame = new Uint8Array(HEAD_BYTES + message.byteLength);
    frame.set(message, HEAD_BYTES);
    out.push(frame, sender, nowMs);
    this.#pump(remote, index, nowMs);
    this.#attend(remote);
  }

  /** Do not send what was not sent yet. @returns False when it is too late. */
  withdraw(node: NodeId, sender: Sent): boolean {
    return this.#remotes.get(node)?.outs.some((out) => out?.withdraw(sender)) ?? false;
  }

  /** Whether it can be sent something. */
  knows(node: NodeId): boolean {
    const remote = this.#remotes.get(node);
    // A peer without a record has left, or nothing leads to it yet.
    if (remote?.isPeer) return this.#host.incarnationOf(node) !== undefined;
    return node === this.#host.self || remote !== undefined || this.#homeOf(node) !== undefined;
  }

  #homeOf(node: NodeId): NodeId | undefined {
    const home = this.#host.homeOf(node);
    return home === node && this.#host.incarnationOf(node) === undefined ? undefined : home;
  }

  /** @throws {MeshError} `unreachable` */
  #remoteOf(node: NodeId, nowMs: number): Remote {
    let remote = this.#remotes.get(node);
    if (!remote) {
      const home = this.#homeOf(node);
      if (home === undefined) throw new MeshError("unreachable", `node ${node} is not known`);
      remote = this.#add(node, home);
    }
    if (remote.checkedAt !== this.#changes) this.#check(remote, nowMs);
    return remote;
  }

  #outOf({ outs, heads }: Remote, index: number, nowMs: number): OutPipe {
    const known = outs[index];
    if (known && (known.size > 0 || nowMs - known.usedMs < TIMINGS.pipeIdleMs)) return known;
    const { random } = this.#host;
    this.#lastNumber ||= Math.floor(randomFlowNumber(random) / 2);
    this.#lastNumber += 1 + Math.floor(random.float() * 0xffff);
    const out = new OutPipe(this.#lastNumber, nowMs);
    outs[index] = out;
    heads[index] = undefined;
    return out;
  }

  /** Send what may be sent now. */
  #pump(remote: Remote, index: number, nowMs: number): void {
    const out = remote.outs[index];
    if (!out?.waits) return;
    if (remote.life === 0) {
      if (remote.askDueMs === Number.POSITIVE_INFINITY) this.#ask(remote, nowMs);
      return;
    }
    const way = this.#host.unicast.wayTo(remote);
    remote.way = way;
    if (!way) return this.#unreached(remote, out, nowMs);
    const lane = PIPE_LANES[index]!;
    const end = remote.ins[index];
    for (;;) {
      const { next: number, isOpening } = out;
      const isAgain = number < out.fresh;
      const held = out.take(nowMs);
      if (!held) return;
      if (isAgain) this.counters.resent++;
      // The one sent before may still wait in an edge.
      const frame = isAgain ? held.slice() : held;
      frame.set((remote.heads[index] ??= this.#headFor(remote, index, out.number)));
      writeU32(frame, 0, frame.byteLength);
      if (isOpening) frame[UNICAST_HEAD_BYTES + 1] = 1;
      writePipeNumbers(frame, UNICAST_HEAD_BYTES, number, end?.number ?? 0, end?.taken ?? 0);
      try {
        way.send(lane, [frame]);
      } catch (error) {
        if (!isFull(error)) throw error;
        return out.block(nowMs);
      }
      end?.acknowledged();
    }
  }

  #headFor(remote: Remote, index: number, pipe: number): Uint8Array {
    const lane = PIPE_LANES[index]!;
    const head = new Uint8Array(HEAD_BYTES);
    head.set(
      encodeUnicastHead(FrameType.unicast, this.#host.unicast.headTo(remote, Port.pipes, lane), PIPE_HEAD_BYTES),
    );
    writePipeHead(head, UNICAST_HEAD_BYTES, this.#head(PipeKind.data, remote.life, { lane, pipe }));
    return head;
  }

  #head(kind: PipeKind, to: number, more: Partial<PipeHead>): PipeHead {
    const { home } = this.#host.unicast;
    if (home !== this.#namedHome) {
      this.#namedHome = home;
      this.#moves++;
    }
    return {
      ...{ kind, flag: false, lane: Lane.reliable, reason: 0, move: this.#moves, from: this.#life, to },
      ...{ pipe: 0, number: 0, ackPipe: 0, ackNumber: 0 },
      ...more,
    };
  }

  /** A frame without a message; what is lost of these is said again when it matters. */
  #tell(to: Address, head: PipeHead): boolean {
    const payload = new Uint8Array(PIPE_HEAD_BYTES);
    writePipeHead(payload, 0, head);
    try {
      this.#host.unicast.send(to, Port.pipes, Lane.reliable, payload);
      return true;
    } catch (error) {
      if (isFull(error) || (error instanceof MeshError && error.code === "unreachable")) return false;
      throw error;
    }
  }

  #acknowledge(remote: Remote, index: number): void {
    const { number = 0, taken = 0, hasHole = false } = remote.ins[index] ?? {};
    const acks = { lane: PIPE_LANES[index]!, ackPipe: number, ackNumber: taken, flag: hasHole };
    remote.ins[index]?.acknowledged();
    this.#tell(remote, this.#head(PipeKind.ack, remote.life, acks));
  }

  #reset(to: Address, life: number, pipe: number, reason: ResetReason): void {
    this.#tell(to, this.#head(PipeKind.reset, life, { pipe, reason }));
  }

  /** Say who and where this node is, and hear the same of the other. */
  #ask(remote: Remote, nowMs: number): void {
    remote.askDueMs = nowMs + Math.min(TIMINGS.pipeResendMaxMs, TIMINGS.pipeResendMinMs * 2 ** remote.asked++);
    if (!this.#tell(remote, this.#head(PipeKind.ask, remote.life, {}))) this.#miss(remote, nowMs);
    this.#attend(remote);
  }

  #unreached(remote: Remote, out: OutPipe, nowMs: number): void {
    out.block(nowMs);
    this.#miss(remote, nowMs);
  }

  /** It was not reached, or has not answered. */
  #miss(remote: Remote, nowMs: number): void {
    remote.missingSinceMs = Math.min(remote.missingSinceMs, nowMs);
    // Where it was heard last is one place to look for it; where the directory has it may be another.
    const { node, isPeer, home } = remote;
    if (isPeer) return;
    const listed = this.#host.homeOf(node);
    if (listed !== undefined) {
      if (listed !== home) this.#move(remote, listed, nowMs);
    } else if (nowMs - remote.soughtAtMs >= TIMINGS.pipeResendMaxMs) {
      remote.soughtAtMs = nowMs;
      this.#host.seek(node);
    }
  }

  /** `home` has this leaf, or keeps its place. */
  found(leaf: NodeId, home: NodeId): void {
    if (this.#closed) return;
    const nowMs = this.#host.clock.now();
    const remote = this.#remotes.get(leaf) ?? this.#add(leaf, home);
    this.#attend(remote); // should nothing be sent to it, it is to be forgotten
    remote.soughtAtMs = nowMs;
    remote.isKept = true;
    if (remote.missingSinceMs === Number.POSITIVE_INFINITY || home === remote.home) return;
    this.#move(remote, home, nowMs);
    for (let i = 0; i < PIPE_LANES.length; i++) this.#pump(remote, i, nowMs);
    this.#attend(remote);
  }

  /** No gateway has this leaf. */
  notFound(leaf: NodeId): void {
    const remote = this.#remotes.get(leaf);
    if (remote) remote.isKept = false;
  }

  // ---- what comes in

  #onFrame(source: Address, payload: Uint8Array): void {
    if (this.#closed) return;
    const head = readPipeHead(payload);
    const index = PIPE_LANES.indexOf(head?.lane as PipeLane);
    if (!head || index < 0 || head.kind > PipeKind.reset) return this.#refuse();
    const { kind, from, to } = head;
    const nowMs = this.#host.clock.now();
    if (kind !== PipeKind.ask && to !== this.#life) {
      if (kind === PipeKind.data) this.#reset(source, from, head.pipe, ResetReason.unknown);
      return;
    }
    let remote = this.#remotes.get(source.node);
    if (!remote) {
      if (kind === PipeKind.ask) return void this.#tell(source, this.#head(PipeKind.ack, from, {}));
      if (kind !== PipeKind.data) return;
      if (!head.flag) return this.#reset(source, from, head.pipe, ResetReason.unknown);
      if (!this.#hasRoom(source.home)) {
        this.#refuse();
        return this.#reset(source, from, head.pipe, ResetReason.overflow);
      }
      remote = this.#add(source.node, source.home);
      this.#check(remote, nowMs);
    }
    if (!this.#heard(remote, source.home, head, nowMs)) {
      if (kind === PipeKind.data) this.#reset(source, from, head.pipe, ResetReason.unknown);
      return;
    }
    if (head.ackPipe !== 0) this.#onAck(remote, index, head, nowMs);
    if (kind === PipeKind.data) this.#onData(remote, index, head, payload, nowMs);
    else if (kind === PipeKind.ask) this.#acknowledge(remote, index);
    else if (kind === PipeKind.ack) {
      remote.answered();
    } else this.#onReset(remote, head);
    for (let i = 0; i < PIPE_LANES.length; i++) this.#pump(remote, i, nowMs);
    this.#attend(remote);
  }

  #refuse(): void {
    this.counters.refused++;
  }

  /** @returns Whether it speaks of its present life. */
  #heard(remote: Remote, home: NodeId, { from, move }: PipeHead, nowMs: number): boolean {
    if (from < remote.life) return false;
    if (from > remote.life) this.#begins(remote, from);
    remote.missingSinceMs = Number.POSITIVE_INFINITY;
    // The same home again counts, too: it may have been looked for elsewhere meanwhile.
    if (move >= remote.move) {
      remote.move = move;
      if (home !== remote.home) this.#move(remote, home, nowMs);
    }
    for (const out of remote.outs) if (out?.blocked) out.again(nowMs);
    return true;
  }

  #onData(remote: Remote, index: number, head: PipeHead, payload: Uint8Array, nowMs: number): void {
    const end = (remote.ins[index] ??= new InPipe());
    const verdict = end.offer(head, payload.byteLength, nowMs);
    if (verdict === "unknown") return this.#reset(remote, remote.life, head.pipe, ResetReason.unknown);
    if (verdict === "take") this.#reader.onMessage(remote.node, payload.subarray(PIPE_HEAD_BYTES));
    if (end.ackDueMs > nowMs) return;
    if (this.#owed.length === 0) this.#host.turn.read(this);
    if (this.#owed.at(-1) !== remote) this.#owed.push(remote);
  }

  #onAck(remote: Remote, index: number, { ackPipe, ackNumber, flag, kind }: PipeHead, nowMs: number): void {
    const out = remote.outs[index];
    if (out?.number !== ackPipe) return; // of a pipe that is over
    if (!out.acknowledged(ackNumber, nowMs)) return this.#refuse();
    if (flag && kind === PipeKind.ack) out.missing(nowMs);
  }

  /** Only a pipe's own receiver can break it: it is looked for among those that lead there. */
  #onReset(remote: Remote, { pipe, reason }: PipeHead): void {
    const index = remote.outs.findIndex((out) => out?.number === pipe);
    if (reason === ResetReason.overflow) {
      if (index >= 0) this.#break(remote, index, "overflow", "has no room for more nodes that send it something");
    } else if (index >= 0 || pipe === 0)
      this.#lose(remote, reason === ResetReason.closed ? "was closed" : "does not know what was sent before any more");
  }

  #onBounce(target: Address, payload: Uint8Array, why: "unreachable" | "forbidden"): void {
    const head = readPipeHead(payload);
    const remote = this.#remotes.get(target.node);
    if (!head || !remote || target.home !== remote.home || (head.kind !== PipeKind.data && head.kind !== PipeKind.ask))
      return;
    const nowMs = this.#host.clock.now();
    const index = PIPE_LANES.indexOf(head.lane as PipeLane);
    const out = remote.outs[index];
    if (head.kind === PipeKind.data && (out?.number !== head.pipe || head.number < out.base)) return;
    if (why === "forbidden") {
      for (let i = 0; i < PIPE_LANES.length; i++)
        if (i === index || head.kind === PipeKind.ask) this.#break(remote, i, why, "may not be reached", head.number);
      return;
    }
    if (head.kind === PipeKind.data) out?.block(nowMs);
    this.#miss(remote, nowMs);
    this.#attend(remote);
  }

  /** At the end of a turn: what leaves along with it has acknowledged what it could. */
  flush(): void {
    const owed = this.#owed;
    this.#owed = [];
    const nowMs = this.#host.clock.now();
    for (const remote of owed) this.#settleAcks(remote, nowMs);
  }

  #settleAcks(remote: Remote, nowMs: number): void {
    remote.ins.forEach((end, index) => {
      if (end && end.ackDueMs <= nowMs) this.#acknowledge(remote, index);
    });
  }

  // ---- what becomes of nodes

  #hasRoom(home: NodeId): boolean {
    return this.#remotes.size < LIMITS.pipeRemotes && (this.#ofHome.get(home) ?? 0) < LIMITS.pipeRemotesOfHome;
  }

  #add(node: NodeId, home: NodeId): Remote {
    const remote = new Remote(node, home);
    this.#remotes.set(node, remote);
    this.#count(home, 1);
    return remote;
  }

  #count(home: NodeId, by: number): void {
    const count = (this.#ofHome.get(home) ?? 0) + by;
    if (count > 0) this.#ofHome.set(home, count);
    else this.#ofHome.delete(home);
  }

  /** It is reached elsewhere now. */
  #move(remote: Remote, home: NodeId, nowMs: number): void {
    this.#count(remote.home, -1);
    this.#count(home, 1);
    remote.home = home;
    remote.forgetHeads();
    for (const out of remote.outs) out?.again(nowMs);
  }

  /** It lives anew, or says for the first time which life it is in. */
  #begins(remote: Remote, life: number): void {
    const isKnown = remote.life > 0;
    remote.life = life;
    remote.move = -1;
    remote.forgetHeads();
    if (!isKnown) return;
    remote.ins.fill(undefined);
    this.#lose(remote, "was started anew");
  }

  /** Everything sent there is lost, unless it was acknowledged; and whoever expects something of it hears that. */
  #lose(remote: Remote, why: string, code: MeshErrorCode = "peer-lost"): void {
    remote.answered();
    for (let i = 0; i < PIPE_LANES.length; i++) this.#break(remote, i, code, why);
    this.#reader.onLost(remote.node, `node ${remote.node} ${why}`);
  }

  #break(remote: Remote, index: number, code: MeshErrorCode, why: string, from?: number): void {
    const out = remote.outs[index];
    remote.outs[index] = undefined;
    remote.heads[index] = undefined;
    out?.fail(code, `node ${remote.node} ${why}`, from);
  }

  /** Compare what is known of it with what the mesh tells. */
  #check(remote: Remote, nowMs: number): void {
    const { incarnationOf, homeOf, isReachable } = this.#host;
    remote.checkedAt = this.#changes;
    const life = incarnationOf(remote.node);
    if (life !== undefined && life > remote.life) this.#begins(remote, life);
    const wasListed = remote.listed;
    const home = homeOf(remote.node);
    remote.listed = life !== undefined || (home !== undefined && home !== remote.node && isReachable(home));
    if (remote.listed) {
      if (remote.missingSinceMs < Number.POSITIVE_INFINITY && home !== undefined && home !== remote.home)
        this.#move(remote, home, nowMs);
    } else if (wasListed) {
      remote.asked = 0;
      if (remote.isPeer) this.#lose(remote, "has left the mesh");
      else this.#ask(remote, nowMs); // it may have moved, or only have stopped exposing something
    }
  }

  /** The directory or a route changed, or an edge came or went. */
  onMeshChange(): void {
    if (this.#closed) return;
    const { unicast, clock, incarnation } = this.#host;
    const nowMs = clock.now();
    this.#changes++;
    this.#notice();
    const life = incarnation();
    if (life !== this.#life) {
      // Others take this for another node, and what they know of the former one for over.
      this.#life = life;
      for (const remote of [...this.#remotes.values()]) {
        remote.forgetHeads();
        this.#lose(remote, "knows this node in another life");
      }
    }
    const { home } = unicast;
    const moved = home !== this.#home;
    if (moved) {
      this.#home = home;
      for (const remote of this.#remotes.values()) remote.forgetHeads();
      // Whoever has something for this node looks for it where it was.
      if (home !== this.#host.self)
        for (const remote of [...this.#remotes.values()]) {
          remote.asked = 0;
          this.#ask(remote, nowMs);
        }
    }
    for (const remote of [...this.#active]) {
      this.#check(remote, nowMs);
      const way = unicast.wayTo(remote);
      const isOtherWay = way !== remote.way;
      remote.way = way;
      for (const out of remote.outs) if (out && (isOtherWay || moved || (out.blocked && way))) out.again(nowMs);
      for (let i = 0; i < PIPE_LANES.length; i++) this.#pump(remote, i, nowMs);
      this.#attend(remote);
    }
  }

  /** A machine that slept for long may have been forgotten, without its clock telling. */
  #notice(): void {
    const { clock } = this.#host;
    const wallAheadMs = clock.wallNow() - clock.now();
    const sleptMs = wallAheadMs - this.#wallAheadMs;
    this.#wallAheadMs = wallAheadMs;
    if (sleptMs < TIMINGS.pipePatienceMs) return;
    for (const remote of this.#remotes.values())
      if (remote.outs.some((out) => out)) this.#lose(remote, "was not heard while this machine slept");
  }

  close(): void {
    this.#closed = true;
    this.#timer?.[dispose]();
    for (const remote of this.#remotes.values()) {
      if (remote.life > 0) this.#reset(remote, remote.life, 0, ResetReason.closed);
      for (let i = 0; i < PIPE_LANES.length; i++)
        this.#break(remote, i, "closed", "was not reached before this one was closed");
    }
    this.#remotes.clear();
    this.#active.clear();
    this.#ofHome.clear();
  }

  // ---- time

  /** Something of it is under way. */
  #attend(remote: Remote): void {
    if (!remote.active) {
      remote.active = true;
      this.#active.add(remote);
    }
    const { dueMs } = remote;
    if (dueMs < this.#timerAtMs) this.#wakeAt(dueMs);
    else if (this.#timerAtMs === Number.POSITIVE_INFINITY) this.#wakeAt(this.#host.clock.now() + FORGET_MS);
  }

  #wakeAt(atMs: number): void {
    const { clock, turn } = this.#host;
    this.#timer?.[dispose]();
    this.#timerAtMs = atMs;
    this.#timer = clock.setTimer(Math.max(0, atMs - clock.now()), () => turn.run(() => this.#tick()));
  }

  #tick(): void {
    const nowMs = this.#host.clock.now();
    this.#notice();
    let nextMs = Number.POSITIVE_INFINITY;
    let awaited: ReadonlySet<NodeId> | undefined;
    // Asked once: gathering them takes as long as there are calls, and all leaves of a gateway may be late together.
    const isAwaited = ({ node }: Remote): boolean => (awaited ??= this.#reader.awaited()).has(node);
    for (const remote of [...this.#active]) {
      if (remote.dueMs <= nowMs) this.#tend(remote, nowMs, isAwaited);
      const { dueMs } = remote;
      if (dueMs < nextMs) nextMs = dueMs;
      if (dueMs < Number.POSITIVE_INFINITY) continue;
      if (isAwaited(remote)) continue;
      remote.active = false;
      this.#active.delete(remote);
    }
    if (nowMs >= this.#forgetAtMs || this.#forgetAtMs === Number.POSITIVE_INFINITY) {
      this.#forget(nowMs);
      this.#forgetAtMs = nowMs + FORGET_MS;
    }
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#remotes.size === 0) return;
    nextMs = Math.min(nextMs, this.#forgetAtMs);
    this.#wakeAt(Math.max(nextMs, nowMs + this.#active.size * SWEEP_MS_PER_REMOTE));
  }

  /** Do what is due. */
  #tend(remote: Remote, nowMs: number, isAwaited: (remote: Remote) => boolean): void {
    this.#settleAcks(remote, nowMs);
    let isDue = false;
    let isLate = false;
    let waitsSinceMs = Number.POSITIVE_INFINITY;
    for (const out of remote.outs) {
      if (!out || out.size === 0) continue;
      waitsSinceMs = Math.min(waitsSinceMs, out.progressMs);
      if (out.dueMs > nowMs) continue;
      isDue = true;
      if (out.tick(nowMs)) isLate = true;
    }
    const isUnanswered = remote.askDueMs <= nowMs;
    if (!isDue && !isUnanswered) return;
    if (isLate || isUnanswered) this.#miss(remote, nowMs);
    if (!remote.listed && !remote.isKept && nowMs - remote.missingSinceMs >= TIMINGS.pipeMissingMs)
      return this.#lose(remote, "has not been reached for too long");
    if (nowMs - waitsSinceMs >= TIMINGS.pipePatienceMs) return this.#lose(remote, "has not answered for too long");
    for (let i = 0; i < PIPE_LANES.length; i++) this.#pump(remote, i, nowMs);
    if (!isUnanswered) return;
    if (waitsSinceMs < Number.POSITIVE_INFINITY || isAwaited(remote)) return this.#ask(remote, nowMs);
    remote.answered();
  }

  /** Let go of nodes that nothing has come from for so long that nothing of it can be on its way any more. */
  #forget(nowMs: number): void {
    for (const [node, remote] of this.#remotes) {
      if (remote.active || nowMs - remote.usedMs < TIMINGS.pipeMemoryMs) continue;
      this.#remotes.delete(node);
      this.#count(remote.home, -1);
    }
  }
}

const isFull = (error: unknown): boolean => error instanceof MeshError && error.code === "overflow";
