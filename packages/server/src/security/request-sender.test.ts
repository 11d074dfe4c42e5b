import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddressRanges } from "./address-ranges.ts";
import { createSenderIdentification } from "./request-sender.ts";

const PROXIES = "10.0.0.0/8, fd00::/8";

function senderOf(peer: string | undefined, headers: Readonly<Record<string, string>> = {}, trusted = PROXIES) {
  return createSenderIdentification(parseAddressRanges(trusted))(peer, (name) => headers[name]);
}
const behind = (list: string, peer = "10.0.0.1", trusted = PROXIES) => senderOf(peer, { "x-forwarded-for": list }, trusted);

describe("the sender of a request", () => {
  it("is the other end of the connection, whatever a client that is no proxy writes", () => {
    expect(senderOf("203.0.113.9")).toEqual({ address: "203.0.113.9", isRelayed: false });
    expect(behind("127.0.0.1", "203.0.113.9").address).toBe("203.0.113.9");
    expect(behind("127.0.0.1, 10.0.0.1", "203.0.113.9").address).toBe("203.0.113.9");
    expect(behind("198.51.100.7", "127.0.0.1", "none").address).toBe("127.0.0.1");
  });

  it("is the client behind a trusted proxy, and behind many of them", () => {
    expect(behind("198.51.100.7")).toEqual({ address: "198.51.100.7", isRelayed: false });
    expect(behind("198.51.100.7, 10.0.0.3,10.0.0.2").address).toBe("198.51.100.7");
    expect(behind("2001:DB8::7, fd00::2", "fd00::1").address).toBe("2001:db8::7");
    expect(behind("198.51.100.7", "::ffff:10.0.0.1").address).toBe("198.51.100.7");
  });

  it("is never what stands before the last address that is no proxy's", () => {
    expect(behind("127.0.0.1, 198.51.100.7").address).toBe("198.51.100.7");
    expect(behind("10.0.0.9, 10.0.0.8, 198.51.100.7, 10.0.0.2").address).toBe("198.51.100.7");
    expect(behind(`${"10.0.0.9,".repeat(1_500)} 198.51.100.7`).address).toBe("198.51.100.7");
  });

  it("is found with a port, in brackets and within IPv6", () => {
    expect(behind("198.51.100.7:50123").address).toBe("198.51.100.7");
    expect(behind("[2001:db8::7]:50123").address).toBe("2001:db8::7");
    expect(behind("[2001:db8::7]").address).toBe("2001:db8::7");
    expect(behind("::ffff:198.51.100.7").address).toBe("198.51.100.7");
  });

  it("is the proxy itself when it asks for nobody", () => {
    expect(senderOf("10.0.0.1")).toEqual({ address: "10.0.0.1", isRelayed: false });
    expect(behind("")).toEqual({ address: "10.0.0.1", isRelayed: false });
    expect(behind("10.0.0.2, 10.0.0.3").address).toBe("10.0.0.2");
  });

  it("is relayed, and nobody in particular, when a proxy will not say for whom it asks or is not trusted", () => {
    for (const list of ["unknown", "198.51.100.7, unknown", "_hidden", "198.51.100.7 10.0.0.2", "198.51.100.7, ::1::"]) {
      expect(behind(list), list).toEqual({ address: "10.0.0.1", isRelayed: true });
    }
    for (const name of ["x-forwarded-for", "forwarded", "x-real-ip"]) {
      expect(senderOf("127.0.0.1", { [name]: "198.51.100.7" }, "none"), name).toEqual({ address: "127.0.0.1", isRelayed: true });
    }
    // What a trusted proxy says in a header that is not read is no name either.
    expect(senderOf("10.0.0.1", { "x-real-ip": "198.51.100.7" })).toEqual({ address: "10.0.0.1", isRelayed: true });
  });

  it("is unknown without a connection", () => {
    expect(behind("198.51.100.7", "not an address")).toEqual({ address: "unknown", isRelayed: false });
    expect(senderOf(undefined)).toEqual({ address: "unknown", isRelayed: false });
  });

  it("is what the outermost trusted proxy saw, whatever the client had written before", () => {
    const host = fc.integer({ min: 1, max: 254 });
    const client = host.map((last) => `198.51.100.${last}`);
    const proxies = fc.array(
      host.map((last) => `10.0.0.${last}`),
      { maxLength: 20 },
    );
    const written = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[\d., :]{0,60}$/),
      proxies.map((list) => list.join(",")),
    );
    fc.assert(
      fc.property(written, client, proxies, (before, seen, passedBy) => {
        expect(behind([before, seen, ...passedBy].join(", "))).toEqual({ address: seen, isRelayed: false });
      }),
      { numRuns: 1_000 },
    );
  });
});
