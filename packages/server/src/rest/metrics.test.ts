import { describe, expect, it } from "vitest";
import { createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import { parseAddressRanges } from "../security/address-ranges.ts";
import { createSenderIdentification } from "../security/request-sender.ts";

/** Reads the metrics over a connection from `peer`. */
async function statusFor(peer: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const services = createStandInServices(createCredentialsScene(), "session-1");
  const app = createApp({ ...services, identifySender: createSenderIdentification(parseAddressRanges("10.0.0.1")) });
  const incoming = { socket: { remoteAddress: peer }, complete: true };
  const response = await app.request("/metrics", { headers }, { incoming });
  return response.status;
}

describe("GET /metrics", () => {
  it("answers the machine itself and nobody else", async () => {
    expect([await statusFor("127.0.0.1"), await statusFor("::ffff:127.0.0.1"), await statusFor("203.0.113.9")]).toEqual([200, 200, 401]);
  });

  it("believes no header of a client", async () => {
    for (const name of ["x-forwarded-for", "x-real-ip", "forwarded"]) {
      expect(await statusFor("203.0.113.9", { [name]: "127.0.0.1" }), name).toBe(401);
      // Of the proxy it believes the one header that it appends to.
      expect(await statusFor("10.0.0.1", { [name]: "127.0.0.1, 203.0.113.9" }), name).toBe(401);
    }
  });

  it("does not take those behind a proxy for the proxy", async () => {
    expect(await statusFor("127.0.0.1", { "x-forwarded-for": "203.0.113.9" })).toBe(401);
    expect(await statusFor("10.0.0.1", { "x-forwarded-for": "203.0.113.9" })).toBe(401);
    expect(await statusFor("10.0.0.1", { "x-forwarded-for": "127.0.0.1" })).toBe(200);
  });
});
