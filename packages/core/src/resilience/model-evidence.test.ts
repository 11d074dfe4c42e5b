/** What counts against the model. */
import { describe, expect, it } from "vitest";
import { RagError } from "../errors.ts";
import { isModelEvidence, UpstreamStatusError } from "./model-evidence.ts";

const refused = (status: number) => new RagError("llm_failed", "no", { cause: new UpstreamStatusError(status, "detail") });

describe("isModelEvidence", () => {
  it.each([
    ["a time-out", new RagError("llm_timeout", "slow")],
    ["a broken stream", new RagError("llm_failed", "cut", { cause: new Error("reset") })],
    ["status 500", refused(500)],
    ["status 503", refused(503)],
    ["status 408", refused(408)],
    ["an error nobody classified", new TypeError("x")],
  ])("holds %s against the model", (_, error) => {
    expect(isModelEvidence(error)).toBe(true);
  });

  it.each([
    ["status 400", refused(400)],
    ["status 401", refused(401)],
    ["status 413", refused(413)],
    ["a rate limit", new RagError("rate_limited", "later")],
    ["a slow reader", new RagError("request_timeout", "slow reader")],
    ["an open circuit", new RagError("llm_circuit_open", "open")],
  ])("does not hold %s against the model", (_, error) => {
    expect(isModelEvidence(error)).toBe(false);
  });
});
