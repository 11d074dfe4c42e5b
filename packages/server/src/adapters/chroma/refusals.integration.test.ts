/** What callers see of a server that is no Chroma, not the right one, or out of its mind. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectForTest, type TestedChroma } from "../../../test-support/chroma-scene.ts";
import { type ChromaServer, chromaClient, startChromaServer } from "../../../test-support/chroma-server.ts";
import { type FalseChroma, startFalseChroma } from "../../../test-support/false-chroma.ts";
import { until } from "../../../test-support/redis-scene.ts";
import { chromaCollection } from "./collection.ts";
import { createChromaVectorStore } from "./vector-store.ts";

const DESCRIPTION = { generation: 1, embedderId: "test/embedder@1", dimensions: 4 };
const VECTOR = Float32Array.of(1, 0, 0, 0);
const AWAY = expect.objectContaining({ code: "store_unavailable" });
const HTML = { status: 200, type: "text/html", body: "<html>Please log in</html>" };

let server: FalseChroma;
let chroma: TestedChroma | undefined;
let real: ChromaServer | undefined;

beforeEach(async () => {
  server = await startFalseChroma();
});

afterEach(async () => {
  chroma?.close();
  await server.close();
  await real?.remove();
  real = undefined;
});

function connect(token?: string): TestedChroma {
  chroma = connectForTest(server.url, { token });
  return chroma;
}

describe("a server of another version", () => {
  it.each(["0.6.3", "2.0.0"])("is refused (%s), loudly, and used once it is replaced", async (version) => {
    server.version = version;
    const connection = connect();
    await expect(createChromaVectorStore(connection).ping()).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("version"),
    });
    expect(connection.lines).toEqual([
      {
        level: "error",
        message: "CHROMA IS NOT A SUPPORTED VERSION: use 1.x",
        fields: expect.objectContaining({ reason: expect.stringContaining(version) }),
      },
    ]);
    server.version = "1.0.0";
    await until(() => connection.state() === "ready", "it was not used");
  });
});

describe("a server that is no Chroma", () => {
  it("is never ready", async () => {
    server.version = "<html>";
    const connection = connect();
    await expect(createChromaVectorStore(connection).ping()).rejects.toEqual(AWAY);
    expect(connection.state()).toBe("away");
  });

  it.each([
    ["a page", HTML],
    ["an empty object", { status: 200, type: "application/json", body: "{}" }],
    ["nothing that is JSON", { status: 200, type: "application/json", body: '{"ids":[["a"' }],
    ["null", { status: 200, type: "application/json", body: "null" }],
    ["more ids than distances", { status: 200, type: "application/json", body: '{"ids":[["a","b"]],"distances":[[0.1]],"include":["distances"]}' }],
    ["no numbers", { status: 200, type: "application/json", body: '{"ids":[["a"]],"distances":[[null]],"include":["distances"]}' }],
    ["a failure", { status: 500, type: "text/html", body: "<html>" }],
    ["a gateway's word", { status: 502, type: "text/html", body: "<html>" }],
    ["that there is too much to do", { status: 429, type: "application/json", body: "{}" }],
  ])("is never taken at its word: %s is no finding", async (_, answer) => {
    const connection = connect();
    const vectors = chromaCollection(connection, "some-id", DESCRIPTION);
    server.answer = answer;
    await expect(vectors.nearest(VECTOR, { limit: 3 })).rejects.toEqual(AWAY);
    await until(() => connection.state() === "ready", "it was not tried again");
    await expect(vectors.listChunkIds()).rejects.toEqual(AWAY);
    await until(() => connection.state() === "ready", "it was not tried again");
    await expect(createChromaVectorStore(connection).open(DESCRIPTION)).rejects.toEqual(AWAY);
    await until(() => connection.state() === "ready", "it was not tried again");
    await expect(createChromaVectorStore(connection).list()).rejects.toEqual(AWAY);
  });

  it("has stored and removed nothing when it answers with a page", async () => {
    const connection = connect();
    const vectors = chromaCollection(connection, "some-id", DESCRIPTION);
    server.answer = HTML;
    await expect(vectors.upsert([{ chunkId: "a", documentId: "d", vector: VECTOR }])).rejects.toEqual(AWAY);
    await until(() => connection.state() === "ready", "it was not tried again");
    await expect(vectors.remove(["a"])).rejects.toEqual(AWAY);
  });

  it("is not followed elsewhere, nor told the token there", async () => {
    const elsewhere = await startFalseChroma();
    const connection = connect("s3cret-token");
    server.answer = { status: 307, type: "text/html", body: "", location: elsewhere.url };
    await expect(chromaCollection(connection, "some-id", DESCRIPTION).listChunkIds()).rejects.toEqual(AWAY);
    expect(elsewhere.tokens).toEqual([]);
    await elsewhere.close();
  });
});

describe("a server that reads its files yet", () => {
  const FOUND = { status: 200, type: "application/json", body: '{"ids":[["a"]],"distances":[[0]],"include":["distances"]}' };

  it("is asked again for what it does not answer in time, until it has answered once; from then on silence means that it is away", async () => {
    const connection = connect();
    const vectors = chromaCollection(connection, "some-id", DESCRIPTION);
    server.isSilent = true;
    const search = () => vectors.nearest(VECTOR, { limit: 1 });
    for (let time = 0; time < 2; time += 1) {
      const asked = server.tokens.length;
      await expect(search()).rejects.toEqual(AWAY);
      await until(() => server.tokens.length >= asked + 2, "it was not asked for its version");
      expect(connection.state()).toBe("ready");
    }
    server.isSilent = false;
    server.answer = FOUND;
    expect(await search()).toEqual([{ chunkId: "a", similarity: 1 }]);
    server.isSilent = true;
    await expect(search()).rejects.toEqual(AWAY);
    expect(connection.state()).toBe("away");
  });
});

describe("a server that wants a token", () => {
  it("gets it with every call", async () => {
    const connection = connect("s3cret-token");
    await createChromaVectorStore(connection).ping();
    expect(new Set(server.tokens)).toEqual(new Set(["s3cret-token"]));
  });

  it.each([401, 403])("and refuses ours (%i) is an alarm", async (status) => {
    const connection = connect("wrong");
    server.answer = { status, type: "application/json", body: "{}" };
    await expect(chromaCollection(connection, "some-id", DESCRIPTION).listChunkIds()).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("credentials"),
    });
    await until(() => connection.lines.some(({ level }) => level === "error"), "nothing was logged");
  });
});

describe("an address", () => {
  it.each(["ftp://127.0.0.1:8000", "http://user:s3cret@127.0.0.1:8000", "http://127.0.0.1:8000/chroma", "s3cret"])(
    "that cannot be one is refused, and not repeated",
    (url) => {
      expect(() => connectForTest(url)).toThrow(TypeError);
      expect(() => connectForTest(url)).not.toThrow(/s3cret/);
    },
  );
});

describe("a collection under our name", () => {
  it.each([
    ["that somebody else made", undefined, "cosine"],
    ["of a later format", { format: 2, ...DESCRIPTION }, "cosine"],
    ["of another generation", { format: 1, ...DESCRIPTION, generation: 2 }, "cosine"],
    ["that measures otherwise", { format: 1, ...DESCRIPTION }, "l2"],
  ] as const)("%s is refused, with the command that repairs it", async (_, metadata, space) => {
    real = await startChromaServer();
    const operator = chromaClient(real);
    await operator.createCollection({
      name: "rag-chunks-g1",
      embeddingFunction: null,
      configuration: { hnsw: { space } },
      ...(metadata === undefined ? {} : { metadata }),
    });
    chroma = connectForTest(real.url);
    await expect(createChromaVectorStore(chroma).open(DESCRIPTION)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("rag reindex"),
    });
  });
});
