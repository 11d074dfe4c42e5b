import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCountingEmbedder, createVectorScene, fillVectorScene, liveGeneration, type VectorScene } from "../../test-support/vector-scene.ts";
import type { SemanticSpace } from "../semantic/semantic-space.ts";
import { createSpaceVectorizer } from "./vectorizer.ts";

const recordedIds = ({ record }: VectorScene): string[] => [...record.values()].flatMap((chunks) => chunks.map(({ id }) => id)).sort();

describe("a vector index", () => {
  it("builds its first generation from what is stored, and finds by it", async () => {
    const scene = await fillVectorScene();
    expect(await scene.find("which one swims in the sea")).toEqual([scene.record.get("cod")?.[0]?.id]);
    expect(scene.index.status()).toMatchObject({ state: "serving", chunks: 4, missing: 0, live: { embedderId: "hash-64-1", dimensions: 64 } });
  });

  it("says that it is not ready until then", async () => {
    const scene = createVectorScene();
    scene.put("owl", "The owl sleeps in the barn.");
    await expect(scene.find("owl")).rejects.toMatchObject({ code: "not_ready" });
  });

  it("follows what is changed and removed", async () => {
    const scene = await fillVectorScene();
    scene.put("owl", "The owl has moved into the church.");
    scene.remove("bee");
    await scene.settle();
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
    expect(await scene.find("church")).toEqual([scene.record.get("owl")?.[0]?.id]);
  });

  it("keeps to the filters, also when they admit too many documents to name them", async () => {
    const scene = createVectorScene();
    for (let at = 0; at < 600; at += 1) scene.put(`many-${at}`, `sparrow number ${at}`);
    scene.put("few", "sparrow");
    await scene.settle();
    const found = async (pathPrefixes: readonly string[]): Promise<string[]> =>
      (await scene.index.findNearest("sparrow", { limit: 5, filters: { pathPrefixes } })).matches.map(({ chunkId }) => chunkId.split(".")[0] ?? "");
    expect(await found(["few"])).toEqual(["few"]);
    const many = await found(["many-"]);
    expect(many).toHaveLength(5);
    expect(many).not.toContain("few");
    expect(await found([])).toEqual([]);
  });

  it("embeds a text once, whatever becomes of its document and of the store", async () => {
    const embedder = createCountingEmbedder();
    const scene = await fillVectorScene({ embedder });
    expect(embedder.passages).toHaveLength(4);
    scene.put("copy", "The bee lives in the hive.");
    await scene.store.wipe();
    scene.put("owl", "The owl sleeps in the barn.", "A new sentence.");
    await scene.find("owl").catch(() => undefined);
    await scene.settle();
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
    expect(embedder.passages.slice(4)).toEqual(["A new sentence."]);
  });

  it("goes on with what it has at the next start", async () => {
    const first = await fillVectorScene();
    await first.index.stop();
    const embedder = createCountingEmbedder();
    const second = createVectorScene({ embedder, after: first });
    await second.settle();
    expect(liveGeneration(second)).toBe(liveGeneration(first));
    expect(embedder.passages).toEqual([]);
    expect(await second.find("hive")).toEqual([first.record.get("bee")?.[0]?.id]);
  });

  it("leaves alone what another server has stored", async () => {
    const scene = await fillVectorScene();
    const [theirs] = scene.record.get("bee") ?? [];
    // Ours does not know of the document yet.
    scene.index.removeDocument("bee");
    await scene.settle();
    expect(await scene.store.idsOf(liveGeneration(scene))).toContain(theirs?.id);
  });

  it("ends in the very chunks of the record, however often the store went away in the middle of anything", async () => {
    const document = fc.integer({ min: 0, max: 5 }).map((at) => `doc-${at}`);
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("put" as const),
        document,
        texts: fc.array(fc.constantFrom("owl", "bee", "cod", "hen"), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant("remove" as const), document }),
      fc.record({ kind: fc.constant("break" as const), calls: fc.nat(6) }),
      fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(3_000) }),
      fc.record({ kind: fc.constant("reindex" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const scene = createVectorScene();
        const reindexed: Promise<unknown>[] = [];
        for (const each of steps) {
          if (each.kind === "put") scene.put(each.document, ...each.texts.map((text, at) => `${text} ${at}`));
          if (each.kind === "remove") scene.remove(each.document);
          if (each.kind === "break") scene.store.callsLeft = each.calls;
          if (each.kind === "reindex") reindexed.push(scene.index.reindex().catch(() => undefined));
          if (each.kind === "pass") {
            scene.index.refresh();
            await scene.time.advance(each.ms);
            scene.store.isAway = false;
            scene.store.callsLeft = Number.POSITIVE_INFINITY;
          }
        }
        scene.store.isAway = false;
        scene.store.callsLeft = Number.POSITIVE_INFINITY;
        await scene.settle();
        await scene.time.advance(30_000);
        await Promise.all(reindexed);
        await scene.settle();
        expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
        expect(scene.index.status()).toMatchObject({ state: "serving", missing: 0 });
        const listed = (await scene.generations.listGenerations()).map(({ generation }) => generation);
        expect([...(await scene.store.generations())].sort()).toEqual([...listed].sort());
        await scene.index.stop();
        expect(scene.time.pending()).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it("removes what a write that was given up has put there all the same", async () => {
    const scene = await fillVectorScene();
    const late = { chunkId: "owl.00000000.9", documentId: "owl", vector: new Float32Array(64) };
    scene.store.callsLeft = 0;
    scene.put("owl", "The owl is gone.");
    scene.index.refresh();
    await scene.time.advance(1_000);
    scene.store.isAway = false;
    scene.store.callsLeft = Number.POSITIVE_INFINITY;
    await scene.settle();
    await scene.store.write(liveGeneration(scene), [late]);
    await scene.time.advance(15_000);
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
  });

  it("says once that the store is away, once that it is back, and serves again by itself", async () => {
    const scene = await fillVectorScene();
    scene.lines.length = 0;
    scene.store.isAway = true;
    scene.put("hen", "The hen lays eggs.");
    scene.index.refresh();
    await scene.time.advance(20_000);
    expect(scene.index.status().state).toBe("away");
    scene.store.isAway = false;
    await scene.time.advance(600);
    expect(scene.index.status()).toMatchObject({ state: "serving", missing: 0 });
    expect(scene.lines).toEqual(["warn: the vectors are not in step with the documents; trying again", "info: the vectors are in step again"]);
  });

  it("serves again at once when it is told that the store is back", async () => {
    const scene = await fillVectorScene();
    scene.store.isAway = true;
    scene.put("hen", "The hen lays eggs.");
    scene.index.refresh();
    await scene.time.advance(20_100);
    expect(scene.index.status().state).toBe("away");
    scene.store.isAway = false;
    scene.index.storeReturned();
    await scene.time.advance(0);
    expect(scene.index.status()).toMatchObject({ state: "serving", missing: 0 });
  });
});

describe("another embedding model", () => {
  it("is refused with the command that repairs it, and no vectors are mixed", async () => {
    const first = await fillVectorScene();
    await first.index.stop();
    const second = createVectorScene({ embedder: createCountingEmbedder({ dimensions: 32, seed: 2 }), after: first });
    second.put("hen", "The hen lays eggs.");
    await second.settle();
    await expect(second.find("hen")).rejects.toMatchObject({ code: "conflict", message: expect.stringContaining("rag reindex") });
    expect(second.index.status()).toMatchObject({ state: "refused", problem: expect.stringContaining("hash-64-1") });
    expect(await second.store.idsOf(1)).not.toContain(second.record.get("hen")?.[0]?.id);

    await second.index.reindex();
    expect(await second.find("hen eggs")).toEqual([second.record.get("hen")?.[0]?.id]);
    expect(second.index.status()).toMatchObject({
      state: "serving",
      live: { embedderId: "hash-32-2", dimensions: 32 },
      previous: liveGeneration(first),
    });

    await second.index.stop();
    const third = createVectorScene({ after: second });
    await third.settle();
    expect(third.index.status().state).toBe("refused");
    await third.index.switchBack();
    expect(third.index.status()).toMatchObject({ state: "serving", live: { embedderId: "hash-64-1" }, previous: liveGeneration(second), missing: 0 });
    expect(await third.find("hen eggs")).toEqual([third.record.get("hen")?.[0]?.id]);
  });
});

describe("a reindex", () => {
  it("answers from the live generation until the next one is whole, and embeds nothing again", async () => {
    const embedder = createCountingEmbedder();
    const scene = await fillVectorScene({ embedder });
    const before = liveGeneration(scene);
    const embedded = embedder.passages.length;
    const answers: (readonly string[])[] = [];
    let isDone = false;
    const done = scene.index.reindex().then((description) => {
      isDone = true;
      return description;
    });
    await expect(scene.index.reindex()).rejects.toMatchObject({ code: "conflict" });
    while (!isDone) answers.push(await scene.find("bee hive"));
    expect((await done).generation).toBeGreaterThan(before);
    expect(new Set(answers.flat())).toEqual(new Set([scene.record.get("bee")?.[0]?.id]));
    expect(embedder.passages).toHaveLength(embedded);
    expect(scene.index.status()).toMatchObject({ previous: before, missing: 0 });
  });

  it("takes in what is stored meanwhile", async () => {
    const scene = await fillVectorScene();
    const done = scene.index.reindex();
    scene.put("hen", "The hen lays eggs.");
    scene.index.refresh();
    await done;
    await scene.settle();
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
  });

  it("can be taken back until the previous generation is removed", async () => {
    const scene = await fillVectorScene();
    const before = liveGeneration(scene);
    await scene.index.reindex();
    scene.put("hen", "The hen lays eggs.");
    await scene.settle();
    expect((await scene.index.switchBack()).generation).toBe(before);
    expect(await scene.store.idsOf(before)).toEqual(recordedIds(scene));
    expect(await scene.index.dropPrevious()).toBe(true);
    expect(await scene.index.dropPrevious()).toBe(false);
    expect(await scene.store.generations()).toEqual([before]);
    await expect(scene.index.switchBack()).rejects.toMatchObject({ code: "conflict" });
  });

  it("waits for a store that goes away in the middle, and is done when it is back", async () => {
    const scene = await fillVectorScene();
    scene.store.callsLeft = 2;
    const done = scene.index.reindex();
    await scene.time.advance(5_000);
    scene.store.isAway = false;
    scene.store.callsLeft = Number.POSITIVE_INFINITY;
    await scene.time.advance(1_000);
    await done;
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
  });
});

describe("a collection that is damaged", () => {
  it("is replaced by a reindex, and not in the way of the next one though it cannot be read", async () => {
    const scene = await fillVectorScene();
    const damaged = liveGeneration(scene);
    scene.store.damaged.add(damaged);
    await expect(scene.find("owl")).rejects.toMatchObject({ code: "store_unavailable" });
    await scene.time.advance(1_000);
    expect(scene.index.status().state).toBe("away");
    await scene.index.reindex();
    await scene.time.advance(1_000);
    expect(scene.index.status()).toMatchObject({ state: "serving", missing: 0, previous: damaged });
    expect(await scene.find("which one swims in the sea")).toEqual([scene.record.get("cod")?.[0]?.id]);
    await scene.index.reindex();
    await scene.settle();
    expect(await scene.store.generations()).not.toContain(damaged);
  });
});

describe("a store that loses everything", () => {
  it("is filled from the beginning while a generation is being built", async () => {
    const scene = await fillVectorScene();
    scene.store.callsLeft = 1;
    const done = scene.index.reindex();
    await scene.time.advance(2_000);
    await scene.store.wipe();
    scene.store.isAway = false;
    scene.store.callsLeft = Number.POSITIVE_INFINITY;
    await scene.time.advance(2_000);
    await done;
    await scene.settle();
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
    expect(await scene.find("which one swims in the sea")).toEqual([scene.record.get("cod")?.[0]?.id]);
  });
});

describe("forgetting", () => {
  it("removes vectors and embeddings at once and tells how many went, but keeps what another document says too", async () => {
    const scene = await fillVectorScene();
    scene.put("copy", "It hunts mice at night.");
    await scene.settle();
    const chunks = scene.record.get("owl") ?? [];
    scene.record.delete("owl");
    expect(await scene.index.forget(chunks)).toEqual({ vectors: 2, embeddings: 1 });
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
  });

  it("reaches what is kept for switching back, too", async () => {
    const scene = await fillVectorScene();
    const before = liveGeneration(scene);
    await scene.index.reindex();
    await scene.settle();
    const chunks = scene.record.get("owl") ?? [];
    scene.record.delete("owl");
    await scene.index.forget(chunks);
    expect(await scene.store.idsOf(before)).toEqual(recordedIds(scene));
  });

  it("tells when the vectors could not go yet, and removes them when the store is back", async () => {
    const scene = await fillVectorScene();
    const chunks = scene.record.get("owl") ?? [];
    scene.record.delete("owl");
    scene.store.isAway = true;
    expect(await scene.index.forget(chunks)).toEqual({ vectors: undefined, embeddings: 2 });
    await scene.time.advance(2_000);
    scene.store.isAway = false;
    await scene.settle();
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
  });
});

describe("the space that the index learns", () => {
  /** A space in which every chunk of the record has a direction. */
  const spaceOf = (id: string, isKnown: (chunkId: string) => boolean): SemanticSpace => ({
    id,
    dimensions: 2,
    embedQuery: () => Float32Array.of(1, 0),
    vectorOf: (chunkId) => (isKnown(chunkId) ? Float32Array.of(1, 0) : undefined),
  });

  it("gets a generation of its own each time it is learnt anew, and nobody has to ask for it", async () => {
    const known = new Set<string>();
    let space: SemanticSpace | undefined;
    const scene = createVectorScene({ vectorizer: () => createSpaceVectorizer(() => space) });
    scene.put("owl", "The owl sleeps.");
    await scene.settle();
    expect(scene.index.status().state).toBe("waiting");

    for (const id of recordedIds(scene)) known.add(id);
    space = spaceOf("lsa-1", (id) => known.has(id));
    await scene.settle();
    expect(scene.index.status()).toMatchObject({ state: "serving", live: { embedderId: "lsa-1" } });
    // It has had its say in the order of hits already.
    expect((await scene.index.findNearest("owl", { limit: 1 })).weight).toBe(0);

    space = spaceOf("lsa-2", (id) => known.has(id));
    await scene.settle();
    expect(scene.index.status()).toMatchObject({ state: "serving", live: { embedderId: "lsa-2" }, previous: undefined });
    expect(await scene.store.generations()).toHaveLength(1);
    expect(await scene.store.idsOf(liveGeneration(scene))).toEqual(recordedIds(scene));
  });
});
