/** A server over a real PostgreSQL and a real Chroma, with documents that change and a model of its own for the vectors. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { type Api, connectApi } from "../test-support/api.ts";
import { type ChromaServer, startChromaServer } from "../test-support/chroma-server.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";
import { writeTinyEmbedder } from "../test-support/tiny-model/tiny-model.ts";
import { countUnfound, listIds, liveCollection } from "./chroma-contents.ts";
import type { Observer } from "./observer.ts";
import type { RequestKind } from "./record.ts";
import type { RowOptions, Violation } from "./row.ts";
import { type Scene, startScene } from "./scene.ts";
import { timeUntil } from "./waiting.ts";

const FILES = 50;
const SECTIONS = 40;
/** Files written anew before each injection. */
const CHANGED = 10;
/** Vectors that are looked for by themselves at the end. */
const RECALLED = 500;
const IN_STEP_WITHIN_MS = 60_000;

/** What must hold while Chroma is away: everything is answered, questions by words and the learnt space, and marked so. */
export const PROMISED_WITHOUT_CHROMA = {
  answered: new Set<RequestKind>(["chat", "chat, cached", "chat, streamed", "search", "feedback", "health", "session"]),
  // A question waits for one search in Chroma, 500 ms at most.
  deadlineMs: (): number => 1_000,
};

export interface ChromaScene extends Scene {
  readonly chroma: ChromaServer;
  /** Of the server. */
  readonly settings: Readonly<Record<string, string>>;
  readonly api: Api;
  /** Writes some files anew and begins to read them. */
  changeDocuments(): Promise<void>;
  /** Waits until no ingestion runs and every chunk has its vector; returns the milliseconds. */
  untilInStep(): Promise<number>;
  /** Chroma shows as serving, and a search had its answer. */
  isBack(): Promise<boolean>;
  /** What differs between Chroma and the record, asked of both past the program. */
  checkVectors(): Promise<{ readonly violations: readonly Violation[]; readonly remark: string }>;
}

export interface ChromaSceneOptions {
  /** Settings of the server, and of its process, in addition. */
  readonly more?: Readonly<Record<string, string>>;
  /** The folder that Chroma's own is made in. */
  readonly chromaWithin?: string | undefined;
}

export async function startChromaScene(options: RowOptions, { more = {}, chromaWithin }: ChromaSceneOptions = {}): Promise<ChromaScene> {
  const { cleanUp, random } = options;
  const chroma = await startChromaServer(chromaWithin);
  cleanUp.add(() => chroma.remove());
  const database = await startPostgresServer();
  cleanUp.add(() => database.remove());
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  const docs = join(folder.path, "docs");
  const model = join(folder.path, "model");
  await mkdir(docs);
  await writeTinyEmbedder(model);
  let round = 0;
  const write = async (file: number): Promise<void> => {
    const sections = Array.from({ length: SECTIONS }, (_, at) => `## Section ${at}\n\n${sentences(file, at, round)}`);
    await writeFile(join(docs, `file-${file}.md`), `# File ${file}\n\n${sections.join("\n\n")}\n`);
  };
  for (let file = 0; file < FILES; file += 1) await write(file);
  const settings = { DATABASE_URL: database.url, CHROMA_URL: chroma.url, EMBEDDING_MODEL: model, DOCS_DIR: docs, ...more };
  const scene = await startScene(settings, options);
  const api = await connectApi(scene.server);
  const job = { id: "" };

  async function isIdle(): Promise<boolean> {
    if (job.id === "") return true;
    const { status, body } = await api.admin("GET", `/ingest/${job.id}`);
    return status === 200 && body.state !== "running";
  }
  const isInStep = async (): Promise<boolean> =>
    (await isIdle()) && (await isChromaBack(scene.observer)) && (await scene.observer.metric("rag_vectors_missing")) === 0;
  async function untilInStep(): Promise<number> {
    const took = await timeUntil(isInStep, performance.now(), IN_STEP_WITHIN_MS);
    if (took === undefined) throw new Error(`the vectors were not in step within ${IN_STEP_WITHIN_MS} ms`);
    return took;
  }
  await untilInStep();

  return {
    ...scene,
    chroma,
    settings,
    api,
    untilInStep,
    async isBack() {
      if (!(await isChromaBack(scene.observer))) return false;
      const { status, body } = await api.client("POST", "/search", { body: { query: "What about the lamp?", limit: 1 } });
      return status === 200 && body.degraded === false;
    },
    async changeDocuments() {
      round += 1;
      for (let changed = 0; changed < CHANGED; changed += 1) await write(Math.floor(random() * FILES));
      const { body } = await api.admin("POST", "/ingest");
      job.id = String(body.id);
    },
    async checkVectors() {
      await untilInStep();
      const sql = postgres(database.url, { max: 1 });
      const recorded = (await sql<{ id: string }[]>`select id from chunks`).map(({ id }) => id);
      await sql.end({ timeout: 1 });
      const collection = await liveCollection(chroma, api);
      const stored = await listIds(collection);
      const missing = recorded.filter((id) => !stored.has(id));
      const extra = [...stored].filter((id) => !recorded.includes(id));
      const unfound = await countUnfound(collection, [...stored], RECALLED);
      const violations: Violation[] = [
        ...missing.map((id): Violation => ({ kind: "lost", detail: `chunk ${id} has no vector` })),
        ...extra.map((id): Violation => ({ kind: "doubled", detail: `chunk ${id} has a vector and is not in the record` })),
        ...(unfound === 0 ? [] : [{ kind: "lost" as const, detail: `${unfound} of ${RECALLED} vectors are not found by themselves` }]),
      ];
      const remark = `${recorded.length} chunks in the record, ${missing.length} missing in Chroma, ${extra.length} extra, ${unfound} of ${RECALLED} not found by themselves`;
      return { violations, remark };
    },
  };
}

export const isChromaAway = async (observer: Observer): Promise<boolean> => (await observer.metric('rag_vectors_state{state="away"}')) === 1;

/** Questions are answered with its vectors again; those of documents that changed meanwhile may be missing yet. */
export const isChromaBack = async (observer: Observer): Promise<boolean> => (await observer.metric('rag_vectors_state{state="serving"}')) === 1;

/** Enough different words that no two chunks look alike to a small model. */
function sentences(file: number, section: number, round: number): string {
  const word = (at: number): string =>
    ["lamp", "goat", "engine", "horn", "boat", "tower", "kitchen", "garden"][(file * 7 + section * 3 + at * 5 + round) % 8] ?? "";
  return Array.from(
    { length: 12 },
    (_, at) => `In case ${file * 1_000 + section * 20 + at + round} the ${word(at)} stands by the ${word(at + 1)}.`,
  ).join(" ");
}
