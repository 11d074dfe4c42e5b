/** The results of the tools as text, for hosts that hand nothing else to their model. */
import type * as z from "zod";
import type { WireConversationAnswer } from "../api/answer.ts";
import type { Api } from "../api/api.ts";
import type { Immutable } from "../api/procedure.ts";

type Hits = Immutable<z.output<Api["search"]["run"]["output"]>>["hits"];

interface Place {
  readonly documentId: string;
  readonly path: string;
  readonly title: string;
  readonly headingPath: readonly string[];
  readonly start: number;
  readonly end: number;
}

/** What `get_document` takes to show the passage in its surroundings. */
function placeOf({ documentId, path, title, headingPath, start, end }: Place): string {
  const heading = [title, ...headingPath.filter((name) => name !== title)].join(" › ");
  return `${heading} (${path}; document ${documentId}, characters ${start}–${end})`;
}

export function answerText({ answer, answerable, citations, nearMisses, degraded }: WireConversationAnswer): string {
  const sources = citations.map((citation) => `[${citation.number}] ${placeOf(citation)}: “${citation.quote}”`);
  const misses = nearMisses.map((miss) => `- ${placeOf(miss)}: ${miss.text}`);
  return [
    answer,
    ...(sources.length > 0 ? [`Sources:\n${sources.join("\n")}`] : []),
    ...(!answerable && misses.length > 0 ? [`What came closest, and does not answer it:\n${misses.join("\n")}`] : []),
    ...(degraded ? ["A part of the server was away: the answer is what could be had without it."] : []),
  ].join("\n\n");
}

export function hitsText(hits: Hits): string {
  if (hits.length === 0) return "Nothing was found.";
  return hits.map((hit, at) => `[${at + 1}] ${placeOf(hit)}\n${hit.text}`).join("\n\n");
}
