import { fork } from "node:child_process";
import { createReadStream } from "node:fs";
import { cp, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { rerankerContract } from "../../../../core/src/reranking/reranker.contract.ts";
import { embedderContract } from "../../../../core/src/semantic/embedder.contract.ts";
import { embedderOptionsFor, optionsFor } from "../../../test-support/local-model-options.ts";
import { createModelFolder } from "../../../test-support/local-model-scene.ts";
import { TINY_DIMENSIONS } from "../../../test-support/tiny-model/graphs.ts";
import { TINY_MAX_TOKENS, writeTinyEmbedder, writeTinyReranker } from "../../../test-support/tiny-model/tiny-model.ts";
import { type LocalEmbedderOptions, openLocalEmbedder } from "./embedder.ts";
import { openLocalReranker } from "./reranker.ts";

let models: string;
let tiny: string;
const openModels: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  models = await createModelFolder();
  tiny = join(models, "tiny");
  await writeTinyEmbedder(tiny);
  for (const labels of [1, 2] as const) await writeTinyReranker(join(models, `reranker-${labels}`), labels);
});

afterAll(async () => {
  for (const model of openModels) await model.close();
});

async function kept<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
  const model = await opening;
  openModels.push(model);
  return model;
}

async function open(path: string, overrides: Partial<LocalEmbedderOptions> = {}) {
  const embedder = await openLocalEmbedder(embedderOptionsFor(path, overrides));
  onTestFinished(() => embedder.close());
  return embedder;
}

