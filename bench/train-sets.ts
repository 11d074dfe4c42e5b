/** What the reranker is trained on: judged questions, and pseudo-queries that the corpora themselves give. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chunkDocument } from "../packages/core/src/chunking/chunk-document.ts";
import type { IndexedChunk } from "../packages/core/src/model.ts";
import type { RandomSource } from "../packages/core/src/semantic/random.ts";
import type { Analyzer } from "../packages/core/src/text/analyzer.ts";
import { splitSentences } from "../packages/core/src/text/sentences.ts";
import { type DataSet, type JudgedQuery, loadDataSet } from "./data-sets.ts";

/** A data set and how much it counts. */
export interface TrainingSet extends DataSet {
  readonly weight: number;
}

/** Pseudo-queries made of each corpus, of either kind. */
const PSEUDO_QUERIES = 300;
/** Known items are easy and lexical by nature: they only keep the model honest about exact words. */
const KNOWN_ITEM_WEIGHT = 0.2;

/** All training sets below `folder`. Never among them: SciFact's test split, Cranfield and XQuAD, on which the result is judged. */
export function loadTrainingSets(folder: string, analyzer: Analyzer, random: RandomSource): TrainingSet[] {
  const judged: DataSet[] = [loadDataSet(folder, "scifact", "train"), loadDataSet(folder, "hotpotqa-100"), loadPassages(folder)];
  const handbook: DataSet = { name: "handbook", chunks: chunkFiles(join(folder, "kite-sourcegraph", "content")), queries: [] };
  const pseudo = [...judged, handbook].flatMap(({ name, chunks }): TrainingSet[] => {
    const rarity = measureRarity(chunks, analyzer);
    return [
      { ...takeSentencesOut(chunks, rarity, analyzer, random), name: `${name}, a sentence taken out`, weight: 1 },
      { chunks, queries: askForKnownItems(chunks, rarity, analyzer, random), name: `${name}, known items`, weight: KNOWN_ITEM_WEIGHT },
    ];
  });
  return [...judged.map((set) => ({ ...set, weight: 1 })), ...pseudo];
}

