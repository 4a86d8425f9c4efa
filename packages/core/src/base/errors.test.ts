import { describe, expect, it } from "vitest";
import { asMeshError, isMeshErrorCode, MeshError } from "./errors.ts";

describe("MeshError", () => {
  it("says code and detail, keeps the cause, and knows whether to try again", () => {
    const cause = new Error("refused");
    const error = new MeshError("dial-failed", "tcp://10.0.0.5:8511: refused", { cause });
    expect([error.name, error.code, error.message, error.cause, error.retryable]).toEqual([
      "MeshError",
      "dial-failed",
      "[dial-failed] tcp://10.0.0.5:8511: refused",
      cause,
      true,
    ]);
    expect(new MeshError("other-mesh", "").retryable).toBe(false);
  });

  it("is wrapped around anything else once, and never around itself", () => {
    const error = new MeshError("closed", "");
    expect(asMeshError(error, "link-lost")).toBe(error);
    const wrapped = asMeshError("text", "link-lost");
    expect([wrapped.code, wrapped.message, wrapped.cause]).toEqual(["link-lost", "[link-lost] text", "text"]);
  });
});

describe("isMeshErrorCode()", () => {
  it.each(["toString", "constructor", "__proto__", "", "a-code-to-come"])("does not know %j", (code) => {
    expect(isMeshErrorCode(code)).toBe(false);
  });

  it("knows what the table has", () => {
    expect(isMeshErrorCode("duplicate-edge")).toBe(true);
  });
});
