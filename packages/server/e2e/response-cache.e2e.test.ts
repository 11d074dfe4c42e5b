/** Cached answers of a whole running server: given again while they hold, and gone with the document that they cite. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { connectApi } from "../test-support/api.ts";
import { startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { startServer, temporaryDirectory } from "../test-support/running-server.ts";

const QUESTION = "Where does the owl sleep?";

it("an answer is given again from the cache until the document that it cites changes or goes", async () => {
  const folder = await temporaryDirectory();
  const docs = join(folder.path, "docs");
  await mkdir(docs);
  await writeFile(join(docs, "owl.md"), "# The owl\n\nThe owl sleeps in the barn until dusk.");
  await writeFile(join(docs, "boat.md"), "# The boat\n\nThe boat is called Petrel and was repaired in spring.");
  const llm = await startFakeLlmServer();
  const server = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: docs, LLM_BASE_URL: llm.baseUrl, LLM_MODEL: "test-model" });
  try {
    const api = await connectApi(server);
    /** The quotation, and how often the model was asked for it. */
    const ask = async (question = QUESTION): Promise<readonly [string, number]> => {
      const before = llm.requests.length;
      const { body } = await api.client("POST", "/chat", { body: { question } });
      return [String(body.citations[0]?.quote), llm.requests.length - before];
    };
    const ingest = async (): Promise<void> => {
      const { body } = await api.admin("POST", "/ingest");
      await expect.poll(async () => (await api.admin("GET", `/ingest/${body.id}`)).body.state, { timeout: 60_000 }).toBe("succeeded");
    };
    expect(await ask()).toEqual([expect.stringContaining("in the barn"), 1]);
    expect(await ask()).toEqual([expect.stringContaining("in the barn"), 0]);
    expect(await ask("  where does the OWL sleep ")).toEqual([expect.stringContaining("in the barn"), 0]);
    expect((await api.stranger("GET", "/metrics")).body).toContain('rag_cache_hits_total{cache="response"} 2');
    await writeFile(join(docs, "owl.md"), "# The owl\n\nThe owl sleeps in the church tower until dusk.");
    await ingest();
    expect(await ask()).toEqual([expect.stringContaining("in the church tower"), 1]);
    expect(await ask()).toEqual([expect.stringContaining("in the church tower"), 0]);
    const [hit] = (await api.client("POST", "/search", { body: { query: "owl" } })).body.hits;
    expect((await api.admin("DELETE", `/documents/${hit.documentId}`)).status).toBe(200);
    const { body } = await api.client("POST", "/chat", { body: { question: QUESTION } });
    expect(body).toMatchObject({ answerable: false, citations: [] });
  } finally {
    await server.stop();
    await llm.close();
    await folder.remove();
  }
});
