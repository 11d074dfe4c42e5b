/**
 * Asks a real server over HTTP and checks what it says: every citation against the stored text, gold passages and strings
 * where the data set has them, and refusals of questions about something else. Prints figures and writes them as JSON.
 *
 * Usage: node bench/server-answers.ts [data folder]
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { mean, median } from "./ranking-metrics.ts";

const ROOT = resolve(import.meta.dirname, "..");
const DATA = resolve(process.argv[2] ?? join(ROOT, "..", "shared", "data"));
const FOREIGN_QUESTIONS = 200;
const START_TIMEOUT_MS = 300_000;

interface Citation {
  readonly documentId: string;
  readonly contentHash: string;
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly quote: string;
}

interface Answer {
  readonly answerable: boolean;
  readonly citations: readonly Citation[];
}

interface Question {
  readonly id: string;
  readonly text: string;
  readonly answers: readonly string[];
  readonly evidence: readonly string[];
}

const readRecords = (file: string): Record<string, unknown>[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

const readQuestions = (file: string): Question[] =>
  readRecords(file).map((record) => ({
    id: String(record["_id"]),
    text: String(record["question"] ?? record["text"]),
    answers: strings(record["answers"]),
    evidence: strings(record["evidence_doc_ids"]),
  }));

interface Server {
  readonly startedInMs: number;
  /** Resident memory of the server process, in MiB. */
  memoryMiB(): number;
  ask(question: string): Promise<Answer>;
  /** Whether the quote stands at its offsets in the stored text of the version it names. */
  confirms(citation: Citation): Promise<boolean>;
  readonly output: () => string;
  stop(): Promise<void>;
}

async function startServer(dataDir: string, docsDir: string): Promise<Server> {
  const began = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "packages/server/src/main.ts")], {
    env: { PATH: process.env["PATH"], NODE_ENV: "development", PORT: "0", DATA_DIR: dataDir, DOCS_DIR: docsDir, LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  await new Promise<void>((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`not ready in time:\n${output.slice(-2_000)}`)), START_TIMEOUT_MS);
    const listen = (data: Buffer): void => {
      output += data.toString();
      if (!output.includes("In use:")) return;
      clearTimeout(timer);
      done();
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("exit", (code) => failed(new Error(`ended with code ${code}:\n${output.slice(-2_000)}`)));
  });
  const startedInMs = performance.now() - began;
  const address = /is ready at (http:\S+)/.exec(output)?.[1] ?? "";
  const { apiKey, adminPassword } = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8"));
  const login = await fetch(`${address}/auth/token`, { method: "POST", body: new URLSearchParams({ username: "admin", password: adminPassword }) });
  const authorization = `Bearer ${(await login.json()).access_token}`;
  const texts = new Map<string, Promise<{ text: string; contentHash: string }>>();
  return {
    startedInMs,
    memoryMiB: () => Number(execFileSync("ps", ["-o", "rss=", "-p", String(child.pid)], { encoding: "utf8" })) / 1024,
    async ask(question) {
      const response = await fetch(`${address}/chat`, {
        method: "POST",
        headers: { "x-api-key": apiKey, "content-type": "application/json" },
        body: JSON.stringify({ question }),
      });
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
      return await response.json();
    },
    async confirms({ documentId, contentHash, start, end, quote }) {
      const load = async () => await (await fetch(`${address}/documents/${documentId}`, { headers: { authorization } })).json();
      const loaded = texts.get(documentId) ?? load();
      texts.set(documentId, loaded);
      const document = await loaded;
      return document.contentHash === contentHash && document.text.slice(start, end) === quote;
    },
    output: () => output,
    async stop() {
      const exited = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await exited;
    },
  };
}

const share = (values: readonly boolean[]): number => Number(mean(values.map(Number)).toFixed(4));

