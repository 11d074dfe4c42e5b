/** Reads retrieval data sets in BEIR layout: corpus.jsonl, queries.jsonl, qrels/<split>.tsv. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { IndexedChunk } from "../packages/core/src/model.ts";

export interface JudgedQuery {
  readonly id: string;
  readonly text: string;
  /** Relevance by document id; only positive judgements. */
  readonly relevant: ReadonlyMap<string, number>;
}

export interface DataSet {
  readonly name: string;
  /** Each document as one chunk: title, then text. */
  readonly chunks: readonly IndexedChunk[];
  readonly queries: readonly JudgedQuery[];
}

/** @param folder the folder that holds all data sets. */
export function loadDataSet(folder: string, name: string, split: "train" | "test" = "test"): DataSet {
  const root = join(folder, name);
  const relevant = new Map<string, Map<string, number>>();
  for (const line of readLines(join(root, "qrels", `${split}.tsv`)).slice(1)) {
    const [query = "", document = "", grade = "0"] = line.split("\t");
    if (Number(grade) <= 0) continue;
    const judged = relevant.get(query) ?? new Map<string, number>();
    relevant.set(query, judged.set(document, Number(grade)));
  }
  const queries = readRecords(join(root, "queries.jsonl")).map(({ id, text }) => ({ id, text, relevant: relevant.get(id) ?? new Map() }));
  return {
    name,
    chunks: readRecords(join(root, "corpus.jsonl")).map(toChunk),
    queries: queries.filter((query) => query.relevant.size > 0),
  };
}

interface TextRecord {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

function toChunk({ id, title, text }: TextRecord): IndexedChunk {
  const whole = title === "" ? text : `${title}\n${text}`;
  return {
    id: `${id}.0`,
    documentId: id,
    ordinal: 0,
    start: 0,
    end: whole.length,
    headingPath: [],
    text: whole,
    path: `${id}.txt`,
    title,
    contentHash: "",
  };
}

function readRecords(file: string): TextRecord[] {
  return readLines(file).map((line) => {
    const record: unknown = JSON.parse(line);
    const field = (name: string): string => {
      const value: unknown = typeof record === "object" && record !== null ? Reflect.get(record, name) : undefined;
      return typeof value === "string" ? value : "";
    };
    return { id: field("_id"), title: field("title"), text: field("text") };
  });
}

function readLines(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}
