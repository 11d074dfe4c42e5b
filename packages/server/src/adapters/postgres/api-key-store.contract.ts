/** What every store of API keys must do. */
import { beforeEach, describe, expect, it } from "vitest";
import type { ApiKeyRecord, ApiKeyStore } from "../../security/api-keys.ts";

const PLAIN: ApiKeyRecord = {
  id: "00000000000000aa",
  name: "Telephone – “little one” 🦉",
  secretHash: "0f".repeat(32),
  operations: ["chat.ask"],
  pathPrefixes: undefined,
  requestsPerMinute: undefined,
  requestsPerDay: undefined,
  createdAtMs: 1_700_000_000_000,
  expiresAtMs: undefined,
  revokedAtMs: undefined,
  lastUsedAtMs: undefined,
};

const FULL: ApiKeyRecord = {
  ...PLAIN,
  id: "00000000000000bb",
  operations: ["search.run", "chat.ask"],
  pathPrefixes: ["people/", 'größe, "quoted"/'],
  requestsPerMinute: 5,
  requestsPerDay: 1_000_000,
  createdAtMs: PLAIN.createdAtMs + 1,
  expiresAtMs: 7_000_000_000_000,
  revokedAtMs: 7_000_000_000_001,
  lastUsedAtMs: 7_000_000_000_002,
};

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function apiKeyStoreContract(name: string, makeStore: () => ApiKeyStore | Promise<ApiKeyStore>): void {
  describe(`${name} as a store of API keys`, () => {
    let store: ApiKeyStore;
    beforeEach(async () => {
      store = await makeStore();
    });

    it("has none at first", async () => {
      expect(await store.listApiKeys()).toEqual([]);
    });

    it("gives keys back as they are, the newest first", async () => {
      await store.insertApiKey(PLAIN);
      await store.insertApiKey(FULL);
      expect(await store.listApiKeys()).toEqual([FULL, PLAIN]);
    });

    it("revokes a key once, and knows which there are", async () => {
      await store.insertApiKey(PLAIN);
      expect(await store.revokeApiKey(PLAIN.id, 7_000_000_000_000)).toBe(true);
      expect(await store.revokeApiKey(PLAIN.id, 8_000_000_000_000)).toBe(true);
      expect(await store.revokeApiKey("00000000000000cc", 1)).toBe(false);
      expect(await store.listApiKeys()).toEqual([{ ...PLAIN, revokedAtMs: 7_000_000_000_000 }]);
    });

    it("keeps the latest use, in whatever order they are noted", async () => {
      await store.insertApiKey(PLAIN);
      await store.insertApiKey(FULL);
      for (const atMs of [7_000_000_000_005, 7_000_000_000_009, 7_000_000_000_007]) await store.touchApiKey(PLAIN.id, atMs);
      await store.touchApiKey("00000000000000cc", 1);
      expect((await store.listApiKeys()).map(({ lastUsedAtMs }) => lastUsedAtMs)).toEqual([FULL.lastUsedAtMs, 7_000_000_000_009]);
    });
  });
}
