/** Killed with -9 again and again in the middle of ingestion and feedback: what was acknowledged is there, and what was begun is finished. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRandomSource } from "../../core/src/semantic/random.ts";
import { startEmbeddedPostgres } from "../src/adapters/pglite/embedded-postgres.ts";
import { connectPostgres, type PostgresStores } from "../src/adapters/postgres/connection.ts";
import { connectApi } from "../test-support/api.ts";
import { freePort } from "../test-support/free-port.ts";
import { launchServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const KILLS = 20;
/** A kill comes after fewer than so many acknowledgements, so that it meets every stage of a start and of the work, however slow the machine. */
const ACKNOWLEDGED_BEFORE = 8;
const LONGEST_ROUND_MS = 30_000;
const FILES = 60;
const CHANGED_EACH_TIME = 30;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Looks into the data of a server that is not running. */
async function inspect<T>(dataDir: string, look: (stores: PostgresStores) => Promise<T>): Promise<T> {
  const embedded = await startEmbeddedPostgres({ dataDir: join(dataDir, "postgres") });
  try {
    const stores = await connectPostgres({ server: embedded.connection, maxConnections: 2, timeoutMs: 10_000 });
    try {
      return await look(stores);
    } finally {
      await stores.close();
    }
  } finally {
    await embedded.stop();
  }
}

/** Tries until it succeeds; the server may not listen yet. */
async function untilItAnswers(request: () => Promise<Response>, isOver: () => boolean): Promise<Response | undefined> {
  while (!isOver()) {
    try {
      return await request();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return undefined;
}

/** What the server said was stored. */
interface Acknowledged {
  readonly feedback: Set<string>;
  /** Hash of the version, by path. */
  readonly documents: Map<string, string>;
}

interface Victim {
  readonly address: string;
  readonly apiKey: string;
  readonly adminPassword: string;
  isKilled: boolean;
}

/** Sends one feedback after the other until the server is gone. */
async function writeFeedback(victim: Victim, firstId: number, acknowledged: Acknowledged): Promise<void> {
  const headers = { "x-api-key": victim.apiKey, "content-type": "application/json" };
  for (let at = firstId; !victim.isKilled; at += 1) {
    const id = `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`;
    const send = (): Promise<Response> =>
      fetch(`${victim.address}/feedback`, { method: "POST", headers, body: JSON.stringify({ id, rating: "up" }) });
    const response = await untilItAnswers(send, () => victim.isKilled);
    if (response?.status === 201) acknowledged.feedback.add(id);
  }
}

/** Follows the ingestion that the start began, file by file, until the server is gone. */
async function followIngestion(victim: Victim, texts: ReadonlyMap<string, string>, acknowledged: Acknowledged): Promise<void> {
  const record = ({ path, outcome }: { path: string; outcome: string }): void => {
    if (outcome === "added" || outcome === "changed") acknowledged.documents.set(path, sha256(texts.get(path) ?? ""));
  };
  const form = new URLSearchParams({ username: "admin", password: victim.adminPassword });
  const login = await untilItAnswers(
    () => fetch(`${victim.address}/auth/token`, { method: "POST", body: form }),
    () => victim.isKilled,
  );
  if (login === undefined) return;
  const headers = { authorization: `Bearer ${(await login.json()).access_token}` };
  const job = await (await fetch(`${victim.address}/ingest`, { method: "POST", headers })).json();
  for (const file of job.files) record(file);
  const events = await fetch(`${victim.address}/ingest/${job.id}`, { headers: { ...headers, accept: "text/event-stream" } });
  let text = "";
  for await (const part of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    for (const [, data = "{}"] of text.matchAll(/event: file\ndata: (.*)\n\n/g)) record(JSON.parse(data));
  }
}

/** Every document reported is stored in the version reported, and at least the feedback acknowledged. */
async function expectKept(dataDir: string, acknowledged: Acknowledged): Promise<void> {
  await inspect(dataDir, async ({ documents, feedback }) => {
    const stored = new Map((await documents.listDocuments()).map(({ path, sourceHash }) => [path, sourceHash]));
    for (const [path, hash] of acknowledged.documents) expect([path, stored.get(path)]).toEqual([path, hash]);
    const { up } = await feedback.countFeedback();
    expect(up).toBeGreaterThanOrEqual(acknowledged.feedback.size);
  });
}

describe("kill -9 at random moments", () => {
  it(`loses nothing acknowledged in ${KILLS} kills, and the next start finishes the ingestion`, { timeout: 600_000 }, async () => {
    const folder = await temporaryDirectory();
    const dataDir = join(folder.path, "data");
    const docs = join(folder.path, "docs");
    await mkdir(docs);
    const random = createRandomSource(20_26);
    const texts = new Map<string, string>();
    const change = async (at: number, round: number): Promise<void> => {
      const text = `# File ${at}\n\n${`Sentence of round ${round} about subject ${at}. `.repeat(200)}`;
      texts.set(`file-${at}.md`, text);
      await writeFile(join(docs, `file-${at}.md`), text);
    };
    const feedback = new Set<string>();
    let documentsReported = 0;

    try {
      const warmUp = await startServer({ DATA_DIR: dataDir, DOCS_DIR: docs });
      const { apiKey, adminPassword } = await warmUp.secrets();
      await warmUp.stop();

      for (let round = 0; round < KILLS; round += 1) {
        for (let at = 0; at < CHANGED_EACH_TIME; at += 1) await change((at + round * 7) % FILES, round);
        const port = await freePort();
        const server = launchServer({ DATA_DIR: dataDir, DOCS_DIR: docs, PORT: String(port), LOG_LEVEL: "silent" });
        const victim: Victim = { address: `http://127.0.0.1:${port}`, apiKey, adminPassword, isKilled: false };
        const acknowledged: Acknowledged = { feedback, documents: new Map() };
        const clients = Promise.allSettled([writeFeedback(victim, round * 10_000, acknowledged), followIngestion(victim, texts, acknowledged)]);
        await untilItAnswers(
          () => fetch(`${victim.address}/health/live`),
          () => server.process.exitCode !== null,
        );
        const [before, wanted, deadline] = [feedback.size, random() % ACKNOWLEDGED_BEFORE, performance.now() + LONGEST_ROUND_MS];
        const count = (): number => (round % 2 === 0 ? acknowledged.documents.size : feedback.size - before);
        while (count() < wanted && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
        await new Promise((resolve) => setTimeout(resolve, random() % 100));
        await server.stop("SIGKILL");
        victim.isKilled = true;
        await clients;
        await expectKept(dataDir, acknowledged);
        documentsReported += acknowledged.documents.size;
      }
      // A test that killed before anything was acknowledged would have shown nothing.
      expect(feedback.size).toBeGreaterThan(KILLS);
      expect(documentsReported).toBeGreaterThan(KILLS);

      const last = await startServer({ DATA_DIR: dataDir, DOCS_DIR: docs });
      const api = await connectApi(last);
      const { body } = await api.admin("GET", "/documents");
      const stored = Object.fromEntries(body.documents.map(({ path, sourceHash }: Record<string, string>) => [path, sourceHash]));
      expect(stored).toEqual(Object.fromEntries([...texts].map(([path, text]) => [path, sha256(text)])));
      expect((await api.ingest()).counts).toMatchObject({ added: 0, changed: 0, failed: 0 });
      await last.stop();
    } finally {
      await folder.remove();
    }
  });
});
