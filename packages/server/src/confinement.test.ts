/** A key never learns of a document outside its folders: not by a filter, a follow-up, a cached answer or a near miss. */
import {
  answerInConversation,
  answerQuestion,
  type DocumentListing,
  type DocumentSummary,
  type Embedder,
  type SearchFilters,
} from "@rag-personal/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createLibrary, createScene, type LibraryScene } from "../../core/test-support/answer-scene.ts";
import { type ConfinedReading, confine, confineJob, confineJobEvents, createConfinedReading, type EmbeddingModel } from "./confinement.ts";
import type { IngestionJob, IngestionJobEvent } from "./ingestion-job.ts";
import { CLIENT_OPERATIONS, type Principal } from "./policy.ts";

/** What nobody but those who may read it should see. */
const CANARY = "quetzal";

const LIBRARY = {
  "people/Ada Lund": "Ada Lund built the tower in 1912. She lived in Visby and kept bees.",
  "people/Jonas Birk": "Jonas Birk repaired the clock in 1954. He was a watchmaker from Lund.",
  "people-archive/Eva Holm": `Eva Holm painted the tower in 1930. Her password is ${CANARY}.`,
  "secret/Plans": `The tower will be sold in May. The buyer of the tower is called ${CANARY}.`,
  "secret/Bees": `Ada Lund's bees died in 1913. The poison that killed the bees was ${CANARY}.`,
  "recipes/Fish soup": "Boil two cod heads with leeks for forty minutes. Serve the soup with rye bread.",
};

const ADMIN: Principal = { kind: "admin", id: "admin" };
const keyOf = (pathPrefixes: readonly string[] | undefined, id = "k"): Principal => ({
  kind: "apiKey",
  id,
  scope: { operations: CLIENT_OPERATIONS, pathPrefixes, budget: undefined },
});

let library: LibraryScene;
beforeAll(async () => {
  library = await createLibrary(LIBRARY);
});

/** Lists as the store does. */
async function listSomeDocuments({ limit, after = "", pathPrefixes }: DocumentListing): Promise<DocumentSummary[]> {
  return [...library.documents.values()]
    .map(({ text: _, ...summary }) => ({ ...summary, chunkCount: 1 }))
    .filter(({ path }) => path > after && admits({ pathPrefixes }, path))
    .sort((left, right) => (left.path < right.path ? -1 : 1))
    .slice(0, limit);
}

function createReading(embeddingModel: EmbeddingModel | undefined = undefined): ConfinedReading {
  const { services } = createScene(library);
  return createConfinedReading({
    ask: (request) => answerQuestion(request, services),
    converse: (request) => answerInConversation(request, services),
    embeddingModel: () => embeddingModel,
    search: (query, options) => services.retriever.retrieve(query, options),
    documents: { listSomeDocuments, getDocument: services.documents.getDocument },
  });
}

async function ask(reading: ConfinedReading, principal: Principal, question: string, more: { filters?: SearchFilters; sessionId?: string } = {}) {
  let whole = "";
  let sessionId = "";
  for await (const event of reading.ask({ principal, question, ...more, signal: new AbortController().signal })) {
    whole += JSON.stringify(event);
    if (event.type === "session") sessionId = event.sessionId;
  }
  return { whole, sessionId };
}

const folder = fc.constantFrom("people/", "people-archive/", "secret/", "recipes/", "nothing/");
const asked = fc.constantFrom(
  "",
  "p",
  "people",
  "people/",
  "people/a",
  "people-archive/",
  "secret/plans.txt",
  "s",
  "recipes/",
  "../secret/",
  "/",
  "x",
);
const filters: fc.Arbitrary<SearchFilters | undefined> = fc.option(
  fc.record({
    pathPrefixes: fc.option(fc.array(asked, { maxLength: 4 }), { nil: undefined }),
    documentIds: fc.option(fc.constantFrom("some", "all", "none"), { nil: undefined }).map((which) => {
      const ids = [...library.documents.keys()];
      return which === undefined ? undefined : which === "all" ? ids : which === "some" ? ids.slice(0, 4) : ["doc_none"];
    }),
  }),
  { nil: undefined },
);

const admits = (given: SearchFilters | undefined, path: string): boolean =>
  given?.pathPrefixes === undefined || given.pathPrefixes.some((prefix) => path.startsWith(prefix));

