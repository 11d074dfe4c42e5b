/** A record restored beside a Chroma that still has the collections from the time after the backup. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { type ChromaServer, chromaClient, startChromaServer } from "../test-support/chroma-server.ts";
import { type RagResult, runRag } from "../test-support/rag-command.ts";
import { until } from "../test-support/redis-scene.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";
import { writeTinyEmbedder } from "../test-support/tiny-model/tiny-model.ts";

const FILES = {
  "lamp.md": "# The lamp\n\nThe lamp turns once in twelve seconds and burns paraffin.",
  "boat.md": "# The boat\n\nThe boat is called Petrel and was repaired in spring.",
  "garden.md": "# The garden\n\nThe garden grows kale, beans and apples.",
};
const IN_STEP_MS = 20_000;

let folder: { readonly path: string; remove(): Promise<void> };
let chroma: ChromaServer;
let settings: Record<string, string> & { DATA_DIR: string };
let server: RunningServer;
let api: Api;

async function start(): Promise<void> {
  server = await startServer(settings);
  api = await connectApi(server);
  await until(async () => (await vectors()).state === "serving" && (await vectors()).missing === 0, "the vectors are not in step", IN_STEP_MS);
}

const rag = (...args: string[]): Promise<RagResult> => runRag(args, settings);
const vectors = async () => (await api.admin("GET", "/admin/index")).body.vectors;
/** With the nearness of each hit, which is of the vectors alone. */
const search = async () =>
  (await api.client("POST", "/search", { body: { query: "how often does the lamp turn", explain: true, limit: Object.keys(FILES).length } })).body;

const collections = async (): Promise<string[]> => (await chromaClient(chroma).listCollections()).map(({ name }) => name).sort();

/** Each chunk gets the vector of another one: as good as any for a look at names and numbers, and wrong in each answer. */
async function exchangeVectors(name: string): Promise<void> {
  const collection = await chromaClient(chroma).getCollection({ name });
  const { ids, embeddings } = await collection.get({ include: ["embeddings"] });
  await collection.update({ ids, embeddings: [...embeddings.slice(1), ...embeddings.slice(0, 1)] });
}

beforeAll(async () => {
  [folder, chroma] = await Promise.all([temporaryDirectory(), startChromaServer()]);
  const docs = join(folder.path, "docs");
  await mkdir(docs);
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(docs, name), text);
  await writeTinyEmbedder(join(folder.path, "embedder"));
  settings = {
    DATA_DIR: join(folder.path, "data"),
    BACKUP_DIR: join(folder.path, "backups"),
    DOCS_DIR: docs,
    CHROMA_URL: chroma.url,
    EMBEDDING_MODEL: join(folder.path, "embedder"),
    HOME: folder.path,
  };
  await start();
});

afterAll(async () => {
  await server?.stop();
  await chroma?.remove();
  await folder.remove();
});

it("takes none of the collections for its own, not those of its own number either, and finds what it found", async () => {
  const found = await search();
  expect(found).toMatchObject({ degraded: false, hits: [{ path: "lamp.md", explanation: { nearness: expect.any(Number) } }, {}, {}] });
  const { generation } = (await vectors()).live;
  await server.stop();
  const taken = await rag("backup", "--json");
  expect(taken.exitCode, taken.stderr).toBe(0);

  await start();
  expect((await api.admin("POST", "/admin/index/reindex")).status).toBe(202);
  await until(async () => (await vectors()).live.generation === generation + 1, "no later generation", IN_STEP_MS);
  const later = [`rag-chunks-g${generation}`, `rag-chunks-g${generation + 1}`];
  expect(await collections()).toEqual(later);
  await server.stop();
  // The one of the number that the record in the set calls live, and the one of the number that it would give next.
  for (const name of later) await exchangeVectors(name);

  expect(await rag("restore", JSON.parse(taken.stdout).name)).toMatchObject({ exitCode: 0 });
  await start();
  expect(await search()).toEqual(found);
  const { live, chunks } = await vectors();
  expect(later).not.toContain(`rag-chunks-g${live.generation}`);
  await until(async () => (await collections()).length === 1, "collections of the time after the backup are left", IN_STEP_MS);
  expect(await collections()).toEqual([`rag-chunks-g${live.generation}`]);
  expect(await (await chromaClient(chroma).getCollection({ name: `rag-chunks-g${live.generation}` })).count()).toBe(chunks);

  // The next one is above them too.
  expect((await api.admin("POST", "/admin/index/reindex")).status).toBe(202);
  await until(async () => (await vectors()).live.generation > live.generation, "no next generation", IN_STEP_MS);
  expect(await search()).toEqual(found);
});
