/** One event of a streamed chat completion, parsed from untrusted JSON. */
import { z } from "zod";

/** Servers add fields of their own; only what is needed is looked at. */
const completionChunk = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .optional(),
  error: z.unknown().optional(),
});

/** What one event of the stream says. */
export type CompletionEvent =
  | { readonly kind: "text"; readonly text: string; readonly finishReason: string | undefined }
  /** Carries nothing that is needed, such as usage figures. */
  | { readonly kind: "other" }
  | { readonly kind: "error"; readonly detail: string };

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
  const parsed = completionChunk.safeParse(json);
  if (!parsed.success) return undefined;
  const { choices, error } = parsed.data;
  if (error !== undefined && error !== null) return { kind: "error", detail: JSON.stringify(error).slice(0, 500) };
  if (choices === undefined) return undefined;
  const choice = choices[0];
  if (choice === undefined) return { kind: "other" };
  return { kind: "text", text: choice.delta?.content ?? "", finishReason: choice.finish_reason ?? undefined };
}