describe("confined filters", () => {
  it("admit exactly the paths that both the filters and the scope admit", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 5 });
    const list = fc.option(fc.array(text, { maxLength: 4 }), { nil: undefined });
    fc.assert(
      fc.property(list, list, text, (pathPrefixes, allowed, path) => {
        const given = pathPrefixes === undefined ? undefined : { pathPrefixes };
        const isInScope = allowed === undefined || admits({ pathPrefixes: allowed }, path);
        expect(admits(confine(given, allowed), path)).toBe(admits(given, path) && isInScope);
      }),
      { numRuns: 5_000 },
    );
  });

  it("keep the asked documents, and are left alone where there is no scope", () => {
    const given = { documentIds: ["doc_1"], pathPrefixes: ["people/lund", "recipes/"] };
    expect(confine(given, ["people/"])).toEqual({ documentIds: ["doc_1"], pathPrefixes: ["people/lund"] });
    expect(confine(given, undefined)).toBe(given);
    expect(confine(undefined, undefined)).toBeUndefined();
    expect(confine({ documentIds: ["doc_1"] }, ["people/"])).toEqual({ documentIds: ["doc_1"], pathPrefixes: ["people/"] });
  });

  it("outside the scope admit nothing rather than everything", () => {
    expect(confine({ pathPrefixes: ["secret/"] }, ["people/"])).toEqual({ pathPrefixes: [] });
  });
});

describe("a confined search", () => {
  it("finds all that the filters and the scope admit, and nothing else, whatever is asked", async () => {
    const reading = createReading();
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(folder, { minLength: 1, maxLength: 3 }), filters, async (allowed, given) => {
        const options = { limit: 50, filters: given };
        const confined = await reading.search(keyOf(allowed), "the tower bees clock soup password", options);
        const open = await reading.search(ADMIN, "the tower bees clock soup password", options);
        const paths = ({ hits }: typeof open): string[] => [...new Set(hits.map(({ chunk }) => chunk.path))].sort();
        for (const path of paths(confined)) expect(allowed.some((prefix) => path.startsWith(prefix))).toBe(true);
        expect(paths(confined)).toEqual(paths(open).filter((path) => allowed.some((prefix) => path.startsWith(prefix))));
      }),
    );
  });

  it("takes people/ for a folder, not for the beginning of a name", async () => {
    const hits = await createReading().search(keyOf(["people/"]), "Who painted the tower?", { limit: 50 });
    expect(JSON.stringify(hits)).not.toContain("archive");
  });
});

