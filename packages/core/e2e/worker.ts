/** A worker that runs every room of core: what it answers is compared with what Node answers. */
import {
  type AnswerEvent,
  answerQuestion,
  type ChatModel,
  type Clock,
  createAnalyzer,
  createCallBudget,
  createCallWindow,
  createCircuitBreaker,
  createHybridIndex,
  createMemorySessionStore,
  createResponseCache,
  createRetriever,
  createSingleFlight,
  createTurnQueue,
  type DocumentSource,
  type DocumentStore,
  type IndexedChunk,
  runIngestion,
  type StoredDocument,
  type Timers,
} from "../src/index.ts";

const FILES: Readonly<Record<string, string>> = {
  "tower.md":
    "# The tower\n\nThe tower was built by Ada Lund in 1912. It is 31 metres high.\n\n## The lamp\n\nThe lamp turns once in twelve seconds.",
  "boat.md": "# The boat\n\nThe boat is called Petrel. It was repaired in spring by Jonas Birk.",
  "garden.txt": "The garden grows kale and beans. Nobody may pick the apples before October.",
};

async function sha256(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
const timers: Timers = {
  set(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

const source: DocumentSource = {
  pathPrefix: "",
  async *list() {
    for (const [path, text] of Object.entries(FILES)) yield { kind: "file", path, sizeBytes: text.length, sourceHash: await sha256(text) };
  },
  async read({ path, sizeBytes, sourceHash }) {
    return { title: path, format: path.endsWith(".md") ? "markdown" : "text", text: FILES[path] ?? "", sourceHash, sizeBytes };
  },
};

function createDocuments(): DocumentStore {
  const rows = new Map<string, StoredDocument>();
  return {
    listDocuments: async () => [],
    listSomeDocuments: async () => [],
    getDocument: async (id) => rows.get(id),
    async replaceDocument(document) {
      rows.set(document.id, document);
    },
    removeDocument: async () => undefined,
    listChunkIds: async () => new Set<string>(),
    async *loadChunks() {},
  };
}

const chat: ChatModel = {
  name: "scripted",
  async *stream() {
    yield "It was built ";
    yield "by Ada Lund [1].";
  },
};

/** Ingests the files, then answers with quotes, with a model, and not at all. */
export async function runEverything(): Promise<{ readonly ingested: number; readonly answers: readonly unknown[]; readonly snapshotBytes: number }> {
  const analyzer = createAnalyzer();
  const index = createHybridIndex({ analyzer });
  const documents = createDocuments();
  let ingested = 0;
  const ingestion = runIngestion({
    source,
    documents,
    digest: sha256,
    clock,
    index: {
      upsertDocument: (chunks: readonly IndexedChunk[]) => index.upsertDocument(chunks),
      removeDocument: (id) => void index.removeDocument(id),
      refresh: () => index.refresh(),
    },
  });
  for await (const event of ingestion) if (event.type === "finished") ingested = event.counts.added;

  let ids = 0;
  const services = {
    retriever: createRetriever({ index }),
    documents,
    sessions: createMemorySessionStore(),
    cache: createResponseCache({ maxEntries: 10, clock }),
    turns: createTurnQueue(),
    flight: createSingleFlight(),
    telemetry: { stage() {}, citationDropped() {}, cacheHit() {}, answered() {} },
    clock,
    newId: () => `session-${++ids}`,
    digest: sha256,
    analyzer,
    indexFingerprint: () => index.fingerprint(),
    limits: { maxTurns: 5, maxChars: 10_000, sessionsPerPrincipal: 5 },
  };
  const budget = createCallBudget({ window: createCallWindow({ clock }), clock, timers });
  const model = { chat, breaker: createCircuitBreaker({ clock }), budget, fallback: "none" as const, maxTokens: 64 };
  const ask = async (question: string, withModel: boolean): Promise<unknown> => {
    const request = { principal: "ada", question, signal: new AbortController().signal };
    let last: AnswerEvent | undefined;
    for await (const event of answerQuestion(request, withModel ? { ...services, model } : services)) last = event;
    if (last?.type !== "done") throw new Error("the answer did not end");
    const { answer, answerable, answeredBy, citations } = last.answer;
    return { answer, answerable, answeredBy: answeredBy.kind, quotes: citations.map(({ path, quote }) => [path, quote]) };
  };
  const answers = [
    await ask("Who built the tower?", false),
    await ask("Who built the tower?", true),
    await ask("What is the boiling point of tungsten?", false),
  ];
  return { ingested, answers, snapshotBytes: index.toSnapshot()?.length ?? 0 };
}

export default {
  async fetch(): Promise<Response> {
    return Response.json(await runEverything());
  },
};
