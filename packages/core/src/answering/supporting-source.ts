/** Which source bears out a text that names none. */
import type { SearchHit } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import type { InverseDocumentFrequency } from "./sentence-scores.ts";

/** Share of the text's weight, by rarity of its terms, that a source must hold. */
const SUPPORTED_SHARE = 0.6;

/** The number of the source that holds most of what the text says; undefined when none holds enough. */
export function findSupportingSource(
  text: string,
  hits: readonly SearchHit[],
  analyzer: Analyzer,
  idf: InverseDocumentFrequency,
): number | undefined {
  const stated = new Set(analyzer.terms(text));
  const weightOf = (terms: Iterable<string>): number => [...terms].reduce((sum, term) => sum + idf(term), 0);
  const total = weightOf(stated);
  let best: { readonly number: number; readonly share: number } | undefined;
  for (const [index, { chunk }] of hits.entries()) {
    const share = total === 0 ? 0 : weightOf(stated.intersection(new Set(analyzer.terms(chunk.text)))) / total;
    if (share >= SUPPORTED_SHARE && (best === undefined || share > best.share)) best = { number: index + 1, share };
  }
  return best?.number;
}
