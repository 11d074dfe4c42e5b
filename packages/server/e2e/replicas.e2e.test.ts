/** Two servers over one PostgreSQL, each with a folder of its own: what one is told, the other knows. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Api, ApiResponse } from "../test-support/api.ts";
import { type FaultProxy, startFaultProxy } from "../test-support/fault-proxy.ts";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { type Replica, startReplica } from "../test-support/replicas.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";

/** "Within a second or two", on a busy machine. */
const SOON = { timeout: 2_000, interval: 20 };

const FILES = 1_500;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let postgres: PostgresServer;
let proxy: FaultProxy;
let environment: Record<string, string>;
let a: Replica;
let b: Replica;

beforeAll(async () => {
  folder = await temporaryDirectory();
  postgres = await startPostgresServer();
  proxy = await startFaultProxy({ target: { port: Number(new URL(postgres.url).port) } });
  const docs = join(folder.path, "docs");
  await mkdir(docs);
  await writeFile(join(docs, "tower.md"), "# The tower\n\nAda Lund built the tower in 1912.");
  environment = { DOCS_DIR: docs, DATABASE_URL: postgres.url, DATABASE_TIMEOUT_MS: "1000" };
  a = await startReplica(folder.path, "a", environment);
  b = await startReplica(folder.path, "b", { ...environment, DATABASE_URL: postgres.url.replace(/:\d+\//, `:${proxy.port}/`) });
});
afterAll(async () => {
  await Promise.all([a.server.stop(), b.server.stop()]);
  await proxy.close();
  await postgres.remove();
  await folder.remove();
});

const upload = ({ admin }: Api, path: string, content: string): Promise<ApiResponse> =>
  admin("POST", `/documents?path=${encodeURIComponent(path)}`, { rawBody: content, headers: { "content-type": "text/markdown" } });

/** Uploads, and waits until the file has been gone through. @returns the document's id. */
async function uploaded(api: Api, path: string, content: string): Promise<string> {
  const { status, body } = await upload(api, path, content);
  expect(status).toBe(202);
  expect(await api.ended(body.jobId)).toMatchObject({ state: "succeeded" });
  return body.documentId;
}

const ask = async ({ client }: Api, question: string) => (await client("POST", "/chat", { body: { question } })).body;
const citedPaths = async (api: Api, question: string): Promise<string[]> =>
  (await ask(api, question)).citations.map(({ path }: { path: string }) => path);
const found = async ({ client }: Api, query: string): Promise<string[]> =>
  (await client("POST", "/search", { body: { query } })).body.hits.map(({ path }: { path: string }) => path);
const examine = async ({ admin }: Api): Promise<unknown> => (await admin("GET", "/admin/doctor")).body.findings;

describe("two servers over one PostgreSQL", () => {
  it("both answer from a document that one of them was given, and neither once the other has deleted it", async () => {
    const question = "How many queens has the hive behind the boathouse?";
    const id = await uploaded(a.api, "bees.md", "# Bees\n\nThe hive behind the boathouse has three queens. They swarm in June.");
    await expect.poll(() => citedPaths(b.api, question), SOON).toEqual(["uploads/bees.md"]);
    // Kept in the caches of both by now.
    expect(await citedPaths(a.api, question)).toEqual(["uploads/bees.md"]);
    expect((await b.api.admin("DELETE", `/documents/${id}`)).status).toBe(200);
    // Never again from the moment of the receipt on: a quote is compared with the record before it leaves.
    expect([await citedPaths(a.api, question), await citedPaths(b.api, question)]).toEqual([[], []]);
    await expect.poll(() => found(a.api, "queens of the hive"), SOON).not.toContain("uploads/bees.md");
  });

  it("give no cached answer any more from a version that the other one has replaced", async () => {
    const question = "Which colour has the ferry of Lund?";
    await uploaded(a.api, "ferry.md", "# The ferry\n\nThe ferry of Lund is painted green.");
    await expect.poll(async () => (await ask(b.api, question)).citations[0]?.quote, SOON).toContain("green");
    expect((await ask(b.api, question)).citations[0].quote).toContain("green");
    await uploaded(a.api, "ferry.md", "# The ferry\n\nThe ferry of Lund is painted orange.");
    expect((await ask(b.api, question)).citations.map(({ quote }: { quote: string }) => quote).join()).not.toContain("green");
    await expect.poll(async () => (await ask(b.api, question)).citations[0]?.quote, SOON).toContain("orange");
  });

  it("tell of each other's ingestion: its state, how it goes and its end", async () => {
    const { body } = await upload(a.api, "moss.md", "# Moss\n\nMoss grows on the north side of the tower.");
    const events = await b.api.admin("GET", `/ingest/${body.jobId}`, { headers: { accept: "text/event-stream" } });
    expect(events.status).toBe(200);
    expect(events.body).toContain("event: done");
    expect(events.body).toContain("uploads/moss.md");
    expect(await b.api.ended(body.jobId)).toMatchObject({ state: "succeeded", counts: { added: 1 } });
  });

  it("share one semantic space, which the one that read the documents has learnt", async () => {
    for (let number = 0; number < 12; number += 1) {
      await uploaded(
        number % 2 === 0 ? a.api : b.api,
        `log-${number}.md`,
        `# Log ${number}\n\nThe harbour master of pier ${number} noted gulls, nets and barrels of tar.`,
      );
    }
    const fingerprint = async ({ admin }: Api): Promise<unknown> => {
      const { search } = (await admin("GET", "/admin/index")).body;
      return [search.documents, search.chunks, search.terms, search.dimensions];
    };
    await expect.poll(async () => JSON.stringify(await fingerprint(a.api)) === JSON.stringify(await fingerprint(b.api)), SOON).toBe(true);
    expect([await examine(a.api), await examine(b.api)]).toEqual([[], []]);
  });

  it("come into step again after one of them was cut off from the database", async () => {
    await proxy.set({ kind: "refuse" });
    const question = "What does the lighthouse keeper feed his seal?";
    await uploaded(a.api, "seal.md", "# The seal\n\nThe lighthouse keeper feeds his seal with herring.");
    // It goes on with what it knows, and says so.
    expect(await ask(b.api, "When was the tower built?")).toMatchObject({ answerable: true, degraded: true });
    await proxy.set({ kind: "pass" });
    await expect.poll(() => citedPaths(b.api, question), { timeout: 5_000, interval: 50 }).toContain("uploads/seal.md");
  });

  it("come into step again when connections to the database die without a word", async () => {
    await proxy.set({ kind: "silence" });
    await uploaded(a.api, "otter.md", "# The otter\n\nThe otter of the weir sleeps on its back.");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await proxy.set({ kind: "pass" });
    await expect.poll(() => found(b.api, "otter of the weir"), { timeout: 5_000, interval: 50 }).toContain("uploads/otter.md");
  });

  it("hold what the record holds after any operations on both, at once", async () => {
    const words = fc.constantFrom("anchor", "beacon", "cork", "dinghy", "eel", "fjord");
    const operation = fc.record({
      at: fc.constantFrom("a", "b"),
      kind: fc.constantFrom("put", "put", "delete"),
      name: fc.nat({ max: 5 }),
      text: fc.array(words, { minLength: 3, maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 6, maxLength: 20 }), async (operations) => {
        const jobs: { readonly api: Api; readonly id: string }[] = [];
        await Promise.all(
          operations.map(async ({ at, kind, name, text }) => {
            const { api } = at === "a" ? a : b;
            if (kind === "put") {
              const { status, body } = await upload(api, `any/${name}.md`, `# ${name}\n\n${text.join(" ")}.`);
              // Five are received at once at most.
              if (status === 202) jobs.push({ api, id: body.jobId });
              else expect(status).toBe(503);
              return;
            }
            const { body } = await api.client("GET", "/documents");
            const target = body.documents.find(({ path }: { path: string }) => path === `uploads/any/${name}.md`);
            if (target !== undefined) await api.admin("DELETE", `/documents/${target.id}`);
          }),
        );
        for (const { api, id } of jobs) await api.ended(id);
        // What a deletion asked for beside an ingestion.
        await a.api.ended((await a.api.admin("POST", "/ingest")).body.id);
        await expect.poll(async () => [await examine(a.api), await examine(b.api)], { timeout: 4_000, interval: 50 }).toEqual([[], []]);
      }),
      { numRuns: 5 },
    );
  }, 120_000);

  it("take up an ingestion whose server was killed", async () => {
    const database = await startPostgresServer();
    const docs = join(folder.path, "many");
    await mkdir(docs);
    const settings = { DOCS_DIR: docs, DATABASE_URL: database.url };
    const [doomed, other] = [await startReplica(folder.path, "doomed", settings), await startReplica(folder.path, "other", settings)];
    await Promise.all(
      Array.from({ length: FILES }, (_, number) => writeFile(join(docs, `${number}.md`), `# Note ${number}\n\nThe rope of note ${number}.`)),
    );
    const { body: job } = await doomed.api.admin("POST", "/ingest");
    const stored = async (): Promise<number> => (await doomed.api.client("GET", "/documents?limit=100")).body.documents.length;
    await expect.poll(stored, { timeout: 10_000, interval: 5 }).toBeGreaterThan(10);
    await doomed.server.stop("SIGKILL");
    expect((await other.api.admin("GET", `/ingest/${job.id}`)).body).toMatchObject({ state: "running" });
    expect(await other.api.ended(job.id)).toMatchObject({ state: "interrupted" });
    await expect.poll(async () => (await other.api.admin("GET", "/admin/stats")).body.documents, { timeout: 20_000 }).toBe(FILES);
    expect(await examine(other.api)).toEqual([]);
    await other.server.stop();
    await database.remove();
  }, 60_000);
});
