/** Links over a MessagePort: between a page and its workers, between workers of a process, between a tab and its hub. */
import { type Clock, dispose, MeshError } from "@chaski/core";
import type { AbortSignalLike, OnLink } from "@chaski/core/link";
import {
  CHANNEL_HEAD_BYTES,
  ChannelKind,
  ChannelLink,
  channelMessage,
  kindOf,
  textMessage,
  textOf,
} from "@chaski/websocket";
import { type MessagePortLike, Port } from "./port.ts";

export interface PortLinkOptions {
  readonly clock: Clock;
  /** The other end gives a sign of life within twice this, in ms, or is gone. Default 5 000, which a page that is at work may need. */
  readonly lookMs?: number;
  /** Where the other end is, for people. Default `port:`, and where it says that it leads to. */
  readonly remoteAddress?: string;
}

export interface DialPortOptions extends PortLinkOptions {
  readonly signal: AbortSignalLike;
}

/** The other end leads to other places, and says more than one end of a link says to the other. */
export interface DialHubOptions extends DialPortOptions {
  /** Among which it chooses. */
  readonly addresses: readonly string[];
  /** The other end speaks, and has said which version of this it speaks. An error ends the dial. */
  readonly onWelcome?: (version: number) => MeshError | undefined;
  /**
   * The link is up, and leads there: what else may be said over its port, until it is gone.
   * @param lose Ends it at once, with what was sent on its way. @returns What to do then.
   */
  readonly onPort?: (port: Port, leadsTo: string, lose: (why: string) => void) => () => void;
}

/**
 * Ask the other end of a port for a link. The port belongs to the link from now on, and is closed with it.
 * @throws {MeshError} `dial-failed`; or the signal's reason when aborted.
 */
export function dialPort(messagePort: MessagePortLike, options: DialPortOptions, onLink: OnLink): Promise<void> {
  return dialHub(messagePort, { ...options, addresses: [] }, onLink);
}

/** The same of a port that leads to a hub. */
export function dialHub(messagePort: MessagePortLike, options: DialHubOptions, onLink: OnLink): Promise<void> {
  const { clock, signal, addresses } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      messagePort.close();
      reject(signal.reason);
      return;
    }
    let link: ChannelLink | undefined;
    const give = (reason: unknown): void => {
      signal.removeEventListener("abort", onAbort);
      reject(reason);
    };
    const fail = (why: string): void => {
      port.close();
      give(new MeshError("dial-failed", `${addresses[0] ?? "the port"}: ${why}`));
    };
    const port = new Port(messagePort, {
      clock,
      lookMs: options.lookMs,
      onLost: (why) => (link ? link.lost(`the link to ${link.remoteAddress} was lost: ${why}`) : fail(why)),
      onMessage: (message) => {
        if (link) link.receive(message);
        else if (kindOf(message) === ChannelKind.opened) onOpened(textOf(message));
        else if (kindOf(message) === ChannelKind.abort) fail(textOf(message));
        else if (kindOf(message) === ChannelKind.welcome) {
          const refusal = options.onWelcome?.(message[CHANNEL_HEAD_BYTES] ?? 0);
          if (!refusal) return;
          port.post(textMessage(ChannelKind.abort, ""));
          port.close();
          give(refusal);
        }
      },
    });
    const onOpened = (leadsTo: string): void => {
      let release = (): void => {};
      signal.removeEventListener("abort", onAbort);
      link = new ChannelLink({
        clock,
        remoteAddress: options.remoteAddress ?? `port:${leadsTo}`,
        post: (message) => port.post(message),
        onGone: () => {
          release();
          port.close();
        },
      });
      link.open(onLink);
      const opened = link;
      release = options.onPort?.(port, leadsTo, (why) => opened.lost(why)) ?? release;
      resolve();
    };
    function onAbort(): void {
      port.post(textMessage(ChannelKind.abort, ""));
      port.close();
      reject(signal.reason);
    }
    signal.addEventListener("abort", onAbort, { once: true });
    port.post(textMessage(ChannelKind.open, addresses.join("\n")));
  });
}

/**
 * Wait for the other end of a port to ask for a link, and make it: `acceptPort(port, { clock }, (link) => node.accept(link))`.
 * The port is closed with the link. Disposing gives it up, as long as it was not asked for.
 */
export function acceptPort(messagePort: MessagePortLike, options: PortLinkOptions, onLink: OnLink): Disposable {
  let link: ChannelLink | undefined;
  const port = new Port(messagePort, {
    clock: options.clock,
    lookMs: options.lookMs,
    onLost: (why) => link?.lost(`the link to ${link.remoteAddress} was lost: ${why}`),
    onMessage: (message) => {
      if (link) link.receive(message);
      else if (kindOf(message) === ChannelKind.abort) port.close();
      else if (kindOf(message) === ChannelKind.open) {
        port.post(channelMessage(ChannelKind.opened));
        link = new ChannelLink({
          clock: options.clock,
          remoteAddress: options.remoteAddress ?? "port:",
          post: (answer) => port.post(answer),
          onGone: () => port.close(),
        });
        link.open(onLink);
      }
    },
  });
  return {
    [dispose]: () => {
      if (!link) port.close();
    },
  };
}
