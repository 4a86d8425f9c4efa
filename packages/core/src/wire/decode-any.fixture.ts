/** Every decoder of the wire behind one call, as an edge would choose it: by the type in the frame's head. */
import { MeshError, type MeshErrorCode } from "../base/errors.ts";
import {
  control,
  dataFlow,
  dataHeaders,
  dataPayloadFrom,
  dataPublishedAtMs,
  dataSeq,
  decodeUnicastHead,
  FrameType,
  isUnicast,
} from "./index.ts";

const codecs = new Map<number, { decode(frame: Uint8Array): unknown }>(
  [
    control.hello,
    control.introduce,
    control.accept,
    control.refuse,
    control.goodbye,
    control.ping,
    control.pong,
    control.away,
    control.drain,
    control.ticket,
    control.record,
    control.share,
    control.digest,
    control.synced,
    control.interest,
    control.flow,
    control.attach,
    control.attached,
    control.detach,
    control.start,
    control.gap,
    control.skip,
    control.end,
    control.refused,
  ].map((codec) => [codec.type, codec]),
);

/** @throws whatever the decoder throws; undefined for a type nobody knows. */
export function decodeAny(frame: Uint8Array): unknown {
  const type = frame[4]!;
  if (isUnicast(type)) return decodeUnicastHead(frame);
  if (type === FrameType.data) {
    const from = dataPayloadFrom(frame, 0, frame.byteLength);
    return [from, dataFlow(frame, 0), dataSeq(frame, 0), dataPublishedAtMs(frame, 0), dataHeaders(frame, 0)];
  }
  return codecs.get(type ?? 0)?.decode(frame);
}

/** The code of the MeshError that `decode` throws, undefined when it gives a value. Any other error passes through. */
export function codeOf(decode: () => unknown): MeshErrorCode | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return error.code;
  }
}
