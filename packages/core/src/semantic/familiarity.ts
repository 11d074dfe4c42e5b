/** How much of what a collection says a semantic space has words for. */
import type { Pacer } from "../pacing.ts";
import type { LsaModel, LsaSource } from "./lsa.ts";

export interface Familiarity {
  /** Share of the collection's term occurrences whose terms the space knows, 0..1; 1 for an empty collection. */
  readonly share: number;
  /** The same just after training; 1 when that is not known, as for a space from a snapshot. */
  readonly atTraining: number;
}

/** A space that knows less than this part of what it knew is trained anew: what it places, it places by the few words that are left. */
const LEAST_PART = 0.7;

/** Measures against the value at training, because a space of a large collection never knows all of its words. */
export function isUnfamiliar({ share, atTraining }: Familiarity): boolean {
  return share < LEAST_PART * atTraining;
}

/** @param earlier of the same model; without it the value at training counts as 1. */
export async function measureFamiliarity(
  model: LsaModel | undefined,
  { documentCount, termCounts }: Pick<LsaSource, "documentCount" | "termCounts">,
  pacer: Pacer,
  earlier?: Familiarity | undefined,
): Promise<Familiarity> {
  let known = 0;
  let total = 0;
  for (let document = 0; model !== undefined && document < documentCount; document += 1) {
    const { ids, counts, length } = termCounts(document);
    total += length;
    for (let index = 0; index < ids.length; index += 1) if (model.rowOf(ids[index] ?? 0) >= 0) known += counts[index] ?? 0;
    if (pacer.spend(ids.length * 5)) await pacer.pause();
  }
  return { share: total === 0 ? 1 : known / total, atTraining: earlier?.atTraining ?? 1 };
}
