/** `rag chat`: a conversation, at a terminal or line by line through a pipe. */
import { createInterface } from "node:readline";
import type { Answer, Client } from "@rag-personal/client";
import { printSources, printStream } from "./answer-printing.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { describeFailure } from "./failures.ts";
import { printable } from "./output.ts";

export interface ChatOptions {
  readonly session?: string;
  readonly path: readonly string[];
}

const HELP = "/new begins a new conversation, /sources shows what the last answer rests on, /quit ends. Ctrl-C stops an answer.";

/** @returns the exit code of the last failure, where lines are piped in; at a terminal the person has seen it. */
export async function runChat(context: Context, { session, path }: ChatOptions): Promise<number> {
  const { stdin, stderr, output, onInterrupt } = context;
  const isTerminal = stdin.isTTY === true && stderr.isTTY === true;
  const client = await context.connect();
  const lines = createInterface({ input: stdin, ...(isTerminal ? { output: stderr } : {}), terminal: isTerminal, prompt: "> " });
  const conversation = createConversation(context, client, path, session);
  let exitCode: number = EXIT.ok;

  const interrupt = (): void => {
    if (conversation.stop()) return;
    exitCode = EXIT.interrupted;
    lines.close();
  };
  onInterrupt(interrupt);
  // At a terminal in raw mode Ctrl-C is a key, not a signal.
  lines.on("SIGINT", interrupt);

  if (isTerminal) output.notice(HELP);
  const ask = (): void => {
    if (isTerminal) lines.prompt();
  };
  ask();
  for await (const line of lines) {
    const words = line.trim();
    if (words === "/quit") break;
    if (words === "/new") conversation.forget();
    else if (words === "/sources") conversation.showSources();
    else if (words.startsWith("/")) output.notice(HELP);
    else if (words !== "") {
      const code = await conversation.ask(words);
      if (!isTerminal) {
        if (code !== EXIT.ok && code !== EXIT.noAnswer) exitCode = code;
        // Nothing that follows would go better.
        if (code === EXIT.unreachable || code === EXIT.notAllowed || code === EXIT.interrupted) break;
      }
    }
    ask();
  }
  lines.close();
  return exitCode;
}

interface Conversation {
  /** @returns the exit code that the question alone would have had; failures are told. */
  ask(question: string): Promise<number>;
  /** Stops the answer that is being written. @returns whether there was one. */
  stop(): boolean;
  forget(): void;
  showSources(): void;
}

function createConversation(context: Context, client: Client, path: readonly string[], session: string | undefined): Conversation {
  const { output, stderr } = context;
  const filters = path.length === 0 ? undefined : { pathPrefixes: path };
  let sessionId = session;
  let last: Answer | undefined;
  let running: AbortController | undefined;
  return {
    async ask(question) {
      running = new AbortController();
      try {
        last = await printStream(client.chat.stream({ question, sessionId, filters }, { signal: running.signal }), output);
        sessionId = last.sessionId;
        if (!output.json) tellSources(last, context);
        return last.answerable ? EXIT.ok : EXIT.noAnswer;
      } catch (thrown) {
        if (running.signal.aborted) output.write("\n");
        const { message, exitCode } = describeFailure(thrown, context.address);
        stderr.write(`${printable(message)}\n`);
        return exitCode;
      } finally {
        running = undefined;
      }
    },
    stop() {
      running?.abort();
      return running !== undefined;
    },
    forget() {
      sessionId = undefined;
      last = undefined;
    },
    showSources() {
      if (last === undefined || last.citations.length === 0) output.notice("There are no sources to show.");
      else printSources(last, output);
    },
  };
}

/** In a conversation the places will do; /sources has the quotes. */
function tellSources({ citations, answerable, nearMisses, degraded }: Answer, { output }: Context): void {
  const places = new Map(citations.map(({ number, path }) => [number, path]));
  const list = [...places].map(([number, path]) => `[${number}] ${printable(path)}`).join("  ");
  if (list !== "") output.write(`${output.faint(list)}\n`);
  if (!answerable && nearMisses.length > 0)
    output.notice(`What came closest: ${printable([...new Set(nearMisses.map(({ path }) => path))].join(", "))}`);
  if (degraded) output.notice('Something is away, so the answer may be poorer: "rag status" says what.');
  output.write("\n");
}
