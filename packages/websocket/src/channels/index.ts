/** Several links over one WebSocket, and one over a MessagePort. */
export { acceptChannels, type ChannelsOptions } from "./accept-channels.ts";
export { ChannelLink, type ChannelLinkOptions, WINDOW_BYTES } from "./channel-link.ts";
export {
  ackedBytesOf,
  asChannelMessage,
  CHANNEL_HEAD_BYTES,
  CHANNELS_SUBPROTOCOL,
  ChannelKind,
  channelMessage,
  channelOf,
  kindOf,
  onChannel,
  textMessage,
  textOf,
} from "./channel-message.ts";
