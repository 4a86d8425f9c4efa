/** `tcp://host:port` ↔ host and port. */

export interface TcpAddress {
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 only makes sense for listening. */
  readonly port: number;
}

const SHAPE = /^tcp:\/\/(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([\w.-]+)):(\d{1,5})$/;

/** @throws {TypeError} naming the argument, the rule and the value. */
export function parseTcpAddress(address: string): TcpAddress {
  const [, ipv6, name, digits] = SHAPE.exec(address) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || !(port <= 65_535)) {
    const rule = 'must be "tcp://<host>:<port>" or "tcp://[<ipv6>]:<port>" with a port from 0 to 65535';
    throw new TypeError(`address ${rule}, got ${JSON.stringify(address)}`);
  }
  return { host, port };
}

/** As `parseTcpAddress` takes it; an IPv4 address that was mapped to IPv6 is shown as IPv4. */
export function formatTcpAddress({ host, port }: TcpAddress): string {
  const shown = host.replace(/^::ffff:(?=\d+\.)/i, "");
  return `tcp://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
