/** The body of `POST /v1/chat/completions`: what is heeded, what changes nothing, and what is refused. */
import * as z from "zod";
import { filters } from "../api/fields.ts";
import { messages } from "./messages.ts";

/** Parameters that are accepted because what they ask for cannot be seen to be missing; each is named in the answer as without effect. */
const WITHOUT_EFFECT = {
  // How a model picks its words is the server's business; none of them promises anything of a single answer.
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  seed: z.number().nullish(),
  reasoning_effort: z.string().nullish(),
  verbosity: z.string().nullish(),
  // For the provider's own books.
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  // There are no tools whose calls could be parallel.
  parallel_tool_calls: z.boolean().nullish(),
};

/** Accepts nothing but what asks for nothing. */
const only = (message: string, ...harmless: readonly unknown[]) =>
  z
    .unknown()
    .refine((value) => value === undefined || value === null || harmless.some((one) => JSON.stringify(one) === JSON.stringify(value)), message)
    .optional();

const NO_TOOLS = "there are no tools here: the documents are searched for every question";
const TEXT_ALONE = "answers are text alone";

const maxTokens = z.int().min(1).nullish();

const request = z.strictObject({
  model: z.string().min(1).max(200),
  messages,
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() }).nullish(),
  max_tokens: maxTokens,
  max_completion_tokens: maxTokens,
  rag: z.strictObject({ footnotes: z.boolean().nullish(), filters: filters.nullish() }).nullish(),
  ...WITHOUT_EFFECT,
  n: only("there is one answer to a question", 1),
  stop: only("answers are not cut at words; leave it out", []),
  tools: only(NO_TOOLS, []),
  functions: only(NO_TOOLS, []),
  tool_choice: only(NO_TOOLS, "none", "auto"),
  function_call: only(NO_TOOLS, "none", "auto"),
  web_search_options: only(NO_TOOLS),
  logprobs: only("probabilities of tokens are not known here", false),
  top_logprobs: only("probabilities of tokens are not known here", 0),
  logit_bias: only("tokens cannot be weighted here", {}),
  response_format: only(TEXT_ALONE, { type: "text" }),
  modalities: only(TEXT_ALONE, ["text"]),
  audio: only(TEXT_ALONE),
  prediction: only("an answer cannot be predicted: leave it out"),
  store: only("completions are not stored", false),
  service_tier: only("there is one tier", "auto", "default"),
});

export const chatRequest = request;
export type ChatRequest = z.output<typeof request>;

/** What was sent and changes nothing. */
export function withoutEffect(given: ChatRequest): readonly string[] {
  const names = Object.entries(given).flatMap(([name, value]) => (Object.hasOwn(WITHOUT_EFFECT, name) && value !== null ? [name] : []));
  const system = given.messages.flatMap(({ role }, at) => (role === "system" || role === "developer" ? [`messages[${at}]`] : []));
  return [...system, ...names];
}
