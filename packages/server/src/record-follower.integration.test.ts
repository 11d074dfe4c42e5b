/** Two servers' indexes over one real PostgreSQL, one of them behind a network that fails: how far each says that it is behind. */
import { createHybridIndex, type StoredDocument } from "@rag-personal/core";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy } from "../test-support/fault-proxy.ts";
import { METRIC_SOURCES } from "../test-support/metric-sources.ts";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { noteChange } from "./adapters/postgres/change-log.ts";
import { createStores } from "./adapters/postgres/connection.ts";
import { createDatabase, type Database } from "./adapters/postgres/database.ts";
import { migrate } from "./adapters/postgres/migrate.ts";
import { createMetrics } from "./adapters/prometheus/metrics.ts";
import { clock, nextTurn, timers } from "./composition/time.ts";
import { createRecordFollower } from "./record-follower.ts";
import { createSearchIndex } from "./search-index.ts";

const SOON = { timeout: 5_000, interval: 10 };
const POLL_MS = 100;

const document = (id: string, text: string): StoredDocument => {
  return { id, path: `${id}.md`, title: id, format: "markdown", contentHash: text, sourceHash: text, sizeBytes: text.length, updatedAtMs: 1, text };
};
const chunksOf = ({ id, text }: StoredDocument) => [{ id: `${id}.0`, documentId: id, ordinal: 0, start: 0, end: text.length, headingPath: [], text }];

/** What follows the record in a server, with the index that it keeps in step. */
async function startFollower(url: string) {
  const log = pino({ level: "silent" });
  const stores = createStores(createDatabase({ server: { url }, maxConnections: 2, timeoutMs: 1_000 }));
  const hybrid = createHybridIndex();
  const index = createSearchIndex({
    index: hybrid,
    loadChunks: (ids) => stores.documents.loadChunks(ids),
    space: { load: async () => undefined, loadNewer: async () => undefined, save: async () => {} },
    log,
    nextTurn,
  });
  const follower = createRecordFollower({ changes: stores.changes, index, pollMs: POLL_MS, timers, clock, log });
  await follower.begin();
  await index.load();
  follower.follow();
  const metrics = createMetrics({ ...METRIC_SOURCES, recordFollower: follower.status });
  return {
    find: async (query: string): Promise<string> => (await hybrid.search(query, { limit: 3 })).map(({ chunk }) => chunk.text).join("\n"),
    async lagSeconds(): Promise<number> {
      return Number(/^rag_record_lag_seconds (\S+)$/m.exec((await metrics.render()).body)?.[1]);
    },
    async stop() {
      await follower.stop();
      await index.stop();
      await stores.close();
    },
  };
}

let server: PostgresServer;
let proxy: FaultProxy;
let database: Database;
let writer: ReturnType<typeof createStores>;
let near: Awaited<ReturnType<typeof startFollower>>;
let far: Awaited<ReturnType<typeof startFollower>>;

beforeAll(async () => {
  server = await startPostgresServer();
  proxy = await startFaultProxy({ target: { port: Number(new URL(server.url).port) } });
  database = createDatabase({ server: { url: server.url }, maxConnections: 2, timeoutMs: 20_000 });
  await migrate(database);
  writer = createStores(database);
  near = await startFollower(server.url);
  far = await startFollower(server.url.replace(/:\d+\//, `:${proxy.port}/`));
});
afterAll(async () => {
  await Promise.all([near.stop(), far.stop()]);
  await writer.close();
  await proxy.close();
  await server.remove();
});

const store = async (each: StoredDocument): Promise<void> => void (await writer.documents.replaceDocument(each, chunksOf(each)));

describe("rag_record_lag_seconds of two servers over one PostgreSQL", () => {
  it("is 0 on both once they are in step, and again when each has taken over a change", async () => {
    await expect.poll(near.lagSeconds, SOON).toBe(0);
    await expect.poll(far.lagSeconds, SOON).toBe(0);
    await store(document("heron", "The heron fishes below the weir."));
    for (const { find, lagSeconds } of [near, far]) {
      await expect.poll(() => find("heron weir"), SOON).toContain("heron");
      await expect.poll(lagSeconds, SOON).toBe(0);
    }
  });

  it("grows on the one that is cut off, and on that alone, until it has taken over what it missed", async () => {
    const missedFrom = performance.now();
    await proxy.set({ kind: "refuse" });
    await store(document("stork", "The stork nests on the chimney."));
    await expect.poll(() => near.find("stork chimney"), SOON).toContain("stork");
    await expect.poll(far.lagSeconds, SOON).toBeGreaterThan(2);
    expect(await far.find("stork chimney")).not.toContain("stork");
    expect(await near.lagSeconds()).toBe(0);
    // Not longer than since it last heard, and no moment shorter than the change has waited.
    expect(await far.lagSeconds()).toBeLessThan((performance.now() - missedFrom + POLL_MS) / 1_000 + 1);
    await proxy.set({ kind: "pass" });
    await expect.poll(far.lagSeconds, SOON).toBe(0);
    expect(await far.find("stork chimney")).toContain("stork");
  });

  it("grows on both when PostgreSQL itself is away, and ends when it is back", async () => {
    await server.kill();
    await expect.poll(near.lagSeconds, SOON).toBeGreaterThan(1.5);
    await expect.poll(far.lagSeconds, SOON).toBeGreaterThan(1.5);
    await server.restart();
    await expect.poll(near.lagSeconds, { ...SOON, timeout: 10_000 }).toBe(0);
    await expect.poll(far.lagSeconds, { ...SOON, timeout: 10_000 }).toBe(0);
  });

  it("grows while the log is read and what it names cannot be loaded, and ends when it can", async () => {
    await store(document("swift", "The swift sleeps in the air."));
    await expect.poll(() => near.find("swift"), SOON).toContain("air");
    await expect.poll(near.lagSeconds, SOON).toBe(0);
    await database.query((sql) => sql`alter table document_texts rename to document_texts_away`);
    await database.transaction(async (run) => {
      await run((sql) => sql`update documents set content_hash = 'another' where id = 'swift'`);
      await noteChange(run, "swift");
    });
    await expect.poll(near.lagSeconds, SOON).toBeGreaterThan(2);
    await database.query((sql) => sql`alter table document_texts_away rename to document_texts`);
    await expect.poll(near.lagSeconds, SOON).toBe(0);
  });
});
