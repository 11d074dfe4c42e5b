/** The log of changes on real databases: its order is that of the commits, and it loses nothing. */
import type { StoredDocument } from "@rag-personal/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POSTGRES_KINDS, type RunningPostgres } from "../../../test-support/postgres-databases.ts";
import { type PostgresServer, startPostgresServer } from "../../../test-support/postgres-server.ts";
import { clock, timers } from "../../composition/time.ts";
import { listenToChanges } from "./change-listener.ts";
import { KEPT_CHANGES, noteChange } from "./change-log.ts";
import { createStores, type PostgresStores } from "./connection.ts";
import { createDatabase, type Database } from "./database.ts";
import { migrate } from "./migrate.ts";

const document = (id: string, contentHash = "1"): StoredDocument => {
  return { id, path: `${id}.md`, title: id, format: "markdown", contentHash, sourceHash: contentHash, sizeBytes: 1, updatedAtMs: 1, text: id };
};
const chunksOf = ({ id, text }: StoredDocument) => [{ id: `${id}.0`, documentId: id, ordinal: 0, start: 0, end: text.length, headingPath: [], text }];

describe.each(POSTGRES_KINDS)("%s", (_, start) => {
  let server: RunningPostgres;
  let database: Database;
  let stores: PostgresStores;
  beforeAll(async () => {
    server = await start();
    database = createDatabase({ server: server.address, maxConnections: 8, timeoutMs: 20_000 });
    await migrate(database);
    stores = createStores(database);
  });
  afterAll(async () => {
    await stores.close();
    await server.stop();
  });

  it("tells of documents that were stored and removed since, each once, and of none that was not there", async () => {
    const { changes, documents } = stores;
    const before = await changes.position();
    await documents.replaceDocument(document("a"), chunksOf(document("a")));
    await documents.replaceDocument(document("a", "2"), chunksOf(document("a")));
    await documents.replaceDocument(document("b"), chunksOf(document("b")));
    await documents.removeDocument("b");
    await documents.removeDocument("never");
    const found = await changes.changesSince(before);
    expect([found.documentIds, found.hasNewSpace, found.position.number - before.number]).toEqual([new Set(["a", "b"]), false, 4]);
    expect(await changes.versionsOf(["a", "b"])).toEqual(new Map([["a", { contentHash: "2", chunkCount: 1 }]]));
    expect(await changes.changesSince(found.position)).toMatchObject({ documentIds: new Set(), hasNewSpace: false });
    expect((await Array.fromAsync(documents.loadChunks(["a", "b"]))).map((chunks) => chunks[0]?.documentId)).toEqual(["a"]);
  });

  it("tells of a space that was kept, whose version differs from the one before", async () => {
    const before = await stores.changes.position();
    const first = await stores.snapshots.saveSnapshot("space", new Uint8Array(3));
    expect(await stores.snapshots.snapshotVersion("space")).toBe(first);
    expect(await stores.snapshots.saveSnapshot("space", new Uint8Array(3))).not.toBe(first);
    expect(await stores.changes.changesSince(before)).toMatchObject({ documentIds: new Set(), hasNewSpace: true });
  });

  it("says so when it no longer reaches back, or is another log", async () => {
    const before = await stores.changes.position();
    await stores.documents.replaceDocument(document("c"), chunksOf(document("c")));
    await database.query((sql) => sql`update index_change_counter set last = last + ${KEPT_CHANGES}::bigint`);
    await stores.documents.removeDocument("c");
    expect((await stores.changes.changesSince(before)).documentIds).toBeUndefined();
    const now = await stores.changes.position();
    expect((await stores.changes.changesSince({ ...now, number: now.number + 1 })).documentIds).toBeUndefined();
    expect((await stores.changes.changesSince({ ...now, log: "another" })).documentIds).toBeUndefined();
    const [kept] = await database.query((sql) => sql<{ count: number }>`select count(*)::integer as count from index_changes`);
    expect(kept?.count).toBe(1);
  });
});

describe("a PostgreSQL server with several writers", () => {
  let server: PostgresServer;
  let database: Database;
  let stores: PostgresStores;
  beforeAll(async () => {
    server = await startPostgresServer();
    database = createDatabase({ server: { url: server.url }, maxConnections: 12, timeoutMs: 20_000 });
    await migrate(database);
    stores = createStores(database);
  });
  afterAll(async () => {
    await stores.close();
    await server.remove();
  });

  it("never shows a later change before an earlier one, whoever commits when", async () => {
    const seen: string[] = [];
    let position = await stores.changes.position();
    let isWriting = true;
    const reading = (async () => {
      for (;;) {
        const isLast = !isWriting;
        const found = await stores.changes.changesSince(position);
        position = found.position;
        seen.push(...(found.documentIds ?? []));
        if (isLast) return;
      }
    })();
    const write = async (id: string, waits: number): Promise<void> =>
      await database.transaction(async (run) => {
        await run((sql) => sql`select pg_sleep(${waits}::float8)`);
        await noteChange(run, id);
        // Between the number and the commit: whoever were to number freely would be overtaken here.
        await run((sql) => sql`select pg_sleep(${waits}::float8)`);
      });
    const expected = Array.from({ length: 100 }, (_, number) => `doc-${number}`);
    await Promise.all(expected.map((id, number) => write(id, (number % 4) / 1_000)));
    isWriting = false;
    await reading;
    expect(seen.toSorted()).toEqual(expected.toSorted());
  });

  it("leaves no gap where a writer was rolled back", async () => {
    const before = await stores.changes.position();
    await database
      .transaction(async (run) => {
        await noteChange(run, "lost");
        throw new Error("rolled back");
      })
      .catch(() => undefined);
    await database.transaction((run) => noteChange(run, "kept"));
    expect(await stores.changes.changesSince(before)).toMatchObject({ documentIds: new Set(["kept"]), position: { number: before.number + 1 } });
  });

  it("is heard by whoever listens, again after the connection was lost", async () => {
    let heard = 0;
    const listener = listenToChanges({
      server: { url: server.url },
      timeoutMs: 1_000,
      timers: { set: (delayMs, run) => timers.set(delayMs / 50, run) },
      clock,
      onChange() {
        heard += 1;
      },
    });
    const hearing = async (): Promise<void> => {
      const before = heard;
      await database.transaction((run) => noteChange(run, "told"));
      await expect.poll(() => heard, { timeout: 2_000, interval: 5 }).toBeGreaterThan(before);
    };
    await expect.poll(listener.isListening, { timeout: 2_000 }).toBe(true);
    await hearing();
    await database.query((sql) => sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'`);
    await expect.poll(() => heard, { timeout: 5_000 }).toBeGreaterThan(2);
    await hearing();
    await server.kill();
    await expect.poll(listener.isListening, { timeout: 5_000 }).toBe(false);
    await server.restart();
    await expect.poll(listener.isListening, { timeout: 5_000 }).toBe(true);
    await hearing();
    listener.stop();
  });
});
