/** A server whose vectors are in Chroma: with it, without it, and when it comes back with less than it had. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { type ChromaServer, chromaClient, startChromaServer } from "../test-support/chroma-server.ts";
import { runRag } from "../test-support/rag-command.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const QUESTION = { question: "How much paraffin does the lamp burn?" };

let folder: { readonly path: string; remove(): Promise<void> };
let chroma: ChromaServer;
let settings: Record<string, string> & { DATA_DIR: string };
let server: RunningServer;
let api: Api;

async function start(): Promise<void> {
  server = await startServer(settings);
  api = await connectApi(server);
}

const vectors = async () => (await api.admin("GET", "/admin/index")).body.vectors;
const searched = async () => (await api.client("POST", "/search", { body: { query: "paraffin lamp" } })).body;

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    if (await holds()) return;
    await delay(50);
  }
  throw new Error("it did not come to pass");
}
const inStep = (): Promise<void> => until(async () => (await vectors()).missing === 0 && (await vectors()).state === "serving");

/** Ids in the collection that answers, asked of Chroma itself. */
async function storedIds(): Promise<string[]> {
  const { generation } = (await vectors()).live;
  const collection = await chromaClient(chroma).getCollection({ name: `rag-chunks-g${generation}` });
  return (await collection.get({ include: [] })).ids;
}

beforeAll(async () => {
  folder = await temporaryDirectory();
  chroma = await startChromaServer();
  settings = { DATA_DIR: join(folder.path, "data"), CHROMA_URL: chroma.url, LOG_LEVEL: "info" };
  await start();
  await inStep();
});

afterAll(async () => {
  await server?.stop();
  await chroma?.remove();
  await folder.remove();
});

it("keeps the vectors of the learnt space in Chroma, one for each chunk, and says whose they are", async () => {
  const { live, chunks } = await vectors();
  expect(live).toMatchObject({ embedderId: expect.stringMatching(/^lsa-/), dimensions: expect.any(Number) });
  expect(await storedIds()).toHaveLength(chunks);
  expect((await api.client("GET", "/health/detailed")).body.components.vectors).toMatchObject({ status: "healthy", adapter: "chroma" });
  expect(await searched()).toMatchObject({ degraded: false });
});

it("answers without Chroma by words and the learnt space, marked degraded, and heals by itself", async () => {
  const { body: whole } = await api.client("POST", "/chat", { body: QUESTION });
  expect(whole).toMatchObject({ answerable: true, degraded: false });
  await chroma.kill();
  const during = await searched();
  expect([during.degraded, during.hits.length > 0]).toEqual([true, true]);
  const { body } = await api.client("POST", "/chat", { body: { question: "Who may climb the tower, and when?" } });
  expect(body.degraded).toBe(true);
  expect((await api.client("GET", "/health/ready")).status).toBe(200);
  expect((await api.client("GET", "/health/detailed")).body.components.vectors.status).toBe("unhealthy");
  await chroma.restart();
  await until(async () => !(await searched()).degraded);
});

it("puts a deletion off until Chroma is back, and says so", async () => {
  const { body } = await api.admin("GET", "/documents");
  const [{ id }] = body.documents;
  await chroma.kill();
  expect((await api.admin("DELETE", `/documents/${id}`)).body.vectors).toMatchObject({ chunks: "pending" });
  await chroma.restart();
  await inStep();
  expect((await storedIds()).filter((chunkId) => chunkId.startsWith(id))).toEqual([]);
});

it("fills a Chroma that has lost everything again", async () => {
  await chroma.kill();
  for (const name of await readdir(chroma.folder)) await rm(join(chroma.folder, name), { recursive: true });
  await chroma.restart();
  await until(async () => !(await searched()).degraded);
  await inStep();
  expect(await storedIds()).toHaveLength((await vectors()).chunks);
});

it("lets the doctor find and mend what somebody changed behind its back", async () => {
  const { live, chunks } = await vectors();
  const collection = await chromaClient(chroma).getCollection({ name: `rag-chunks-g${live.generation}` });
  const [lost = ""] = await storedIds();
  await collection.delete({ ids: [lost] });
  await collection.upsert({ ids: ["orphan"], embeddings: [Array(live.dimensions).fill(0.1)] });
  const rag = (...args: string[]) => runRag(args, { RAG_URL: server.address, DATA_DIR: settings.DATA_DIR });
  const found = await rag("doctor", "--json");
  expect([found.exitCode, JSON.parse(found.stdout).findings]).toEqual([
    1,
    [
      { store: "vectors", kind: "missing", count: 1, examples: [lost] },
      { store: "vectors", kind: "surplus", count: 1, examples: ["orphan"] },
    ],
  ]);
  const repaired = await rag("doctor", "--repair");
  expect([repaired.exitCode, repaired.stdout]).toEqual([0, expect.stringContaining("all stores agree")]);
  expect(await storedIds()).toHaveLength(chunks);
});

it("starts without Chroma, answers, and takes it up when it comes", async () => {
  await server.stop();
  await chroma.kill();
  await start();
  expect((await searched()).degraded).toBe(true);
  await chroma.restart();
  await inStep();
  expect((await searched()).degraded).toBe(false);
});