describe("a confined question", () => {
  const QUESTIONS = [
    "Who is the buyer of the tower?",
    "Which poison killed the bees?",
    "What is the password of Eva Holm?",
    "What does secret/plans.txt say?",
    "Who built the tower?",
  ];

  it("is answered, or refused with near misses, from the scope alone; the same question is answered to others", async () => {
    const reading = createReading();
    expect((await ask(reading, ADMIN, "Who is the buyer of the tower?")).whole).toContain(CANARY);
    for (const question of QUESTIONS) {
      // Everybody asks the same, so that a cache that mixed them up would show it.
      await ask(reading, ADMIN, question);
      await ask(reading, keyOf(undefined, "open"), question);
      for (let round = 0; round < 2; round += 1) {
        const { whole } = await ask(reading, keyOf(["people/", "recipes/"]), question);
        expect(whole).not.toContain(CANARY);
        expect(whole).not.toMatch(/secret\/|archive/);
      }
    }
  });

  it("stays confined when it follows another one, and with filters that ask for more", async () => {
    const reading = createReading();
    const key = keyOf(["people/"]);
    const { sessionId, whole } = await ask(reading, key, "Who built the tower?");
    expect(whole).toContain("1912");
    for (const question of ["And who is its buyer?", "What killed her bees?", ...QUESTIONS]) {
      for (const asked of [
        undefined,
        { pathPrefixes: ["secret/"] },
        { pathPrefixes: ["", "people-archive/"] },
        { documentIds: [...library.documents.keys()] },
      ]) {
        const answer = await ask(reading, key, question, { sessionId, ...(asked === undefined ? {} : { filters: asked }) });
        expect(answer.whole).not.toContain(CANARY);
      }
    }
  });

  it("cannot go on in somebody else's session", async () => {
    const reading = createReading();
    const { sessionId } = await ask(reading, ADMIN, "Who is the buyer of the tower?");
    await expect(ask(reading, keyOf(["people/"]), "And what is it called?", { sessionId })).rejects.toMatchObject({ code: "not_found" });
    await expect(ask(reading, keyOf(undefined, "other"), "And what is it called?", { sessionId })).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("confined documents", () => {
  const pathsOf = (documents: readonly DocumentSummary[]): string[] => documents.map(({ path }) => path);

  it("are listed as far as the scope and what is asked for go, from wherever the list begins", async () => {
    const reading = createReading();
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(folder, { minLength: 1, maxLength: 3 }), asked, asked, async (allowed, prefix, after) => {
        const listing = { limit: 100, after, pathPrefixes: prefix === "" ? undefined : [prefix] };
        const confined = pathsOf(await reading.listDocuments(keyOf(allowed), listing));
        const open = pathsOf(await reading.listDocuments(ADMIN, listing));
        expect(confined).toEqual(open.filter((path) => admits({ pathPrefixes: allowed }, path)));
      }),
    );
  });

  it("are read within the scope; others are not there", async () => {
    const reading = createReading();
    for (const { id, path } of library.documents.values()) {
      expect((await reading.getDocument(ADMIN, id))?.id).toBe(id);
      expect((await reading.getDocument(keyOf(undefined), id))?.id).toBe(id);
      expect((await reading.getDocument(keyOf(["people/"]), id))?.id).toBe(path.startsWith("people/") ? id : undefined);
    }
    expect(await reading.getDocument(keyOf(["people/"]), "doc_none")).toBeUndefined();
  });
});

describe("a confined ingestion job", () => {
  const files = [
    { path: "people/lund.md", outcome: "added", chunks: 1 },
    { path: "people-archive/holm.md", outcome: "failed", stage: "read", reason: CANARY, keptEarlierVersion: false },
  ] as const;
  const job: IngestionJob = {
    id: "job-1",
    state: "succeeded",
    startedAt: "",
    finishedAt: "",
    progress: { done: 2, total: 2 },
    counts: { added: 1, changed: 0, removed: 0, unchanged: 0, failed: 1 },
    files,
    error: null,
  };
  async function* events(): AsyncGenerator<IngestionJobEvent> {
    yield { type: "job", job };
    for (const file of files) yield { type: "file", file };
    yield { type: "progress", progress: job.progress };
    yield { type: "done", job };
  }

  it("names the files of the scope alone", async () => {
    expect(confineJob(keyOf(["people/"]), job).files).toEqual([files[0]]);
    expect(confineJob(ADMIN, job)).toBe(job);
  });

  it("tells of the files of the scope alone while it runs", async () => {
    const told = await Array.fromAsync(confineJobEvents(keyOf(["people/"]), events()));
    expect(told.map(({ type }) => type)).toEqual(["job", "file", "progress", "done"]);
    expect(JSON.stringify(told)).not.toContain(CANARY);
    expect(await Array.fromAsync(confineJobEvents(ADMIN, events()))).toHaveLength(5);
  });
});

describe("a confined question with its conversation", () => {
  it("is answered from the scope alone, whatever the conversation is said to have been", async () => {
    const reading = createReading();
    const history = [{ question: "Who is the buyer of the tower?", answer: "It stands in secret/plans.txt. [1]" }];
    const converse = async (principal: Principal, filters?: SearchFilters): Promise<string> => {
      let whole = "";
      const request = { principal, question: "And what is the buyer of the tower called?", history, filters, signal: new AbortController().signal };
      for await (const event of reading.converse(request)) whole += JSON.stringify(event);
      return whole;
    };
    expect(await converse(ADMIN)).toContain(CANARY);
    for (const filters of [undefined, { pathPrefixes: ["secret/"] }, { documentIds: [...library.documents.keys()] }]) {
      expect(await converse(keyOf(["people/"]), filters)).not.toContain(CANARY);
    }
  });
});

describe("a confined embedding", () => {
  const embedder: Embedder = { id: "e", dimensions: 1, embed: async () => [] };

  it("is none where the model was learnt from documents outside of the scope: its vectors would tell their words", () => {
    const reading = createReading({ embedder, isLearnt: true });
    expect(reading.embedder(keyOf(["people/"]))).toBe("outOfReach");
    expect(reading.embedder(keyOf(undefined))).toBe(embedder);
    expect(reading.embedder(ADMIN)).toBe(embedder);
  });

  it("is that of a configured model, which knows nothing of the documents", () => {
    expect(createReading({ embedder, isLearnt: false }).embedder(keyOf(["people/"]))).toBe(embedder);
    expect(createReading().embedder(ADMIN)).toBe("none");
  });
});
