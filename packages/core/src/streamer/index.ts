export type { Drop, Gap, Headers, Message } from "./message.ts";
export { type PublishOptions, type SendOptions, Streamer } from "./streamer.ts";
export { type MessageHandler, type SubscribeOptions, Subscription, type SubscriptionEvents } from "./subscription.ts";
