/** One event of a streamed chat completion, parsed from untrusted JSON. */
import { z } from "zod";

/** Servers add fields of their own; only what is needed is looked at. */
const completionEvent = z.object({
  choices: z
    .array(
      z.object({
        index: z.number().nullish(),
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** What one event of the stream says. */
export type CompletionEvent =
  | { readonly kind: "text"; readonly text: string; readonly finishReason: string | undefined }
  /** Carries nothing that is needed, such as usage figures or a choice nobody asked for. */
  | { readonly kind: "other" }
  | { readonly kind: "error"; readonly detail: string };

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

/**
 * Parses the data of one event.
 *
 * @returns undefined when it is not a completion event at all.
 */
export function parseCompletionEvent(data: string): CompletionEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return undefined;
  }
  const parsed = completionEvent.safeParse(json);
  if (!parsed.success) return undefined;
  const { choices, usage, error } = parsed.data;
  if (isPresent(error)) return { kind: "error", detail: JSON.stringify(error).slice(0, 500) };
  if (!isPresent(choices) && !isPresent(usage)) return undefined;
  // One choice is asked for; should a server send two, their texts must not be mixed.
  const choice = choices?.find(({ index }) => (index ?? 0) === 0);
  if (choice === undefined) return { kind: "other" };
  return { kind: "text", text: choice.delta?.content ?? "", finishReason: choice.finish_reason ?? undefined };
}
