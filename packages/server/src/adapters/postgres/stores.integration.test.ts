import type { Session, StoredDocument, Turn } from "@rag-personal/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sessionStoreContract } from "../../../../core/src/sessions/session-store.contract.ts";
import { embeddingStoreContract } from "../../../../core/src/vectors/embedding-store.contract.ts";
import { generationStoreContract } from "../../../../core/src/vectors/generation-store.contract.ts";
import { POSTGRES_KINDS, type RunningPostgres } from "../../../test-support/postgres-databases.ts";
import type { IngestionJob, IngestionJobListing } from "../../ingestion-job.ts";
import { apiKeyStoreContract } from "./api-key-store.contract.ts";
import type { Sql } from "./column-types.ts";
import { createStores, type PostgresStores } from "./connection.ts";
import { createDatabase, type Database } from "./database.ts";
import { documentStoreContract } from "./document-store.contract.ts";
import { feedbackStoreContract } from "./feedback-store.contract.ts";
import { migrate } from "./migrate.ts";
import { uploadStoreContract } from "./upload-store.contract.ts";
import { userStoreContract } from "./user-store.contract.ts";

describe.each(POSTGRES_KINDS)("%s", (kind, start) => {
  let server: RunningPostgres;
  let database: Database;
  let stores: PostgresStores;

  beforeAll(async () => {
    server = await start();
    database = createDatabase({ server: server.address, maxConnections: 4, timeoutMs: 20_000 });
    await migrate(database);
    stores = createStores(database);
  });

  afterAll(async () => {
    await stores.close();
    await server.stop();
  });

  async function emptied(): Promise<PostgresStores> {
    // The other rows go with those that they belong to. On a few rows this is quicker than `truncate`, which makes new files.
    for (const empty of [
      (sql: Sql) => sql`delete from documents`,
      (sql: Sql) => sql`delete from sessions`,
      (sql: Sql) => sql`delete from feedback`,
      (sql: Sql) => sql`delete from ingestion_jobs`,
      (sql: Sql) => sql`delete from index_snapshots`,
      (sql: Sql) => sql`delete from users`,
      (sql: Sql) => sql`delete from api_keys`,
      (sql: Sql) => sql`delete from embeddings`,
      (sql: Sql) => sql`delete from index_generations`,
      (sql: Sql) => sql`delete from uploads`,
      (sql: Sql) => sql`delete from upload_contents`,
    ]) {
      await database.query(empty);
    }
    return stores;
  }

  documentStoreContract(kind, async () => (await emptied()).documents);
  sessionStoreContract(kind, async () => (await emptied()).sessions);
  feedbackStoreContract(kind, async () => (await emptied()).feedback);
  userStoreContract(kind, async () => (await emptied()).users);
  embeddingStoreContract(kind, async () => (await emptied()).embeddings);
  generationStoreContract(kind, async () => (await emptied()).generations);
  uploadStoreContract(kind, async () => (await emptied()).uploads);
  apiKeyStoreContract(kind, async () => (await emptied()).apiKeys);

  it("keeps a session with characters that cannot be stored, under an id with such characters", async () => {
    const { sessions } = await emptied();
    const turn = { question: "NUL \0?", standaloneQuestion: "half \ud83e", answer: "ok", answerable: true, citedTitles: ["\udd89"], atMs: 1 };
    expect(await sessions.save({ id: "a\0b", principal: "ada\0", version: 1, turns: [turn], createdAtMs: 1, updatedAtMs: 1 })).toBe(true);
    expect(await sessions.load("ada\0", "a\0b")).toMatchObject({
      turns: [{ ...turn, question: "NUL \uFFFD?", standaloneQuestion: "half \uFFFD", citedTitles: ["\uFFFD"] }],
    });
    expect(await sessions.load("ada", "never\0seen")).toBeUndefined();
  });

  describe("beside another server of the same database", () => {
    const turn = (name: string): Turn => ({ question: name, standaloneQuestion: name, answer: name, answerable: true, citedTitles: [], atMs: 1 });
    const session = (version: number, turns: readonly Turn[]): Session => {
      return { id: "shared", principal: "ada", version, turns, createdAtMs: 1, updatedAtMs: 100 + version };
    };

    it("sees the turns that the other one has added", async () => {
      const [here, there] = [await emptied(), createStores(database)];
      const [a, b, c] = [turn("a"), turn("b"), turn("c")];
      await here.sessions.save(session(1, [a]));
      await here.sessions.save(session(2, [a, b]));
      expect(await there.sessions.load("ada", "shared")).toEqual(session(2, [a, b]));
      await there.sessions.save(session(3, [a, b, c]));
      expect(await here.sessions.save(session(3, [a, b, turn("lost")]))).toBe(false);
      expect(await here.sessions.load("ada", "shared")).toEqual(session(3, [a, b, c]));
    });

    it("writes all turns of a session that the other one has begun anew under the same id and version", async () => {
      const [here, there] = [await emptied(), createStores(database)];
      await here.sessions.save(session(1, [turn("a")]));
      await there.sessions.remove("ada", "shared");
      await there.sessions.save({ ...session(1, [turn("anew")]), updatedAtMs: 500 });
      const known = await here.sessions.load("ada", "shared");
      expect(known?.turns).toEqual([turn("anew")]);
    });

    it("sees a document that the other one has replaced or removed", async () => {
      const [here, there] = [await emptied(), createStores(database)];
      const document: StoredDocument = {
        id: "doc_1",
        path: "one.md",
        title: "One",
        format: "markdown",
        contentHash: "1",
        sourceHash: "1",
        sizeBytes: 1,
        updatedAtMs: 1,
        text: "Before.",
      };
      await here.documents.replaceDocument(document, []);
      for (let read = 0; read < 2; read += 1) expect(await here.documents.getDocument("doc_1")).toEqual(document);
      await there.documents.replaceDocument({ ...document, text: "After!!" }, []);
      expect((await here.documents.getDocument("doc_1"))?.text).toBe("After!!");
      await there.documents.removeDocument("doc_1");
      expect(await here.documents.getDocument("doc_1")).toBeUndefined();
    });
  });

  it("keeps the newest turns of a long session, and sends no others", async () => {
    const { sessions } = await emptied();
    let turns: readonly Turn[] = [];
    for (let version = 1; version <= 12; version += 1) {
      const newest = { question: `q${version}`, standaloneQuestion: "", answer: "", answerable: true, citedTitles: [], atMs: version };
      turns = [...turns, newest].slice(-5);
      const next = { id: "long", principal: "ada", version, turns, createdAtMs: 1, updatedAtMs: version };
      expect(await sessions.save(next)).toBe(true);
      expect(await createStores(database).sessions.load("ada", "long")).toEqual(next);
    }
  });

  it("saves many sessions at once, and each hears its own outcome", async () => {
    const { sessions } = await emptied();
    const session = (id: string, version: number): Session => ({ id, principal: "ada", version, turns: [], createdAtMs: 1, updatedAtMs: version });
    await Promise.all(["a", "b"].map((id) => sessions.save(session(id, 1))));
    const asked = [session("a", 2), session("b", 3), session("c", 1), session("d", 2), session("b", 2), session("a", 3)];
    expect(await Promise.all(asked.map(sessions.save))).toEqual([true, false, true, false, true, true]);
  });

  it("keeps no bytes of uploads that were refused, replaced or removed, nor, after an hour, of those that a killed server had begun", async () => {
    const { uploads } = await emptied();
    const contents = async (): Promise<number[]> => {
      const rows = await database.query(
        (sql) => sql<{ begun: number }>`
        select extract(epoch from now() - begun_at)::integer / 60 as begun from upload_contents order by begun
      `,
      );
      return rows.map(({ begun }) => begun);
    };
    const bytes = new Uint8Array(1_000);
    const save = (name: string, sha256: string, maxTotalBytes = 1_000_000) =>
      uploads.saveUpload({ documentId: name, path: name, mediaType: "", sha256, sizeBytes: bytes.length, uploadedAtMs: 0, uploadedBy: "" }, [bytes], {
        maxTotalBytes,
      });
    await database.query((sql) => sql`insert into upload_contents (begun_at) select now() - n * interval '40 minutes' from generate_series(1, 3) n`);
    await save("a", "1");
    expect(await contents()).toEqual([0, 40]);
    await save("a", "2");
    expect(await contents()).toEqual([0, 40]);
    await Promise.allSettled(Array.from({ length: 6 }, (_, at) => save(`b${at}`, "1", 2_500)));
    expect(await contents()).toEqual([0, 0, 40]);
    for (const { documentId } of await uploads.listUploads()) await uploads.removeUpload(documentId);
    expect(await contents()).toEqual([40]);
    const [left] = await database.query((sql) => sql<{ count: number }>`select count(*)::integer as count from upload_pieces`);
    expect(left?.count).toBe(0);
  });

  it("tells the version of the server", async () => {
    expect(await stores.ping()).toMatch(/^PostgreSQL \d+\.\d+$/);
  });

  describe("ingestion jobs", () => {
    beforeEach(emptied);

    const job = (overrides: Partial<IngestionJob> = {}): IngestionJob => ({
      id: "job-1",
      state: "running",
      startedAt: "2026-01-01T00:00:00.000Z",
      finishedAt: null,
      progress: { done: 1, total: 2 },
      counts: { added: 1, changed: 0, removed: 0, unchanged: 0, failed: 1 },
      files: [
        { path: "a.md", outcome: "added", chunks: 3 },
        { path: "b.bin", outcome: "failed", stage: "decode", reason: "it holds a NUL" },
      ],
      error: null,
      ...overrides,
    });

    it("come back as they were saved last", async () => {
      await stores.ingestionJobs.saveJob(job(), "here");
      expect(await stores.ingestionJobs.getJob("job-1")).toEqual(job());
      const ended = job({ state: "failed", finishedAt: "2026-01-01T00:01:00.000Z", error: "The folder is gone.", files: [] });
      await stores.ingestionJobs.saveJob(ended, "here");
      expect(await stores.ingestionJobs.getJob("job-1")).toEqual(ended);
      expect(await stores.ingestionJobs.getJob("another")).toBeUndefined();
    });

    it("that ended longest ago are pruned, and none that runs", async () => {
      const jobOf = (id: string, day: number, state: "running" | "succeeded") => job({ id, state, startedAt: `2026-01-0${day}T00:00:00.000Z` });
      for (const [day, id] of ["old", "older-but-running", "newer", "newest"].entries()) {
        await stores.ingestionJobs.saveJob(jobOf(id, day + 1, id.endsWith("running") ? "running" : "succeeded"), "here");
      }
      await stores.ingestionJobs.pruneJobs(2);
      const left = await Promise.all(["old", "older-but-running", "newer", "newest"].map((id) => stores.ingestionJobs.getJob(id)));
      expect(left.map((found) => found?.id)).toEqual([undefined, "older-but-running", "newer", "newest"]);
    });

    it("are listed in parts, the last begun first, without their files", async () => {
      const days = { oldest: 1, b: 2, a: 2, newest: 3 };
      for (const [id, day] of Object.entries(days)) {
        const state = id === "a" ? "running" : "succeeded";
        await stores.ingestionJobs.saveJob(job({ id, state, startedAt: `2026-01-0${day}T00:00:00.000Z` }), "here");
      }
      const list = async (listing: Omit<IngestionJobListing, "limit">, limit = 10) =>
        (await stores.ingestionJobs.listJobs({ ...listing, limit })).map(({ id }) => id);
      expect(await list({})).toEqual(["newest", "a", "b", "oldest"]);
      expect(await list({ after: { id: "a", startedAt: "2026-01-02T00:00:00.000Z" } }, 1)).toEqual(["b"]);
      expect(await list({ after: { id: "gone", startedAt: "2026-01-02T12:00:00.000Z" } })).toEqual(["a", "b", "oldest"]);
      expect(await list({ state: "running" })).toEqual(["a"]);
      expect(await list({ state: "succeeded", after: { id: "newest", startedAt: "2026-01-03T00:00:00.000Z" } })).toEqual(["b", "oldest"]);
      const { files: _, ...rest } = job({ id: "oldest", state: "succeeded" });
      expect(await stores.ingestionJobs.listJobs({ limit: 1, after: { id: "b", startedAt: "2026-01-02T00:00:00.000Z" } })).toEqual([rest]);
    });

    it("that were running are marked as interrupted, and no others", async () => {
      await stores.ingestionJobs.saveJob(job(), "here");
      await stores.ingestionJobs.saveJob(job({ id: "job-2", state: "succeeded", finishedAt: "2026-01-01T00:01:00.000Z" }), "here");
      expect(await stores.ingestionJobs.interruptJobs({ holder: "here", finishedAt: "2026-01-02T00:00:00.000Z" })).toBe(1);
      expect(await stores.ingestionJobs.getJob("job-1")).toMatchObject({ state: "interrupted", finishedAt: "2026-01-02T00:00:00.000Z" });
      expect(await stores.ingestionJobs.getJob("job-2")).toMatchObject({ state: "succeeded", finishedAt: "2026-01-01T00:01:00.000Z" });
      expect(await stores.ingestionJobs.interruptJobs({ holder: "here", finishedAt: "2026-01-03T00:00:00.000Z" })).toBe(0);
    });
  });

  describe("ingestion jobs of several servers", () => {
    beforeEach(emptied);

    const job = (id: string, overrides: Partial<IngestionJob> = {}): IngestionJob => {
      const counts = { added: 0, changed: 0, removed: 0, unchanged: 0, failed: 0 };
      return {
        id,
        state: "running",
        startedAt: "2026-01-01T00:00:00.000Z",
        finishedAt: null,
        progress: { done: 0, total: 0 },
        counts,
        files: [],
        error: null,
        ...overrides,
      };
    };
    const silence = (id: string) => database.query((sql) => sql`update ingestion_jobs set renewed_at = now() - interval '1 minute' where id = ${id}`);

    it("are at work one at a time, whoever asks when", async () => {
      const { ingestionJobs: jobs } = stores;
      const ids = ["one", "two", "three", "four"];
      for (const id of ids) await jobs.saveJob(job(id), `server of ${id}`);
      const turns = await Promise.all(ids.map((id) => jobs.takeTurn(id)));
      expect(turns.filter(Boolean)).toHaveLength(1);
      const first = ids[turns.indexOf(true)] ?? "";
      await jobs.saveJob(job(first, { state: "succeeded", finishedAt: "2026-01-01T00:00:01.000Z" }), `server of ${first}`);
      const next = await Promise.all(ids.map((id) => jobs.takeTurn(id)));
      expect([next.filter(Boolean).length, next[ids.indexOf(first)], await jobs.hasRunningJob()]).toEqual([1, false, true]);
    });

    it("tell how far they are, and lose their turn when they fall silent", async () => {
      const { ingestionJobs: jobs } = stores;
      for (const id of ["here", "there"]) await jobs.saveJob(job(id), id);
      expect(await jobs.takeTurn("here")).toBe(true);
      expect(await jobs.renewJob({ ...job("here"), progress: { done: 3, total: 9 } })).toBe(true);
      expect(await jobs.getJob("here")).toMatchObject({ state: "running", progress: { done: 3, total: 9 } });
      expect([await jobs.takeTurn("there"), await jobs.interruptJobs({ finishedAt: "2026-01-02T00:00:00.000Z" })]).toEqual([false, 0]);
      await silence("here");
      expect([await jobs.takeTurn("there"), await jobs.interruptJobs({ finishedAt: "2026-01-02T00:00:00.000Z" })]).toEqual([true, 1]);
      expect([await jobs.renewJob(job("here")), await jobs.renewJob(job("there"))]).toEqual([false, true]);
    });

    it("do not run again once they have ended, whatever arrives late", async () => {
      const { ingestionJobs: jobs } = stores;
      await jobs.saveJob(job("late", { state: "succeeded", finishedAt: "2026-01-01T00:00:01.000Z" }), "here");
      await jobs.saveJob(job("late"), "here");
      expect(await jobs.getJob("late")).toMatchObject({ state: "succeeded" });
    });

    it("of another server stay as they are when one starts", async () => {
      const { ingestionJobs: jobs } = stores;
      for (const id of ["mine", "theirs"]) await jobs.saveJob(job(id), id);
      expect(await jobs.interruptJobs({ holder: "mine", finishedAt: "2026-01-02T00:00:00.000Z" })).toBe(1);
      expect([await jobs.getJob("mine"), await jobs.getJob("theirs")]).toMatchObject([{ state: "interrupted" }, { state: "running" }]);
    });
  });

  describe("snapshots", () => {
    beforeEach(emptied);

    const bytes = (length: number, seed: number): Uint8Array => new Uint8Array(length).map((_, n) => (n * seed) % 251);

    it.each([0, 1, 1_000_000, 3_500_001])("of %i bytes come back as they were", async (length) => {
      await stores.snapshots.saveSnapshot("space", bytes(length, 7));
      const loaded = await stores.snapshots.loadSnapshot("space");
      expect(loaded !== undefined && Buffer.compare(loaded, bytes(length, 7)) === 0).toBe(true);
    });

    it("replace each other under one name, and know no other", async () => {
      await stores.snapshots.saveSnapshot("space", bytes(2_500_000, 7));
      await Promise.all([stores.snapshots.saveSnapshot("space", bytes(5, 1)), stores.snapshots.saveSnapshot("other", bytes(3, 1))]);
      expect(await stores.snapshots.loadSnapshot("space")).toEqual(bytes(5, 1));
      expect(await stores.snapshots.loadSnapshot("nothing")).toBeUndefined();
    });

    it("of simultaneous writers are read whole", async () => {
      const versions = [bytes(1_500_000, 3), bytes(2_500_000, 5), bytes(10, 9)];
      await Promise.all(versions.map((version) => stores.snapshots.saveSnapshot("space", version)));
      const loaded = await stores.snapshots.loadSnapshot("space");
      expect(versions.some((version) => loaded !== undefined && Buffer.compare(loaded, version) === 0)).toBe(true);
    });
  });
});
