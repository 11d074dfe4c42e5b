import { describe, expect, it } from "vitest";
import { UsageError } from "./errors.ts";
import { type ClientOptions, resolveCallOptions, resolveClientOptions } from "./options.ts";

const BASE = "http://127.0.0.1:8000";

describe("client options", () => {
  it("keep the address's path and drop the slash at its end", () => {
    expect(resolveClientOptions({ baseUrl: `${BASE}/` }).baseUrl).toBe(BASE);
    expect(resolveClientOptions({ baseUrl: new URL("https://example.test/rag/") }).baseUrl).toBe("https://example.test/rag");
  });

  it("refuse an address that cannot be one", () => {
    for (const baseUrl of ["", "localhost", "/api", "ftp://host", "file:///x", `${BASE}/?a=1`, `${BASE}/#a`, "http://user:secret@host"]) {
      expect(() => resolveClientOptions({ baseUrl }), baseUrl).toThrow(UsageError);
    }
  });

  it("refuse times and counts that cannot be", () => {
    const wrong: Partial<ClientOptions>[] = [{ timeoutMs: 0 }, { timeoutMs: -1 }, { timeoutMs: Number.NaN }, { maxRetries: -1 }, { maxRetries: 1.5 }];
    for (const options of wrong) expect(() => resolveClientOptions({ baseUrl: BASE, ...options })).toThrow(UsageError);
    expect(resolveClientOptions({ baseUrl: BASE, timeoutMs: Number.POSITIVE_INFINITY }).timeoutMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("do not repeat a key that cannot be sent", () => {
    let message = "";
    try {
      resolveClientOptions({ baseUrl: BASE, apiKey: "top-secret\n" });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain("X-API-Key");
    expect(message).not.toContain("top-secret");
  });

  it("take headers by name, whatever its spelling", () => {
    expect(resolveClientOptions({ baseUrl: BASE, apiKey: "k", headers: { "x-api-key": "other", "X-Trace": "1" } }).headers).toEqual({
      "x-api-key": "other",
      "x-trace": "1",
    });
    expect(() => resolveClientOptions({ baseUrl: BASE, headers: { "a b": "c" } })).toThrow(UsageError);
  });
});

describe("call options", () => {
  it("replace the client's", () => {
    const settings = resolveClientOptions({ baseUrl: BASE, timeoutMs: 5_000, maxRetries: 4 });
    expect(resolveCallOptions({}, settings)).toMatchObject({ timeoutMs: 5_000, maxRetries: 4 });
    expect(resolveCallOptions({ timeoutMs: 1, maxRetries: 0 }, settings)).toMatchObject({ timeoutMs: 1, maxRetries: 0 });
    expect(() => resolveCallOptions({ timeoutMs: 0 }, settings)).toThrow(UsageError);
  });
});
