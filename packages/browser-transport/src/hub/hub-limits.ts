/** What tabs and their hub agree upon. */
import { LIMITS } from "@chaski/core/link";
import { WINDOW_BYTES } from "@chaski/websocket";

/** Of what is said over ports. A tab that meets another one, from before the last deployment, takes a connection of its own. */
export const HUB_VERSION = 0;

/** A gateway keeps a window under way to a tab that does not read, and sends what else waits when it closes the link. */
export const MAX_UNREAD_BYTES = WINDOW_BYTES + 2 * LIMITS.packetBytes;