const failureOf = (opening: Promise<unknown>) =>
  opening.then(
    () => "it was opened",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

embedderContract("a model in a folder", () => kept(openLocalEmbedder(embedderOptionsFor(tiny))));
embedderContract("a model with prefixes", () =>
  kept(openLocalEmbedder(embedderOptionsFor(tiny, { queryPrefix: "query: ", passagePrefix: "passage: " }))),
);
rerankerContract("a cross-encoder with one logit", () => kept(openLocalReranker(optionsFor(join(models, "reranker-1")))));
rerankerContract("a cross-encoder with two logits", () => kept(openLocalReranker(optionsFor(join(models, "reranker-2")))));

describe("an embedder on this machine", () => {
  it("knows the length of its vectors, and puts what the model was trained with before the texts", async () => {
    const plain = await open(tiny);
    expect(plain.dimensions).toBe(TINY_DIMENSIONS);
    const prefixed = await open(tiny, { queryPrefix: "query: ", passagePrefix: "passage: " });
    expect(await prefixed.embed(["tea"], { purpose: "query" })).toEqual(await plain.embed(["query: tea"], { purpose: "query" }));
    expect(await prefixed.embed(["tea"], { purpose: "passage" })).toEqual(await plain.embed(["passage: tea"], { purpose: "query" }));
  });

  it("reads of a long text as many tokens as the model takes", async () => {
    const embedder = await open(tiny);
    // A letter is a token; two more open and close the text.
    const fits = "a ".repeat(TINY_MAX_TOKENS - 2);
    const [whole, longer, shorter] = await embedder.embed([`b ${fits.slice(2)}`, `b ${fits} ${"zebra ".repeat(50)}`, fits.slice(2)], {
      purpose: "passage",
    });
    expect(longer).toEqual(whole);
    expect(shorter).not.toEqual(whole);
  });

  it("has an id that tells apart whatever makes other vectors", async () => {
    const other = join(models, "other", "tiny");
    await writeTinyEmbedder(other, { seed: 2 });
    const copy = join(models, "copy", "tiny");
    await cp(tiny, copy, { recursive: true });
    const { id } = await open(tiny);
    expect(id).toMatch(/^tiny [0-9a-f]{16} fp32 mean$/);
    expect((await open(copy)).id).toBe(id);
    const ids = [
      await open(other),
      await open(tiny, { pooling: "cls" }),
      await open(tiny, { queryPrefix: "query: " }),
      await open(tiny, { passagePrefix: "query: " }),
    ].map((each) => each.id);
    expect(new Set([id, ...ids]).size).toBe(5);
  });
});

describe("a model that cannot be used", () => {
  it("is named with the file that is missing", async () => {
    expect(await failureOf(open(join(models, "nowhere")))).toMatch(/nowhere is no model of precision fp32: it must hold .*onnx\/model\.onnx/);
    expect(await failureOf(open(tiny, { precision: "q8" }))).toContain("onnx/model_quantized.onnx");
  });

  it("is named with what is wrong with its files", async () => {
    const broken = join(models, "broken");
    await cp(tiny, broken, { recursive: true });
    await writeFile(join(broken, "onnx", "model.onnx"), "no network");
    expect(await failureOf(open(broken))).toContain("broken cannot be loaded: ");
  });

  it("is named when it is of another kind", async () => {
    expect(await failureOf(openLocalReranker(optionsFor(tiny)))).toMatch(/tiny (does not do what it is configured for|cannot be loaded): /);
    expect(await failureOf(open(join(models, "reranker-1")))).toMatch(/reranker-1 (does not do what it is configured for|cannot be loaded): /);
  });

  it("is named with what to do when that which runs it is not installed", async () => {
    const withoutRuntime = `import { registerHooks } from "node:module";
      registerHooks({ resolve(name, context, next) { return next(name.startsWith("@xenova/") ? "@xenova/absent" : name, context); } });`;
    const opening = open(tiny, {
      startProcess: (file, options) =>
        fork(file, [], { ...options, execArgv: ["--import", `data:text/javascript,${encodeURIComponent(withoutRuntime)}`] }),
    });
    expect(await failureOf(opening)).toMatch(/not installed. `npm start` installs it when EMBEDDING_MODEL or RERANKER_MODEL is set/);
  });
});

describe("a model of the hub", () => {
  /** Serves the files of the tiny model as the hub does. */
  async function startHub() {
    const asked: string[] = [];
    const server = createServer(async (request, response) => {
      const [, file] = /^\/owner\/tiny\/resolve\/(?:main|v2)\/(.+)$/.exec(request.url ?? "") ?? [];
      asked.push(`${request.method} ${request.url}`);
      const path = join(tiny, file ?? "nothing");
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile()) return void response.writeHead(404).end();
      response.writeHead(200, { "content-length": found.size });
      if (request.method === "HEAD") return void response.end();
      createReadStream(path).pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const stop = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    onTestFinished(stop);
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the hub has no port");
    return { url: `http://127.0.0.1:${address.port}`, asked, stop };
  }

  it.each(["main", "v2"])("is fetched once at revision %s, and then needs no hub", async (revision) => {
    const hub = await startHub();
    const modelsDir = join(models, `fetched-${revision}`);
    const fetched = { source: { kind: "hub", name: "owner/tiny", revision }, modelsDir, hubUrl: hub.url } as const;
    const first = await open(tiny, fetched);
    const [vector] = await first.embed(["tea"], { purpose: "query" });
    expect(hub.asked).toContain(`GET /owner/tiny/resolve/${revision}/onnx/model.onnx`);
    expect(first.id).toContain(`owner/tiny@${revision} `);
    await hub.stop();
    const again = await open(tiny, fetched);
    expect(again.id).toBe(first.id);
    expect((await again.embed(["tea"], { purpose: "query" }))[0]).toEqual(vector);
  });

  it("is fetched to its end after a fetch that was broken off", async () => {
    const hub = await startHub();
    const modelsDir = join(models, "broken-off");
    await mkdir(join(modelsDir, "owner", "tiny"), { recursive: true });
    await cp(join(tiny, "config.json"), join(modelsDir, "owner", "tiny", "config.json"));
    const embedder = await open(tiny, { source: { kind: "hub", name: "owner/tiny", revision: "main" }, modelsDir, hubUrl: hub.url });
    expect(embedder.dimensions).toBe(TINY_DIMENSIONS);
  });

  it("is named when the hub does not have it or is away", async () => {
    const hub = await startHub();
    const source = { kind: "hub", name: "owner/absent", revision: "main" } as const;
    const modelsDir = join(models, "absent");
    await rm(modelsDir, { recursive: true, force: true });
    expect(await failureOf(open(tiny, { source, modelsDir, hubUrl: hub.url }))).toContain(
      "owner/absent at main cannot be fetched from http://127.0.0.1",
    );
    await hub.stop();
    expect(await failureOf(open(tiny, { source, modelsDir, hubUrl: hub.url }))).toContain("cannot be fetched");
  });

  it("is not asked for a model in a folder", async () => {
    const hub = await startHub();
    await open(tiny, { hubUrl: hub.url });
    expect(hub.asked).toEqual([]);
  });
});
