/** A server with models of its own on this machine: what they add, what happens when another one is configured, and the way back. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { runRag } from "../test-support/rag-command.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";
import { writeTinyEmbedder, writeTinyReranker } from "../test-support/tiny-model/tiny-model.ts";

const FILES = {
  "lamp.md": "# The lamp\n\nThe lamp turns once in twelve seconds and burns paraffin.",
  "boat.md": "# The boat\n\nThe boat is called Petrel and was repaired in spring.",
  "garden.md": "# The garden\n\nThe garden grows kale, beans and apples.",
};

let folder: { readonly path: string; remove(): Promise<void> };
let settings: Record<string, string> & { DATA_DIR: string };
let server: RunningServer;
let api: Api;

async function start(overrides: Record<string, string> = {}): Promise<void> {
  server = await startServer({ ...settings, ...overrides });
  api = await connectApi(server);
}

const rag = (...args: string[]) => runRag(args, { RAG_URL: server.address, DATA_DIR: settings.DATA_DIR });
const vectors = async () => (await api.admin("GET", "/admin/index")).body.vectors;

/** Waits until the vectors have come to rest. */
async function settled() {
  for (let turn = 0; turn < 200; turn += 1) {
    const status = await vectors();
    if (status.state === "refused" || (status.state === "serving" && status.missing === 0)) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the vectors do not come to rest");
}

beforeAll(async () => {
  folder = await temporaryDirectory();
  const docs = join(folder.path, "docs");
  await mkdir(docs);
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(docs, name), text);
  await writeTinyEmbedder(join(folder.path, "embedder"));
  await writeTinyEmbedder(join(folder.path, "another-embedder"), { seed: 2 });
  await writeTinyReranker(join(folder.path, "reranker"));
  settings = {
    DATA_DIR: join(folder.path, "data"),
    DOCS_DIR: docs,
    LOG_LEVEL: "info",
    EMBEDDING_MODEL: join(folder.path, "embedder"),
    RERANKER_MODEL: join(folder.path, "reranker"),
  };
  await start();
});

afterAll(async () => {
  await server.stop();
  await folder.remove();
});

