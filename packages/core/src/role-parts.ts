/**
 * What differs by role, so that a page ships a leaf's part alone: a runtime that can be more brings `peerParts` along, and
 * nothing else names them. A leaf takes no leaves and passes nothing on.
 */
import { LeafSpeaker, PeerSpeaker, type Speaker, type SpeakerOptions } from "./mesh/index.ts";

/** See `Runtime.peerParts`. Opaque: what is in it may change at any time. */
export interface RoleParts {
  speaker(options: SpeakerOptions): Speaker;
}

/** What a peer and a gateway need. */
export const peerParts: RoleParts = {
  speaker: (options) => new PeerSpeaker(options),
};

export const leafParts: RoleParts = {
  speaker: (options) => new LeafSpeaker(options),
};
