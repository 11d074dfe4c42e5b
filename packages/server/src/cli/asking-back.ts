/** What is asked of the person at the terminal; never of a pipe. */
import { text } from "node:stream/consumers";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";

type Person = Pick<Context, "stdin" | "stderr" | "signal">;

/** @throws CliError unless the person agrees, and where nobody can be asked. */
export async function confirm({ stdin, stderr, signal }: Person, message: string): Promise<void> {
  if (stdin.isTTY !== true) throw new CliError(EXIT.usage, "Nobody can be asked here whether this is meant: say --yes.");
  const prompts = await import("@clack/prompts");
  const agreed = await prompts.confirm({ message, initialValue: false, input: stdin, output: stderr, signal });
  if (agreed !== true) throw new CliError(EXIT.failed, "Nothing was done.");
}

/**
 * A secret, typed where nobody sees it, or the whole of what is piped in.
 *
 * @throws CliError when there is none.
 */
export async function readSecret({ stdin, stderr, signal }: Person, message: string): Promise<string> {
  if (stdin.isTTY !== true) return requireSecret((await text(stdin)).replace(/\r?\n$/, ""));
  const prompts = await import("@clack/prompts");
  const typed = await prompts.password({ message, input: stdin, output: stderr, signal });
  if (prompts.isCancel(typed)) throw new CliError(EXIT.interrupted, "Nothing was done.");
  return requireSecret(typed);
}

function requireSecret(secret: string | undefined): string {
  if (secret !== undefined && secret !== "" && !/[\r\n]/.test(secret)) return secret;
  throw new CliError(EXIT.usage, "A secret is one line that is not empty: type it, or pipe it in.");
}
