/** The API keys that administrators hand out: named, revocable, and good for no more than their scope. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { RagError, type Timers } from "@rag-personal/core";
import { LRUCache } from "lru-cache";
import type { Budget, KeyOperation, Principal, Scope } from "../policy.ts";
import { keyPrefix } from "./api-key-prefix.ts";
import { type CreateBudget, createOperationBudget } from "./operation-budget.ts";
import { createRecentCopy } from "./recent-copy.ts";

/** A key as stored. Times are milliseconds since the epoch. */
export interface ApiKeyRecord {
  /** 16 hexadecimal digits, part of the key itself and no secret. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /**
   * SHA-256 of the secret, in hexadecimal. A secret of 256 random bits cannot be guessed however fast the hash is, so a slow one, which
   * passwords need, would protect nothing here and cost 20 ms of a core on every request.
   */
  readonly secretHash: string;
  readonly operations: readonly KeyOperation[];
  /** Folders such as `handbook/`. Undefined: all documents. */
  readonly pathPrefixes: readonly string[] | undefined;
  readonly requestsPerMinute: number | undefined;
  readonly requestsPerDay: number | undefined;
  readonly createdAtMs: number;
  /** Undefined: never. */
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
  /** To the minute or so. */
  readonly lastUsedAtMs: number | undefined;
}

/** The record of API keys. Every method throws `store_unavailable` when the store is away. */
export interface ApiKeyStore {
  insertApiKey(key: ApiKeyRecord): Promise<void>;
  /** The newest first. */
  listApiKeys(): Promise<ApiKeyRecord[]>;
  /** Keeps the earlier time of one that is revoked already. @returns false for an unknown id. */
  revokeApiKey(id: string, atMs: number): Promise<boolean>;
  /** Notes a use; an earlier one changes nothing. */
  touchApiKey(id: string, atMs: number): Promise<void>;
}

/** What an administrator gives for a new key. */
export type NewApiKey = Pick<ApiKeyRecord, "name" | "operations" | "pathPrefixes" | "requestsPerMinute" | "requestsPerDay" | "expiresAtMs">;

export interface ApiKeys {
  /** Reads the keys ahead, so that they are known when the store goes away. */
  load(): Promise<void>;
  /** @returns the key itself, which nobody can find out later. @throws {RagError} `invalid_request` for an expiry in the past. */
  create(request: NewApiKey): Promise<{ readonly key: string; readonly record: ApiKeyRecord }>;
  list(): Promise<ApiKeyRecord[]>;
  /** @returns false for an unknown id. */
  revoke(id: string): Promise<boolean>;
  /** @throws {RagError} `unauthenticated` for anything but a key of ours that is neither expired nor revoked. */
  identify(key: string): Promise<Principal>;
}

const KEY = /^rag_([0-9a-f]{16})_([\w-]{43})$/;
const ID_BYTES = 8;
const SECRET_BYTES = 32;
const TOUCH_EVERY_MS = 60_000;
/** Keys whose spent budget is remembered; there are hardly more in use at once. */
const MAX_BUDGETS = 10_000;
/** Compared with where there is no key, so that it takes as long. */
const NO_HASH = "0".repeat(64);

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
const notValid = (): RagError => new RagError("unauthenticated", "The API key is not valid.");

/**
 * API keys over a store, seen through a copy of at most five seconds of age. While the store is away, known keys go on until they
 * expire: none can be revoked in that time either.
 *
 * @param onTouchFailed hears of a use that could not be noted, which nobody has to wait for.
 */
export function createApiKeys({
  store,
  clock,
  timers,
  createBudget = (_, limits) => createOperationBudget(limits, clock.monotonic),
  onTouchFailed,
}: {
  store: ApiKeyStore;
  clock: { now(): number; monotonic(): number };
  timers: Timers;
  /** The budget of a key. Default: kept in this process. */
  createBudget?: CreateBudget;
  onTouchFailed: (error: unknown) => void;
}): ApiKeys {
  const copy = createRecentCopy({
    load: async (): Promise<ReadonlyMap<string, ApiKeyRecord>> => new Map((await store.listApiKeys()).map((record) => [record.id, record])),
    monotonic: clock.monotonic,
    timers,
  });
  const put = (record: ApiKeyRecord): void => copy.change((records) => new Map([...records, [record.id, record]]));
  const used = new LRUCache<string, { budget: Budget | undefined; touchedAtMs: number }>({ max: MAX_BUDGETS });

  /** The use of a key: its budget, and when it was last noted. */
  function useOf(record: ApiKeyRecord): { budget: Budget | undefined; touchedAtMs: number } {
    const known = used.get(record.id);
    if (known !== undefined) return known;
    const { requestsPerMinute: perMinute, requestsPerDay: perDay } = record;
    const fresh = { budget: createBudget(record.id, { perMinute, perDay }), touchedAtMs: record.lastUsedAtMs ?? 0 };
    used.set(record.id, fresh);
    return fresh;
  }

  return {
    async load() {
      await copy.get();
    },

    async create(request) {
      const createdAtMs = clock.now();
      if (request.expiresAtMs !== undefined && request.expiresAtMs <= createdAtMs) {
        const message = "must be in the future";
        throw new RagError("invalid_request", `expiresAt: ${message}`, { issues: [{ path: "expiresAt", message }] });
      }
      const id = randomBytes(ID_BYTES).toString("hex");
      const secret = randomBytes(SECRET_BYTES).toString("base64url");
      const secretHash = sha256(secret).toString("hex");
      const record: ApiKeyRecord = { ...request, id, secretHash, createdAtMs, revokedAtMs: undefined, lastUsedAtMs: undefined };
      await store.insertApiKey(record);
      put(record);
      return { key: `${keyPrefix(id)}${secret}`, record };
    },

    list: () => store.listApiKeys(),

    async revoke(id) {
      const revokedAtMs = clock.now();
      if (!(await store.revokeApiKey(id, revokedAtMs))) return false;
      copy.change((records) => {
        const record = records.get(id);
        return record === undefined ? records : new Map([...records, [id, { ...record, revokedAtMs: record.revokedAtMs ?? revokedAtMs }]]);
      });
      return true;
    },

    async identify(key) {
      const [, id, secret] = KEY.exec(key) ?? [];
      if (id === undefined || secret === undefined) throw notValid();
      const record = (await copy.get()).get(id);
      const isRight = timingSafeEqual(sha256(secret), Buffer.from(record?.secretHash ?? NO_HASH, "hex"));
      if (record === undefined || !isRight) throw notValid();
      // Only whoever has the whole key learns why it no longer works.
      const now = clock.now();
      if (record.revokedAtMs !== undefined) throw new RagError("unauthenticated", "This API key was revoked.");
      if (record.expiresAtMs !== undefined && record.expiresAtMs <= now) throw new RagError("unauthenticated", "This API key has expired.");
      const use = useOf(record);
      if (now - use.touchedAtMs >= TOUCH_EVERY_MS) {
        use.touchedAtMs = now;
        store.touchApiKey(id, now).catch(onTouchFailed);
      }
      const scope: Scope = { operations: record.operations, pathPrefixes: record.pathPrefixes, budget: use.budget };
      return { kind: "apiKey", id, scope };
    },
  };
}
