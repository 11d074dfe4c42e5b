/** One event of a streamed chat completion, parsed from untrusted JSON. */
import * as z from "zod";

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
  /** Where Groq puts its figures in a stream. */
  x_groq: z.unknown().optional(),
  error: z.unknown().optional(),
});

const usageFigures = z.object({ total_tokens: z.int().nonnegative() });
const usageAtGroq = z.object({ usage: usageFigures });

/** What one event of the stream says; `usedTokens` are those of prompt and completion so far, when it tells them. */
export type CompletionEvent =
  | { readonly kind: "text"; readonly text: string; readonly finishReason: string | undefined; readonly usedTokens: number | undefined }
  /** Carries no text, such as usage figures alone or a choice nobody asked for. */
  | { readonly kind: "other"; readonly usedTokens: number | undefined }
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
  const { choices, usage, x_groq: atGroq, error } = parsed.data;
  if (isPresent(error)) return { kind: "error", detail: JSON.stringify(error).slice(0, 500) };
  if (!isPresent(choices) && !isPresent(usage)) return undefined;
  const usedTokens = usageFigures.safeParse(usage).data?.total_tokens ?? usageAtGroq.safeParse(atGroq).data?.usage.total_tokens;
  // One choice is asked for; should a server send two, their texts must not be mixed.
  const choice = choices?.find(({ index }) => (index ?? 0) === 0);
  if (choice === undefined) return { kind: "other", usedTokens };
  return { kind: "text", text: choice.delta?.content ?? "", finishReason: choice.finish_reason ?? undefined, usedTokens };
}
