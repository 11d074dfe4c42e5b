/** The tools: what each takes and gives, and the procedure behind it. */
import type { Tool } from "@modelcontextprotocol/server";
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import type { WireConversationEvent } from "../api/answer.ts";
import type { Api } from "../api/api.ts";
import { count } from "../api/fields.ts";
import type { Caller } from "../api/procedure.ts";
import { validate } from "../http/read-body.ts";
import type { Operation } from "../policy.ts";
import { answerText, hitsText } from "./tool-text.ts";

export interface ToolResult {
  readonly text: string;
  readonly structured: Record<string, unknown>;
}

/** Tells how far a call is, in whatever steps it has. */
export type Progress = (message: string) => Promise<void>;

export interface ServedTool {
  readonly operation: Operation;
  /** As it is listed. */
  readonly tool: Tool;
  /** @throws RagError */
  run(input: unknown, caller: Caller, progress: Progress): Promise<ToolResult>;
}

/** Nothing is changed, the same call may be made again, and no other system is reached. */
const READING = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
/** Of one call; the rest of a long document is read by further ones. */
const MAX_DOCUMENT_CHARS = 50_000;

export function createTools({ conversation, search, documents }: Pick<Api, "conversation" | "search" | "documents">): readonly ServedTool[] {
  const ask = conversation.ask.input.shape;
  const found = search.run.input.shape;
  const span = z.strictObject({
    id: documents.get.input.shape.id.describe("The id of the document, such as doc_db8ac7532a43d645a46e9d06"),
    start: count.default(0).describe("The first character, in UTF-16 units"),
    end: count.optional().describe(`The character after the last one. Never more than ${MAX_DOCUMENT_CHARS} characters are given at once`),
  });

  return [
    served({
      operation: conversation.ask.operation,
      name: "ask",
      title: "Ask the documents",
      description:
        "Answers a question from the user's own documents, with numbered sources whose quotes are verified. Says so when the documents do not answer it; then do not answer it from elsewhere as if they did. The question must be understandable by itself.",
      input: z.strictObject({
        question: ask.question.describe("One question, understandable without the conversation"),
        filters: ask.filters.describe("Only these documents"),
      }),
      output: conversation.ask.output,
      async run(input, caller, progress) {
        const answer = await finalAnswer(conversation.stream.run({ ...input, history: [] }, caller), progress);
        return { text: answerText(answer), structured: { ...answer } };
      },
    }),
    served({
      operation: search.run.operation,
      name: "search",
      title: "Search the documents",
      description: "Finds passages of the user's own documents, best first, by their words and their meaning.",
      input: z.strictObject({
        query: found.query.describe("What to look for, in words of the documents or in a question"),
        limit: found.limit.describe("How many passages at most"),
        filters: found.filters.describe("Only these documents"),
      }),
      output: search.run.output,
      async run(input, caller) {
        const result = await search.run.run({ ...input, explain: false }, caller);
        return { text: hitsText(result.hits), structured: { ...result } };
      },
    }),
    served({
      operation: documents.get.operation,
      name: "get_document",
      title: "Read a document",
      description: `Gives the text of a document, or a span of it, such as what surrounds a source. Of a longer one the first ${MAX_DOCUMENT_CHARS} characters; \`length\` tells how long it is.`,
      input: span,
      output: documents.get.output.extend({
        start: count,
        end: count,
        /** Of the whole text. */
        length: count,
      }),
      async run({ id, start, end = Number.MAX_SAFE_INTEGER }, caller) {
        if (end < start) throw wrongSpan();
        const { text, ...document } = await documents.get.run({ id }, caller);
        const from = Math.min(start, text.length);
        const to = Math.min(end, text.length, from + MAX_DOCUMENT_CHARS);
        const part = text.slice(from, to);
        return { text: part, structured: { ...document, text: part, start: from, end: to, length: text.length } };
      },
    }),
  ];
}

function served<Input extends z.ZodType>({
  operation,
  input,
  output,
  run,
  ...about
}: {
  readonly operation: Operation;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output: z.ZodType;
  run(input: z.output<Input>, caller: Caller, progress: Progress): Promise<ToolResult>;
}): ServedTool {
  return {
    operation,
    tool: { ...about, inputSchema: objectSchema(input, "input"), outputSchema: objectSchema(output, "output"), annotations: READING },
    run: (given, caller, progress) => run(validate(input, given), caller, progress),
  };
}

/** Without the dialect, which some clients look up and do not find; what is used of it all dialects have in common. */
function objectSchema(schema: z.ZodType, io: "input" | "output"): Tool["inputSchema"] {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return { ...z.looseObject({ type: z.literal("object") }).parse(rest) };
}

async function finalAnswer(events: AsyncIterable<WireConversationEvent>, progress: Progress) {
  for await (const event of events) {
    switch (event.type) {
      case "sources":
        await progress(`${event.sources.length} sources`);
        break;
      case "delta":
        await progress(event.text);
        break;
      case "done":
        return event.answer;
    }
  }
  throw new RagError("internal", "The answer ended before it was complete.");
}

function wrongSpan(): RagError {
  const message = "must not be before start";
  return new RagError("invalid_request", `end: ${message}`, { issues: [{ path: "end", message }] });
}
