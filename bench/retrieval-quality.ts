/**
 * Quality and speed of retrieval on judged data sets: BM25 alone, the hybrid retriever, and the same with its reranker,
 * as a Markdown table and as JSON. HotpotQA's sample is among the training sets of the reranker; the others are not.
 *
 * Usage: node bench/retrieval-quality.ts [data folder]
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildBm25 } from "../packages/core/src/lexical/bm25.ts";
import { countTerms } from "../packages/core/src/lexical/term-counts.ts";
import { createVocabulary } from "../packages/core/src/lexical/vocabulary.ts";
import { createPacer } from "../packages/core/src/pacing.ts";
import { createHybridIndex } from "../packages/core/src/retrieval/hybrid-index.ts";
import { createAnalyzer } from "../packages/core/src/text/analyzer.ts";
import { type DataSet, loadDataSet } from "./data-sets.ts";
import { mean, median, ndcg, recall } from "./ranking-metrics.ts";

const DEPTH = 100;
const DATA_SETS = ["scifact", "cranfield", "hotpotqa-100", "xquad-en"];

interface Measurement {
  readonly dataSet: string;
  readonly retriever: string;
  readonly documents: number;
  readonly queries: number;
  readonly ndcg10: number;
  readonly recall100: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly indexMs: number;
}

/** Ranks document ids for a query. */
type Search = (query: string) => Promise<string[]>;

async function buildLexical(dataSet: DataSet): Promise<Search> {
  const analyzer = createAnalyzer();
  const vocabulary = createVocabulary();
  const counts = dataSet.chunks.map(({ text }) => countTerms(analyzer.terms(text).map((term) => vocabulary.add(term))));
  const none = countTerms([]);
  const source = { documentCount: counts.length, termCount: vocabulary.size, termCounts: (document: number) => counts[document] ?? none };
  const index = await buildBm25(source, createPacer());
  return async (query) => {
    const scores = new Float32Array(counts.length);
    for (const term of analyzer.terms(query)) index.accumulate(vocabulary.find(term) ?? vocabulary.size, 1, scores);
    const found = [...scores.keys()].filter((document) => (scores[document] ?? 0) > 0);
    found.sort((left, right) => (scores[right] ?? 0) - (scores[left] ?? 0));
    return found.slice(0, DEPTH).map((document) => dataSet.chunks[document]?.documentId ?? "");
  };
}

async function buildHybrid(dataSet: DataSet, rerank: boolean): Promise<Search> {
  const index = createHybridIndex({ rerank });
  for (const chunk of dataSet.chunks) index.upsertDocument([chunk]);
  await index.refresh({ yieldNow: () => new Promise((done) => setImmediate(done)) });
  return async (query) => (await index.search(query, { limit: DEPTH })).map(({ chunk }) => chunk.documentId);
}

const RETRIEVERS: Readonly<Record<string, (dataSet: DataSet) => Promise<Search>>> = {
  BM25: buildLexical,
  hybrid: (dataSet) => buildHybrid(dataSet, false),
  "hybrid + reranker": (dataSet) => buildHybrid(dataSet, true),
};

async function measure(dataSet: DataSet, retriever: string, build: (dataSet: DataSet) => Promise<Search>): Promise<Measurement> {
  const begun = performance.now();
  const search = await build(dataSet);
  const indexMs = performance.now() - begun;
  for (const { text } of dataSet.queries.slice(0, 50)) await search(text);
  const times: number[] = [];
  const gains: number[] = [];
  const recalls: number[] = [];
  for (const { text, relevant } of dataSet.queries) {
    const asked = performance.now();
    const ranking = await search(text);
    times.push(performance.now() - asked);
    gains.push(ndcg(ranking, relevant, 10));
    recalls.push(recall(ranking, relevant, DEPTH));
  }
  const slowest = [...times].sort((left, right) => left - right)[Math.floor(times.length * 0.99)] ?? 0;
  const round = (value: number, digits: number): number => Number(value.toFixed(digits));
  return {
    dataSet: dataSet.name,
    retriever,
    documents: dataSet.chunks.length,
    queries: dataSet.queries.length,
    ndcg10: round(mean(gains), 4),
    recall100: round(mean(recalls), 4),
    p50Ms: round(median(times), 3),
    p99Ms: round(slowest, 3),
    indexMs: Math.round(indexMs),
  };
}

function toTable(rows: readonly Measurement[]): string {
  const head = ["data set", "documents", "queries", "retriever", "nDCG@10", "R@100", "p50 ms", "p99 ms", "index + train ms"];
  const cells = rows.map((row) => [
    row.dataSet,
    row.documents,
    row.queries,
    row.retriever,
    row.ndcg10.toFixed(4),
    row.recall100.toFixed(4),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.indexMs,
  ]);
  return [head, head.map(() => "---"), ...cells].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

const root = resolve(import.meta.dirname, "..");
const folder = resolve(process.argv[2] ?? join(root, "..", "shared", "data"));
const present = DATA_SETS.filter((name) => existsSync(join(folder, name, "corpus.jsonl")));
if (present.length === 0) {
  console.error(`No data set in ${folder}. Give the folder that holds ${DATA_SETS.join(", ")} as an argument.`);
  process.exit(1);
}
const rows: Measurement[] = [];
for (const name of present) {
  const dataSet = loadDataSet(folder, name);
  for (const [retriever, build] of Object.entries(RETRIEVERS)) rows.push(await measure(dataSet, retriever, build));
}
console.log(toTable(rows));
mkdirSync(join(root, "bench", "results"), { recursive: true });
writeFileSync(join(root, "bench", "results", "retrieval-quality.json"), `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
