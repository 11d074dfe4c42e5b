/** `/mcp` on a running server, through the official client, as a host of the Model Context Protocol calls it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const FILES: Readonly<Record<string, string>> = {
  "people/lund.md": "# Ada Lund\n\nAda Lund built the tower in 1912. She lived in Visby and kept bees.\n\n## Her boat\n\nHer boat was called Petrel.",
  "people/birk.md": "# Jonas Birk\n\nJonas Birk repaired the clock in 1954. He was a watchmaker from Lund.",
  "recipes/soup.md": "# Fish soup\n\nBoil two cod heads with leeks for forty minutes. Serve the soup with rye bread.",
};
const APP = "https://app.example.org";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;
let api: Api;
let client: Client;
const open: Client[] = [];

async function connect(headers: Readonly<Record<string, string>>): Promise<Client> {
  const connected = new Client({ name: "e2e", version: "1" });
  await connected.connect(new StreamableHTTPClientTransport(new URL(`${server.address}/mcp`), { requestInit: { headers } }));
  open.push(connected);
  return connected;
}

async function keyWith(more: Record<string, unknown>): Promise<string> {
  const { body } = await api.admin("POST", "/admin/api-keys", { body: { name: "host", ...more } });
  return body.key;
}

const textOf = ({ content }: Awaited<ReturnType<Client["callTool"]>>): string => JSON.stringify(content);

beforeAll(async () => {
  folder = await temporaryDirectory();
  const docs = join(folder.path, "docs");
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(docs, path, ".."), { recursive: true });
    await writeFile(join(docs, path), text);
  }
  server = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: docs, CORS_ORIGINS: APP });
  api = await connectApi(server);
  client = await connect({ authorization: `Bearer ${api.apiKey}` });
});
afterAll(async () => {
  for (const connected of open) await connected.close();
  await server.stop();
  await folder.remove();
});

describe("a host", () => {
  it("finds three tools that read", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual([
      ["ask", true],
      ["search", true],
      ["get_document", true],
    ]);
  });

  it("asks, and reads on where the answer came from", async () => {
    await client.listTools();
    const answer = await client.callTool({ name: "ask", arguments: { question: "Who built the tower?" } });
    expect(textOf(answer)).toContain("Ada Lund built the tower in 1912");
    expect(textOf(answer)).toContain("[1] Ada Lund (people/lund.md; document doc_");
    const { citations } = answer.structuredContent as { citations: { documentId: string; start: number; end: number; quote: string }[] };
    const [citation] = citations;
    const { documentId: id, start, end, quote } = citation ?? { documentId: "", start: 0, end: 0, quote: "" };
    const { structuredContent } = await client.callTool({ name: "get_document", arguments: { id, start, end } });
    expect(structuredContent).toMatchObject({ text: quote, start, end, path: "people/lund.md" });
  });

  it("is told that it is not in the documents", async () => {
    const answer = await client.callTool({ name: "ask", arguments: { question: "Who repaired the rocket engine of the Saturn V?" } });
    expect(answer.isError).toBeFalsy();
    expect(answer.structuredContent).toMatchObject({ answerable: false, citations: [] });
  });

  it("searches, with filters", async () => {
    const found = await client.callTool({ name: "search", arguments: { query: "soup with bread", limit: 2 } });
    expect(found.structuredContent).toMatchObject({ degraded: false, hits: [{ path: "recipes/soup.md" }] });
    const filters = { pathPrefixes: ["people/"] };
    const others = await client.callTool({ name: "search", arguments: { query: "soup with bread", filters } });
    expect(textOf(others)).not.toContain("recipes/");
  });

  it("lists the documents and reads one as a resource", async () => {
    const { resources } = await client.listResources();
    expect(resources.map(({ name }) => name)).toEqual(Object.keys(FILES).sort());
    const soup = resources.find(({ name }) => name === "recipes/soup.md");
    const { contents } = await client.readResource({ uri: soup?.uri ?? "" });
    expect(contents).toMatchObject([{ mimeType: "text/markdown", text: expect.stringContaining("two cod heads") }]);
  });

  it("leaves no session behind", async () => {
    expect((await api.client("GET", "/sessions")).body.sessions).toEqual([]);
  });
});

describe("a key that is confined to a folder", () => {
  it("sees no other document, by any way", async () => {
    const confined = await connect({ "x-api-key": await keyWith({ pathPrefixes: ["recipes/"] }) });
    const all = (await client.listResources()).resources;
    expect((await confined.listResources()).resources.map(({ name }) => name)).toEqual(["recipes/soup.md"]);
    const hidden = all.find(({ name }) => name === "people/lund.md")?.uri ?? "";
    await expect(confined.readResource({ uri: hidden })).rejects.toMatchObject({ code: -32_602 });
    const id = hidden.slice(hidden.lastIndexOf("/") + 1);
    const read = await confined.callTool({ name: "get_document", arguments: { id } });
    expect(read).toMatchObject({ isError: true, _meta: { "rag-personal/error": { code: "not_found" } } });
    const answers = [
      await confined.callTool({ name: "ask", arguments: { question: "Who built the tower?" } }),
      await confined.callTool({ name: "search", arguments: { query: "Ada Lund tower", filters: { pathPrefixes: ["people/"] } } }),
    ];
    expect(JSON.stringify(answers)).not.toContain("1912");
  });
});

describe("what is refused", () => {
  const attempt = (headers: Readonly<Record<string, string>>) => connect(headers).then(() => undefined);

  it("is a host without a key, or with a wrong one", async () => {
    for (const headers of [{}, { authorization: "Bearer wrong" }]) {
      await expect(attempt(headers)).rejects.toSatisfy((error) => error instanceof StreamableHTTPError && error.code === 401);
    }
  });

  it("is a page of an origin that was not let in, good key or not", async () => {
    const key = { authorization: `Bearer ${api.apiKey}` };
    for (const origin of ["http://evil.example", server.address]) {
      await expect(attempt({ ...key, origin })).rejects.toSatisfy((error) => error instanceof StreamableHTTPError && error.code === 403);
    }
    await expect(attempt({ ...key, origin: APP })).resolves.toBeUndefined();
  });
});