describe("a server with local models", () => {
  it("keeps a vector of each chunk, and says which model made it", async () => {
    expect(await settled()).toMatchObject({
      chunks: 3,
      missing: 0,
      live: { generation: 1, dimensions: 32, embedderId: expect.stringMatching(/^embedder /) },
    });
    const { body } = await api.client("GET", "/health/detailed");
    for (const name of ["vectors", "embedder", "reranker"]) expect(body.components[name]).toMatchObject({ status: "healthy" });
    expect((await api.client("GET", "/metrics")).body).toContain("rag_vectors_missing 0\n");
  });

  it("finds and orders with them, and tells how", async () => {
    const { body } = await api.client("POST", "/search", { body: { query: "how often does the lamp turn", explain: true } });
    expect(body.degraded).toBe(false);
    expect(body.hits[0].explanation).toMatchObject({ nearness: expect.any(Number), crossEncoder: body.hits[0].score });
    const { body: answer } = await api.client("POST", "/chat", { body: { question: "How long does the lamp take to turn once?" } });
    expect(answer).toMatchObject({ answerable: true, degraded: false, citations: [{ path: "lamp.md" }] });
  });

  it("outlives its models, by whatever they are ended", async () => {
    const { pid } = server.process;
    const processes = async () => (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").map(Number);
    for (const signal of ["SIGKILL", "SIGABRT", "SIGSEGV"] as const) {
      const before = await processes();
      expect(before).toHaveLength(2);
      for (const each of before) process.kill(each, signal);
      const { body } = await api.client("POST", "/search", { body: { query: `how often does the lamp turn: ${signal}` } });
      expect([body.degraded, body.hits[0].path]).toEqual([false, "lamp.md"]);
      expect((await processes()).filter((each) => before.includes(each))).toEqual([]);
    }
    expect([server.process.exitCode, server.process.signalCode]).toEqual([null, null]);
    const { body } = await api.client("GET", "/health/detailed");
    for (const name of ["embedder", "reranker"]) {
      expect(body.components[name]).toMatchObject({ status: "healthy", detail: expect.stringContaining("loaded anew 3 times") });
    }
  });

  it("removes a document's vectors with it, and says so", async () => {
    const path = join(settings["DOCS_DIR"] ?? "", "gone.md");
    await writeFile(path, "# Gone\n\nThis will be deleted again.");
    await api.ingest();
    await rm(path);
    await settled();
    const { body } = await api.admin("GET", "/documents");
    const { id } = body.documents.find(({ path }: { path: string }) => path === "gone.md");
    expect((await api.admin("DELETE", `/documents/${id}`)).body).toMatchObject({
      rows: { documents: 1, chunks: 1 },
      index: { chunks: 1 },
      vectors: { chunks: 1, embeddings: 1 },
    });
  });

  it("refuses to mix vectors when another model is configured, names the command, and goes on without", async () => {
    await server.stop();
    await start({ EMBEDDING_MODEL: join(folder.path, "another-embedder") });
    expect(await settled()).toMatchObject({ state: "refused", problem: expect.stringContaining("rag reindex") });
    const { body } = await api.client("POST", "/search", { body: { query: "lamp" } });
    expect([body.degraded, body.hits[0].path]).toEqual([true, "lamp.md"]);
    expect((await api.client("GET", "/health/detailed")).body.components.vectors).toMatchObject({ status: "unhealthy" });
    const doctor = await rag("doctor");
    expect([doctor.exitCode, doctor.stdout]).toEqual([1, expect.stringContaining("refused")]);
  });

  it("builds them anew by one command, with the other model", async () => {
    const reindex = await rag("reindex");
    expect([reindex.stderr, reindex.exitCode]).toEqual([expect.not.stringContaining("could not"), 0]);
    expect(reindex.stdout).toContain("generation 1 is kept");
    expect(await settled()).toMatchObject({ state: "serving", previous: 1, live: { embedderId: expect.stringMatching(/^another-embedder /) } });
    expect((await api.client("POST", "/search", { body: { query: "lamp" } })).body.degraded).toBe(false);
    expect((await rag("doctor", "--json")).exitCode).toBe(0);
  });

  it("switches back by one command when the first model is configured again, and embeds nothing for it", async () => {
    await server.stop();
    await start();
    expect(await settled()).toMatchObject({ state: "refused" });
    const back = await rag("reindex", "--back");
    expect([back.exitCode, back.stdout]).toEqual([0, expect.stringContaining("generation 1 answers")]);
    expect(await settled()).toMatchObject({ state: "serving", live: { generation: 1 }, chunks: 3, missing: 0 });
    expect((await rag("reindex", "--drop-previous")).exitCode).toBe(0);
    expect((await vectors()).previous).toBeUndefined();
    expect((await rag("reindex", "--back")).exitCode).toBe(1);
  });

  it("does not start with a model that cannot be loaded, and says what to do", async () => {
    await server.stop();
    await expect(start({ EMBEDDING_MODEL: join(folder.path, "missing") })).rejects.toThrow("EMBEDDING_MODEL cannot be loaded");
    await start();
  });
});

describe("the rag command", () => {
  it("says where it looked when no server answers", async () => {
    const { exitCode, stderr } = await runRag(["doctor", "--url", "http://127.0.0.1:1"], { DATA_DIR: settings.DATA_DIR });
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining("http://127.0.0.1:1")]);
  });

  it("ends with 3 for a wrong password, and with 2 for what it does not know", async () => {
    expect((await runRag(["doctor"], { RAG_URL: server.address, ADMIN_PASSWORD: "wrong" })).exitCode).toBe(3);
    expect((await rag("doctr")).exitCode).toBe(2);
    expect((await rag("doctor", "--unknown")).exitCode).toBe(2);
    expect((await rag("reindex", "--back", "--drop-previous")).exitCode).toBe(2);
    expect(await rag("--help")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("doctor") });
  });
});
