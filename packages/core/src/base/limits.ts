/** Every default and limit of the mesh, once, with its unit. Sources: DESIGN section 7 unless a line says otherwise. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const LIMITS = {
  /** Largest message payload a peer or gateway publishes or accepts. */
  messageBytes: 8 * MiB,
  /** Largest message payload accepted from a leaf. */
  leafMessageBytes: 1 * MiB,
  /** Largest encoded header map of a message. */
  headerBytes: 64 * KiB,
  /** Deepest nesting of arrays and maps in a decoded payload. */
  payloadDepth: 64,
  /** Longest topic or pattern, in bytes of UTF-8. */
  topicBytes: 1 * KiB,
  /** Longest name of a node, mesh or service, in bytes of UTF-8. */
  nameBytes: 256,
  /** Longest credential, in bytes of UTF-8. */
  credentialBytes: 8 * KiB,
  /** Largest ticket, which takes some 150 bytes and the mesh's name. */
  ticketBytes: 4 * KiB,
  /** Longest address, in bytes of UTF-8. */
  addressBytes: 512,
  /** Largest frame before the handshake is done: strangers get little room. */
  handshakeFrameBytes: 16 * KiB,
  /** Largest frame at all: a message with its headers, or a control frame. */
  frameBytes: 8 * MiB + 64 * KiB + 256,
  /** Largest frame from a leaf. */
  leafFrameBytes: 1 * MiB + 64 * KiB + 256,
  /** Largest packet on a carrier without a limit of its own: a frame, behind the small ones that are gathered with it. */
  packetBytes: 8 * MiB + 256 * KiB,
  /** Largest control frame (everything that is not a message or a unicast). */
  controlFrameBytes: 1 * MiB,
  /** What one list of texts may take of a control frame, in bytes; longer ones go in several, or are cut in a record. */
  listBytes: 384 * KiB,
  /** Handshake must be over by then, in ms. */
  handshakeMs: 4_000,
  /** Dialling one address may take, in ms. */
  dialMs: 10_000,
  /** Subscriptions of one leaf. */
  leafSubscriptions: 10_000,
  /** Objects that one leaf exposes: its gateway and everybody else list each by name. */
  leafServices: 1_000,
  /** Peers a node keeps records of; newcomers beyond are left out. */
  peers: 10_000,
  /** Neighbours that one record may name. */
  neighbours: 4_096,
  /** Addresses of one node. */
  addresses: 16,
  /** Largest record: its neighbours, its addresses, and what a later version may add. */
  recordBytes: 128 * KiB,
  /** What the records of all peers may take. Each has an equal part to itself; as much again is for those that need more. */
  recordsBytes: 16 * MiB,
  /** What the last records of peers that have expired may take; in parts as `recordsBytes`, which hold some 30 neighbours. */
  departedBytes: 8 * MiB,
  /** News of one peer that are passed on at once, in a row; three times what a peer tells of itself before it pauses. */
  originBurst: 32,
  /** What one peer may put into the directory, as it travels, in bytes. */
  shareBytes: 8 * MiB,
  /** What all peers may put into the directory, in memory and in bytes; in parts as `recordsBytes`. */
  directoryBytes: 256 * MiB,
  /** Origins one neighbour attaches to; more than `peers`, since some may have gone and not be detached from yet. */
  edgeOrigins: 20_000,
  /** Patterns one neighbour wants, those of its own neighbours included, in all lists that differ from origin to origin. */
  edgePatterns: 250_000,
  /**
   * What the wants of one neighbour may take in memory, in bytes: its patterns, and in each list that differs from origin to
   * origin a bit for every pattern that anybody wants. The same of all origins costs next to nothing.
   */
  edgeWantsBytes: 64 * MiB,
  /** Flows a node keeps track of; the idlest are forgotten beyond. */
  flows: 200_000,
  /** Bytes of the log on a peer or gateway. */
  peerLogBytes: 256 * MiB,
  /** Bytes of the log in a leaf. */
  leafLogBytes: 16 * MiB,
  /** Bytes of one topic published while the node had no edge that are sent when it has one; the newest of them. */
  backlogBytes: 1 * MiB,
  /** Payloads from this size on are kept as views instead of being copied into the log. */
  logViewBytes: 4 * KiB,
  /** Frames waiting on one edge in one lane, in bytes; more is an `overflow`. */
  laneQueueBytes: 32 * MiB,
  /** The same in frames: small ones take far more memory than their bytes. */
  laneQueueFrames: 128 * 1024,
  /** A logged message is forgotten after, in ms. */
  logAgeMs: 5 * 60_000,
  /** A position of an idle flow is forgotten after, in ms; longer than `logAgeMs`, so nothing old comes back as new. */
  positionAgeMs: 15 * 60_000,
  /** A leaf whose edge was lost may come back and go on until then, in ms. */
  leafLeaseMs: 60_000,
  /** The same for a leaf that said that it may sleep, as a hidden page does, in ms. */
  awayLeaseMs: 10 * 60_000,
  /** So many leaves are given that at a time; others have the shorter one. */
  awayLeaves: 10_000,
  /** Largest hop limit a unicast may start with. */
  hops: 32,
  /** Bytes of one pipe that may be on their way and not acknowledged; one message always may. */
  pipeWindowBytes: 1 * MiB,
  /** What may wait for one node in one lane, in bytes, its window included; more is an `overflow`. */
  pipeQueueBytes: 16 * MiB,
  /** The same in messages. */
  pipeQueueMessages: 64 * 1024,
  /** Messages sent to this node alone that wait to be read, in bytes, of one sender; one message always may. */
  sentUnreadBytes: 4 * MiB,
  /** The same of all senders. */
  sentUnreadBytesOfAll: 64 * MiB,
  /** What each of them is counted with beside its bytes, so that empty ones have a bound too: what it takes in V8, measured. */
  sentMessageBytes: 700,
  /** Leaves that are looked for at once. */
  searches: 1_024,
  /** Nodes whose pipes one node remembers; other newcomers are turned away. */
  pipeRemotes: 65_536,
  /** Of these, nodes with one home: one gateway must not take all the room. */
  pipeRemotesOfHome: 16_384,
} as const;

