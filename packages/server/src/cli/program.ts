/** The `rag` command: its command line, and how it ends. */
import { Command, CommanderError } from "commander";
import type { CommandGroup } from "./command-line.ts";
import { createContext, type Surroundings } from "./context.ts";
import { declareAsking } from "./declarations/asking.ts";
import { declareBackups } from "./declarations/backups.ts";
import { declareDocuments } from "./declarations/documents.ts";
import { declareOperating } from "./declarations/operating.ts";
import { declareOperations } from "./declarations/operations.ts";
import { declareProfiles } from "./declarations/profiles.ts";
import { declareRecovery } from "./declarations/recovery.ts";
import { declareServer } from "./declarations/server.ts";
import { EXIT } from "./exit-codes.ts";
import { printable } from "./output.ts";

const AFTER_HELP = `
Server and credentials come from the environment (RAG_URL, RAG_API_KEY, RAG_USER, RAG_PASSWORD or ADMIN_PASSWORD), else from the
data folder (DATA_DIR), else from the profile in use. No secret is taken from the command line.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not allowed, 4 not found, 5 no server, 6 done in part, 7 no answer in the documents,
130 interrupted.`;

/** Runs one command line. @param argv without the program's own name. @returns the exit code. */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, onInterrupt } = surroundings;
  let exitCode: number = EXIT.ok;
  const program = new Command("rag")
    .description("Asks a RAG Personal server, and looks after it.")
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .addHelpText("after", AFTER_HELP);

  const group: CommandGroup = {
    parent: program,
    async execute(options, run) {
      const interruption = new AbortController();
      onInterrupt(() => interruption.abort());
      const context = createContext(surroundings, options, interruption.signal);
      try {
        exitCode = await run(context);
      } catch (thrown) {
        context.output.progress("");
        if (interruption.signal.aborted) {
          exitCode = EXIT.interrupted;
          return;
        }
        const { describeCauses, describeFailure } = await import("./failures.ts");
        const failure = describeFailure(thrown, context.address);
        exitCode = failure.exitCode;
        const lines = [failure.message, ...(options.verbose ? describeCauses(thrown) : [])];
        stderr.write(`${printable(lines.join("\n"))}\n`);
      }
    },
  };
  declareAsking(group);
  declareDocuments(group);
  declareServer(group);
  declareBackups(group);
  declareRecovery(group);
  declareOperating(group);
  declareOperations(group);
  declareProfiles(group);
  // What completes is loaded when it is called; before that its name is enough.
  if (argv[0] === "completion" || argv[0] === "complete")
    (await import("./completion.ts")).declareCompletion(program, argv[1], (text) => stdout.write(text));
  else program.command("completion <shell>").description("print the completion for bash, zsh or fish");

  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}