/** Asks every question; also counts citations that the stored text does not confirm. */
async function askAll(server: Server, questions: readonly Question[]) {
  const answers: { readonly question: Question; readonly answer: Answer; readonly tookMs: number }[] = [];
  let unconfirmed = 0;
  for (const question of questions) {
    const began = performance.now();
    const answer = await server.ask(question.text);
    answers.push({ question, answer, tookMs: performance.now() - began });
    for (const citation of answer.citations) if (!(await server.confirms(citation))) unconfirmed += 1;
  }
  return { answers, unconfirmed, p50Ms: Number(median(answers.map(({ tookMs }) => tookMs)).toFixed(2)) };
}

/** Files of a real handbook: time and memory of the first start, nothing read again at the second, ten questions. */
async function measureHandbook(scratch: string) {
  const docs = join(DATA, "kite-sourcegraph", "content");
  const dataDir = join(scratch, "handbook");
  const first = await startServer(dataDir, docs);
  const { answers, unconfirmed } = await askAll(first, readQuestions(join(DATA, "kite-sourcegraph", "queries.jsonl")));
  const memoryMiB = Math.round(first.memoryMiB());
  const stored = /ready at .*: (\d+) documents, (\d+) chunks/.exec(first.output());
  await first.stop();
  const second = await startServer(dataDir, docs);
  const counts = /"added":\d+,"changed":\d+,"removed":\d+,"unchanged":\d+,"failed":\d+/.exec(second.output())?.[0];
  await second.stop();
  return {
    documents: Number(stored?.[1]),
    chunks: Number(stored?.[2]),
    firstStartSeconds: Number((first.startedInMs / 1000).toFixed(1)),
    secondStartSeconds: Number((second.startedInMs / 1000).toFixed(1)),
    secondStart: counts,
    memoryMiB,
    questions: answers.length,
    answered: answers.filter(({ answer }) => answer.answerable).length,
    citations: answers.reduce((sum, { answer }) => sum + answer.citations.length, 0),
    citationsNotConfirmed: unconfirmed,
  };
}

/** Paragraphs with gold answers: first citation, quoted answer, refusals. */
async function measureParagraphs(scratch: string) {
  const docs = join(scratch, "paragraphs");
  mkdirSync(docs);
  for (const { _id, text, title } of readRecords(join(DATA, "xquad-en", "corpus.jsonl"))) {
    writeFileSync(join(docs, `${String(_id)}.md`), title === undefined || title === "" ? String(text) : `# ${String(title)}\n\n${String(text)}`);
  }
  const server = await startServer(join(scratch, "paragraphs-data"), docs);
  const own = await askAll(server, readQuestions(join(DATA, "xquad-en", "qa.jsonl")));
  const foreign = await askAll(server, readQuestions(join(DATA, "cranfield", "queries.jsonl")).slice(0, FOREIGN_QUESTIONS));
  await server.stop();
  const fold = (text: string): string => text.replaceAll(/\s+/g, " ").toLowerCase();
  return {
    questions: own.answers.length,
    firstCitationIsGold: share(
      own.answers.map(({ question, answer }) => question.evidence.includes(answer.citations[0]?.path.replace(/\.md$/, "") ?? "")),
    ),
    goldStringQuoted: share(
      own.answers.map(({ question, answer }) =>
        answer.citations.some(({ quote }) => question.answers.some((gold) => fold(quote).includes(fold(gold)))),
      ),
    ),
    refusedThoughAnswerable: share(own.answers.map(({ answer }) => !answer.answerable)),
    foreignQuestions: foreign.answers.length,
    foreignRefused: share(foreign.answers.map(({ answer }) => !answer.answerable)),
    citationsNotConfirmed: own.unconfirmed + foreign.unconfirmed,
    p50Ms: own.p50Ms,
  };
}

const scratch = mkdtempSync(join(tmpdir(), "rag-bench-"));
try {
  const result = { node: process.version, handbook: await measureHandbook(scratch), paragraphs: await measureParagraphs(scratch) };
  const text = JSON.stringify(result, null, 2);
  console.log(text);
  mkdirSync(join(ROOT, "bench", "results"), { recursive: true });
  writeFileSync(join(ROOT, "bench", "results", "server-answers.json"), `${text}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