export const TIMINGS = {
  /** Between pings of two peers, in ms. */
  peerPingMs: 1_000,
  /** Between pings from a gateway to a leaf, in ms. */
  leafPingMs: 20_000,
  /** Written to and not heard for so long, a leaf is asked along with what is written, in ms. */
  leafWritePingMs: 5_000,
  /** Silence after a ping's time that means dead, in ms. */
  pongMs: 3_000,
  /** A timer that fires so much too late, in ms, means that this process was asleep: it reads what waits before it judges. */
  lateMs: 1_000,
  /** An origin that has not answered an attach for so long is not waited for any more, in ms: `ready` tells of the others. */
  attachMs: 5_000,
  /** After its first edge opens, who attaches within this begins with what was published before there was one, in ms. */
  backlogMs: 5_000,
  /** First redial waits up to, in ms; then doubles. */
  redialMinMs: 200,
  /** No redial waits longer, in ms. */
  redialMaxMs: 15_000,
  /** An edge that stood for so long is redialled as the first time; one that ended sooner as one that never opened, in ms. */
  redialAnewMs: 1_000,
  /** Refused for what a redial does not change, such as a credential, an address is dialled again after half of this to all of it, in ms. */
  refusedRedialMs: 60_000,
  /** A leaf's ticket is good for so long, in ms: longer than any gateway is believed to have the leaf that has lost it. */
  ticketLifeMs: 60 * 60_000,
  /** A leaf is given another one after, in ms. */
  ticketRenewMs: 20 * 60_000,
  /** So much later than by the gateway's own clock a ticket may end elsewhere, in ms. */
  ticketSkewMs: 60_000,
  /** Between two times that what happens to a page makes it probe its edges and dial anew, in ms. */
  wakePauseMs: 1_000,
  /** An edge lost so soon after that is redialled at once, in ms. */
  hasteMs: 10_000,
  /** A dial under way for so long is begun anew then, in ms. */
  staleDialMs: 3_000,
  /** A peer tells of its changes at once, but in the long run no more often than this, in ms... */
  recordPauseMs: 100,
  /** ...which so many of them in a row may be ahead of. */
  recordBurst: 10,
  /** News of one peer that says more than that are passed on together, this often, in ms; twice as often as it should speak. */
  originPauseMs: 50,
  /** A record is originated again at least this often, in ms. */
  recordRefreshMs: 120_000,
  /** A record not refreshed for this long is dropped, in ms. */
  recordExpiryMs: 300_000,
  /** Who tells an old record of an expired peer is told its last one, as a record that has this long, in ms: it may find its peer. */
  departedMs: 10_000,
  /** Routes are computed at once, and then not again for so long, in ms. */
  routesPauseMs: 20,
  /** A gateway that closes asks its leaves to go elsewhere one after the other, so far apart at most, in ms. */
  leafDrainMs: 20,
  /** Who closes looks this often, in ms, whether all that is waited for has happened. */
  drainLookMs: 5,
  /** What was published so shortly before a neighbour was heard last, in ms, may not have reached it. */
  unsureMs: 1_000,
  /** A message of a pipe is acknowledged along with what goes back, at the latest after this, in ms. */
  pipeAckMs: 100,
  /** What is not acknowledged is sent again after so long at least, in ms; longer where round trips are; then doubles... */
  pipeResendMinMs: 500,
  /** ...up to this, in ms. */
  pipeResendMaxMs: 8_000,
  /** A pipe that was idle for so long goes on under a new number, in ms. */
  pipeIdleMs: 60_000,
  /** A pipe in which nothing was acknowledged for so long is broken, in ms: shorter than `pipeMemoryMs`. */
  pipePatienceMs: 10 * 60_000,
  /** How far a pipe has come is remembered for so long after its last message, in ms, so nothing old comes back as new. */
  pipeMemoryMs: 15 * 60_000,
  /** A gateway that has not said after so long whether it has a leaf is not waited for, in ms. */
  searchMs: 5_000,
  /** A node of which nothing is known, and that does not answer, is waited for so long, in ms: a leaf's lease, and a little. */
  pipeMissingMs: 65_000,
} as const;
