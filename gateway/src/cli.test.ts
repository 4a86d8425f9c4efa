import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { nextEvent, numbers, Received, testLeaf, testPeer } from "./gateway.fixture.ts";
import { ask, connectTo } from "./http.fixture.ts";
import { GatewayProcess } from "./process.fixture.ts";

/** Starting a process takes a second or so on a busy machine. */
const options = { timeout: 30_000 };

describe("chaski-gateway", options, () => {
  it("shows its options and its version", async () => {
    const help = new GatewayProcess("--help");
    const version = new GatewayProcess("--version");
    expect([await help.ended, await version.ended]).toEqual([0, 0]);
    expect(help.lines.join("\n")).toMatch(
      /Usage: chaski-gateway \[options\].*--port <port>.*--allow-origin.*Exit codes/s,
    );
    expect(version.lines).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });

  it("ends with 2 and says what is wrong with its options", async () => {
    const gateways = [new GatewayProcess("--prot", "1"), new GatewayProcess("--static", "/nowhere/at/all")];
    expect(await Promise.all(gateways.map(({ ended }) => ended))).toEqual([2, 2]);
    expect(gateways.map(({ errors }) => errors)).toEqual([
      expect.stringMatching(/^Unknown option '--prot'.*\nTry chaski-gateway --help\.\n$/),
      'static must be a folder that exists, got "/nowhere/at/all"\nTry chaski-gateway --help.\n',
    ]);
    expect(gateways.map(({ lines }) => lines)).toEqual([[], []]);
  });

  it("ends with 1 when its port is in use", async () => {
    const first = new GatewayProcess("--json", "--port", "0");
    const { url } = await first.logged("gateway ready");
    const second = new GatewayProcess("--port", new URL(String(url)).port);
    expect(await second.ended).toBe(1);
    expect(second.lines).toEqual([expect.stringContaining("the port is in use")]);
  });

  it("ends by itself with 0 after a signal: goodbye said, no timer and no socket left to hold it", async () => {
    const peer = await testPeer();
    const gateway = new GatewayProcess("--json", "--port", "0", "--join", peer.addresses[0]!);
    const url = String((await gateway.logged("gateway ready")).url);
    const leaf = await testLeaf(url);
    await leaf.ready();
    const kept = await connectTo(url);
    kept.write("GET /health HTTP/1.1\r\nHost: here\r\n\r\n");
    await once(kept, "readable");

    const goodbyes = [nextEvent(leaf, "edgeclose"), nextEvent(peer, "edgeclose")];
    const startedMs = performance.now();
    expect(await gateway.kill("SIGTERM")).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect((await Promise.all(goodbyes)).map(({ error }) => error?.code)).toEqual(["draining", "goodbye"]);
    const events = gateway.lines.map((line) => JSON.parse(line).event);
    const told = ["gateway ends", "gateway draining", "edge closed", "edge closed", "gateway closed"];
    expect(events.slice(-5)).toEqual(told);
    kept.destroy();
  });

  it("ends at once on a second signal", async () => {
    const gateway = new GatewayProcess("--json", "--port", "0");
    const url = String((await gateway.logged("gateway ready")).url);
    // A link that never ends its side holds up the polite end.
    const stuck = await connectTo(url);
    stuck.write("GET /mesh HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    stuck.write(
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chaski.v0\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    await once(stuck, "readable");
    const ended = gateway.kill("SIGINT");
    await gateway.logged("gateway ends");
    await gateway.kill("SIGINT");
    expect(await ended).toBe(130);
    stuck.destroy();
  });

  it("may be killed and started again: its leaves come back by themselves and nothing is lost, doubled or out of order", async () => {
    const peer = await testPeer();
    const args = ["--json", "--join", peer.addresses[0]!, "--port"];
    let gateway = new GatewayProcess(...args, "0");
    const url = String((await gateway.logged("gateway ready")).url);
    const leaf = await testLeaf(url);
    const [atLeaf, atPeer] = [new Received<number>(leaf, "down"), new Received<number>(peer, "up")];
    await Promise.all([atLeaf.ready, atPeer.ready, leaf.waitForSubscribers("up"), peer.waitForSubscribers("down")]);
    let next = 0;
    const publish = (): void => {
      void peer.publish("down", next);
      void leaf.publish("up", next);
      next++;
    };
    const publishing = setInterval(publish, 2);
    await Promise.all([atLeaf.until(50), atPeer.until(50)]);

    expect(await gateway.kill("SIGKILL")).toBe("SIGKILL");
    const back = nextEvent(leaf, "connection", ({ state }) => state === "online");
    gateway = new GatewayProcess(...args, new URL(url).port);
    await back;
    const atReturn = next;
    await Promise.all([atLeaf.until(atReturn + 50), atPeer.until(atReturn + 50)]);
    clearInterval(publishing);
    await Promise.all([atLeaf.until(next), atPeer.until(next)]);
    expect([atLeaf.data, atPeer.data]).toEqual([numbers(next), numbers(next)]);
    expect([atLeaf.gaps, atPeer.gaps]).toEqual([[], []]);
    expect((await ask(url, "/health")).status).toBe(200);
  });
});
