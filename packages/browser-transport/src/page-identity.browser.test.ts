import { SECRET_BYTES } from "@chaski/core";
import { expect, it } from "vitest";
import { browserRandom } from "./browser-random.ts";
import { pageIdentity } from "./page-identity.ts";

it("pageIdentity() names a page by the hash of its secret, with WebCrypto and without", async () => {
  const secret = Uint8Array.from({ length: SECRET_BYTES }, (_, i) => 0xff - i);
  const random = { ...browserRandom, bytes: () => secret.slice() };
  const without = await pageIdentity(random, undefined);
  // The id and the secret of the leaf in packages/core/src/wire/vectors/control-frames.json.
  expect([without.id, without.secret]).toEqual(["f90897da37c9d7a1204474cceff52fce", secret]);
  expect((await pageIdentity(random)).id).toBe(without.id);
  expect([without.publicKey.byteLength, without.sign(secret).byteLength]).toEqual([0, 0]);
});

it("pageIdentity() draws a secret for each page", async () => {
  const [one, other] = [await pageIdentity(browserRandom), await pageIdentity(browserRandom)];
  expect(one.id).not.toBe(other.id);
});
