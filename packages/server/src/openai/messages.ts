/** The messages of a request, as the conversation that the question follows. */
import * as z from "zod";

const TEXT_ALONE = "only text is read here: no images, no sound, no files";

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });

const content = z.union([z.string(), z.array(z.discriminatedUnion("type", [textPart, refusalPart], TEXT_ALONE)).min(1)], {
  // The issue of a part says more than that of the union.
  error: ({ input }) => (Array.isArray(input) ? TEXT_ALONE : "must be text, or a list of parts that are text"),
});

const absent = (message: string) =>
  z
    .unknown()
    .refine((value) => value === undefined || value === null || isEmptyList(value), message)
    .optional();
const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** Names and whatever else clients put into their messages change nothing and are not looked at. */
const message = z.discriminatedUnion(
  "role",
  [
    z.object({ role: z.enum(["system", "developer"]), content }),
    z.object({ role: z.literal("user"), content }),
    z.object({
      role: z.literal("assistant"),
      content: content.nullish(),
      tool_calls: absent("no tools can be called here"),
      function_call: absent("no functions can be called here"),
      audio: absent(TEXT_ALONE),
    }),
  ],
  "must be a message by system, developer, user or assistant; there are no tools here",
);

export const messages = z
  .array(message)
  .min(1)
  .refine((all) => all.findLast(({ role }) => role === "user" || role === "assistant")?.role === "user", "must end with the user's question");

type Message = z.output<typeof message>;
type Content = z.output<typeof content> | null | undefined;

export interface Conversation {
  readonly question: string;
  readonly history: readonly { readonly question: string; readonly answer: string }[];
}

/** All text that was sent, message by message. */
export const textsOf = (all: readonly Message[]): readonly { readonly role: "system" | "user" | "assistant"; readonly content: string }[] =>
  all.map((given) => ({ role: given.role === "developer" ? "system" : given.role, content: textOf(given.content) }));

/**
 * Whatever the user says before the next answer is one question, and whatever is answered before the next question one answer. A greeting
 * before the first question and messages of the system are left out.
 */
export function toConversation(all: readonly Message[]): Conversation {
  const exchanges: { question: string; answer: string }[] = [];
  for (const { role, content: given } of all) {
    if (role === "system" || role === "developer") continue;
    const last = exchanges.at(-1);
    if (role === "assistant") {
      if (last !== undefined) last.answer = joined(last.answer, textOf(given));
    } else if (last === undefined || last.answer !== "") exchanges.push({ question: textOf(given), answer: "" });
    else last.question = joined(last.question, textOf(given));
  }
  return { question: exchanges.pop()?.question ?? "", history: exchanges };
}

const joined = (...texts: readonly string[]): string => texts.filter((text) => text !== "").join("\n");

function textOf(given: Content): string {
  if (given === null || given === undefined) return "";
  return typeof given === "string" ? given : given.map((part) => (part.type === "text" ? part.text : part.refusal)).join("\n");
}
