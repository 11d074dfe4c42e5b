/** Step 7: numbered sources within a budget, and the prompt that shows them to a model as data. */
import type { SearchHit, SourceReference } from "../model.ts";
import type { ChatMessage } from "../ports.ts";
import { systemPrompt } from "./prompt.ts";

/** Sources offered at most. */
const MAX_SOURCES = 8;
/** Text of all sources together, UTF-16 units: about 3,000 tokens, which every model of today can hold beside its answer. */
const MAX_SOURCE_CHARS = 12_000;

export interface ComposedSources {
  /** Source `n` is `hits[n - 1]`. */
  readonly hits: readonly SearchHit[];
  readonly references: readonly SourceReference[];
}

/** Numbers the best hits, as many as fit; the best one always does. */
export function composeSources(hits: readonly SearchHit[]): ComposedSources {
  const chosen: SearchHit[] = [];
  let chars = 0;
  for (const hit of hits) {
    chars += hit.chunk.text.length;
    if (chosen.length > 0 && (chosen.length >= MAX_SOURCES || chars > MAX_SOURCE_CHARS)) break;
    chosen.push(hit);
  }
  const references = chosen.map(({ chunk, score }, index) => ({
    number: index + 1,
    documentId: chunk.documentId,
    path: chunk.path,
    title: chunk.title,
    headingPath: chunk.headingPath,
    score,
  }));
  return { hits: chosen, references };
}

/**
 * The messages for the model. Each source stands between fences that carry `secret`, which no document can know, and
 * whatever in it looks like a fence, a control token of a chat template or a citation is made harmless.
 *
 * @param secret unguessable and new for each prompt.
 */
export function composeMessages(question: string, hits: readonly SearchHit[], secret: string): ChatMessage[] {
  const sources = hits.map(({ chunk }, index) => {
    const about = [`title: ${oneLine(chunk.title)}`, `path: ${oneLine(chunk.path)}`];
    if (chunk.headingPath.length > 0) about.push(`section: ${oneLine(chunk.headingPath.join(" > "))}`);
    return `<source-${secret} number="${index + 1}">\n${about.join("\n")}\n\n${asData(chunk.text)}\n</source-${secret}>`;
  });
  return [
    { role: "system", content: systemPrompt(secret) },
    { role: "user", content: `${sources.join("\n\n")}\n\nQuestion: ${question}` },
  ];
}

function oneLine(text: string): string {
  return asData(text).replace(/\s+/g, " ").trim();
}

function asData(text: string): string {
  return (
    text
      .replace(/<(?=\s*\/?\s*source)/gi, "‹")
      .replaceAll("<|", "‹|")
      .replace(/\[(\/?INST)\]/g, "($1)")
      // Glued to a word it is an index, as in `argv[1]`.
      .replace(/(?<![\p{L}\p{N}_)\]])\[(\^?\d[\d\s,;–-]{0,60})\]/gu, "($1)")
  );
}