/** Chroma's chunking evaluation: its documents as our chunks, relevant where a chunk and a piece of evidence overlap by half of the shorter. */
function loadPassages(folder: string): DataSet {
  const root = join(folder, "chunking-eval");
  const chunks = chunkFiles(join(root, "corpora"));
  const texts = new Map<string, string>();
  const queries = readFileSync(join(root, "questions.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): JudgedQuery => {
      const { id, question, document, evidence } = readQuestion(JSON.parse(line));
      const text = texts.get(document) ?? readFileSync(join(root, "corpora", document), "utf8");
      texts.set(document, text);
      const own = chunks.filter((chunk) => chunk.path === document);
      const relevant = evidence.flatMap((content) => {
        const start = text.indexOf(content);
        return start === -1 ? [] : own.filter((chunk) => overlapsByHalf(chunk, { start, end: start + content.length }));
      });
      return { id, text: question, relevant: new Map(relevant.map((chunk) => [chunk.documentId, 1])) };
    });
  return { name: "chunking-eval", chunks, queries: queries.filter(({ relevant }) => relevant.size > 0) };
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

function overlapsByHalf(left: Extent, right: Extent): boolean {
  const shared = Math.min(left.end, right.end) - Math.max(left.start, right.start);
  return shared > 0.5 * Math.min(left.end - left.start, right.end - right.start);
}

function readQuestion(record: unknown) {
  const field = (from: unknown, name: string): unknown => (typeof from === "object" && from !== null ? Reflect.get(from, name) : undefined);
  const evidence = field(record, "evidence");
  return {
    id: String(field(record, "_id")),
    question: String(field(record, "question")),
    document: String(field(record, "document")),
    evidence: Array.isArray(evidence) ? evidence.map((piece) => String(field(piece, "content"))) : [],
  };
}

/** Every Markdown file below a folder, in chunks that count as documents of their own. */
function chunkFiles(root: string): IndexedChunk[] {
  if (!existsSync(root)) throw new Error(`There is no folder ${root}.`);
  return globSync("**/*.md", { cwd: root })
    .sort()
    .flatMap((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return chunkDocument({ text, format: "markdown" }).map(({ start, end, headingPath }, ordinal): IndexedChunk => {
        const id = `${path}#${ordinal}`;
        return { id, documentId: id, ordinal, start, end, headingPath, text: text.slice(start, end), path, title: "", contentHash: "" };
      });
    });
}

/** ln((N + 1) / n) of every term. */
function measureRarity(chunks: readonly IndexedChunk[], analyzer: Analyzer): ReadonlyMap<string, number> {
  const frequencies = new Map<string, number>();
  for (const { text } of chunks) for (const term of new Set(analyzer.terms(text))) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  return new Map([...frequencies].map(([term, frequency]) => [term, Math.log((chunks.length + 1) / frequency)]));
}

type Rarity = ReadonlyMap<string, number>;

/** One sentence of some chunks is removed, and its rarest words ask for the rest: what is left must be found by its subject. */
function takeSentencesOut(chunks: readonly IndexedChunk[], rarity: Rarity, analyzer: Analyzer, random: RandomSource) {
  const remaining = [...chunks];
  const queries = pickSentences(chunks, random).flatMap(({ index, chunk, start, end }): JudgedQuery[] => {
    const words = contentWords(chunk.text.slice(start, end), rarity, analyzer);
    if (words.length < 4) return [];
    remaining[index] = { ...chunk, text: chunk.text.slice(0, start) + chunk.text.slice(end) };
    const rarest = words.sort((left, right) => right.rarity - left.rarity).slice(0, queryLength(random));
    return [{ id: chunk.id, text: inOrder(rarest), relevant: new Map([[chunk.documentId, 1]]) }];
  });
  return { chunks: remaining, queries };
}

/** Some words of a sentence ask for the chunk that still holds it. */
function askForKnownItems(chunks: readonly IndexedChunk[], rarity: Rarity, analyzer: Analyzer, random: RandomSource): JudgedQuery[] {
  return pickSentences(chunks, random).flatMap(({ chunk, start, end }): JudgedQuery[] => {
    const words = contentWords(chunk.text.slice(start, end), rarity, analyzer);
    if (words.length < 4) return [];
    return [{ id: chunk.id, text: inOrder(shuffle(words, random).slice(0, queryLength(random))), relevant: new Map([[chunk.documentId, 1]]) }];
  });
}

interface PickedSentence extends Extent {
  readonly index: number;
  readonly chunk: IndexedChunk;
}

/** One sentence each of up to {@link PSEUDO_QUERIES} chunks that have several; the title is none. */
function pickSentences(chunks: readonly IndexedChunk[], random: RandomSource): PickedSentence[] {
  const picked: PickedSentence[] = [];
  for (const index of shuffle([...chunks.keys()], random)) {
    const chunk = chunks[index];
    if (chunk === undefined || picked.length >= PSEUDO_QUERIES) continue;
    const body = chunk.title !== "" && chunk.text.startsWith(chunk.title) ? chunk.title.length : 0;
    const sentences = splitSentences(chunk.text).filter(({ start }) => start >= body);
    const sentence = sentences[random() % Math.max(1, sentences.length)];
    if (sentence === undefined || sentences.length < 4 || sentence.end - sentence.start < 40) continue;
    picked.push({ index, chunk, ...sentence });
  }
  return picked;
}

interface ContentWord {
  readonly word: string;
  readonly at: number;
  readonly rarity: number;
}

function contentWords(sentence: string, rarity: Rarity, analyzer: Analyzer): ContentWord[] {
  return analyzer.tokens(sentence).map(({ term, start, end }) => ({ word: sentence.slice(start, end), at: start, rarity: rarity.get(term) ?? 0 }));
}

function inOrder(words: readonly ContentWord[]): string {
  return [...words]
    .sort((left, right) => left.at - right.at)
    .map(({ word }) => word)
    .join(" ");
}

/** Four to ten words. */
function queryLength(random: RandomSource): number {
  return 4 + (random() % 7);
}

/** Fisher and Yates. */
function shuffle<Item>(items: readonly Item[], random: RandomSource): Item[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = random() % (last + 1);
    const [left, right] = [shuffled[last], shuffled[other]];
    if (left === undefined || right === undefined) continue;
    shuffled[last] = right;
    shuffled[other] = left;
  }
  return shuffled;
}
