/** Step 3: the key under which an answer is kept, made of everything that the answer depends on. */
import type { SearchFilters } from "../model.ts";
import { PROMPT_VERSION } from "./prompt.ts";
import type { AnswerServices } from "./services.ts";
import { withoutFillers } from "./similar-questions.ts";

export interface CacheKeyParts {
  readonly principal: string;
  readonly question: string;
  /** All that a session adds to an answer is the standalone form of its question, so this is the session's context. */
  readonly standalone: string;
  readonly filters: SearchFilters | undefined;
}

/**
 * A digest; equal keys mean the same question by the same principal in the same context, over the same documents,
 * answered by the same writer.
 */
export async function computeCacheKey(
  parts: CacheKeyParts,
  services: Pick<AnswerServices, "digest" | "indexFingerprint" | "model">,
): Promise<string> {
  const { filters, principal } = parts;
  // A JSON array keeps the parts apart whatever they hold.
  return services.digest(
    JSON.stringify([
      principal,
      normaliseQuestion(parts.question),
      normaliseQuestion(parts.standalone),
      sorted(filters?.pathPrefixes),
      sorted(filters?.documentIds),
      services.indexFingerprint(),
      services.model === undefined ? null : [services.model.chat.name, services.model.maxTokens],
      PROMPT_VERSION,
    ]),
  );
}

/**
 * The same for all questions that differ in fillers alone, and for no other; equal to no key of {@link computeCacheKey}.
 */
export async function computeSimilarKey(
  parts: CacheKeyParts,
  services: Pick<AnswerServices, "digest" | "indexFingerprint" | "model">,
): Promise<string> {
  const [question, standalone] = [withoutFillers(parts.question), withoutFillers(parts.standalone)];
  return services.digest(`similar ${await computeCacheKey({ ...parts, question, standalone }, services)}`);
}

/** One form for spellings that ask the same: compatibility forms, white space, case, the mark at the end. */
function normaliseQuestion(question: string): string {
  const words = question.normalize("NFKC").replace(/\s+/gu, " ").toLowerCase();
  let end = words.length;
  while (end > 0 && " ?.!".includes(words.charAt(end - 1))) end -= 1;
  return words.slice(0, end).trimStart();
}

function sorted(values: readonly string[] | undefined): readonly string[] | null {
  return values === undefined ? null : [...new Set(values)].sort();
}
