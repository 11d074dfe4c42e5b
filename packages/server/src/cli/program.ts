/** The `rag` command: its arguments, over calls to a running server. */
import { Command, CommanderError, Option } from "commander";
import type { AdminAccess } from "../config.ts";
import { createAdminClient } from "./admin-client.ts";
import { runDoctor } from "./doctor.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { createOutput, type OutputOptions } from "./output.ts";
import { runReindex } from "./reindex.ts";
import { runSnapshot } from "./snapshot.ts";

export interface CliSurroundings extends Pick<OutputOptions, "stdout" | "stderr"> {
  readonly access: AdminAccess;
}

interface CommonOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly url: string;
}

/** Runs one command line. @param argv without the program's own name. @returns the exit code. */
export async function runCli(argv: readonly string[], { access, stdout, stderr }: CliSurroundings): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = new Command("rag")
    .description("Looks after a RAG Personal server. It reads RAG_URL, RAG_USER, ADMIN_PASSWORD and DATA_DIR from the environment.")
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });

  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .addOption(new Option("--url <address>", "address of the server").default(access.address))
      .option("--json", "print the result as JSON", false)
      .option("--quiet", "do not tell how far it is", false);

  const within = ({ json, quiet, url }: CommonOptions) => ({
    client: createAdminClient({ ...access, address: url.replace(/\/+$/, "") }),
    output: createOutput({ json, quiet, stdout, stderr }),
  });

  command("doctor", "compare all stores with the record of documents")
    .option("--repair", "mend what differs", false)
    .action(async ({ repair, ...common }: CommonOptions & { readonly repair: boolean }) => {
      const { client, output } = within(common);
      exitCode = await runDoctor(client, output, { repair });
    });
  command("reindex", "build the vectors anew beside those that answer, then switch to them")
    .addOption(new Option("--back", "switch back to the previous generation instead").default(false).conflicts("dropPrevious"))
    .option("--drop-previous", "remove the previous generation instead", false)
    .option("--no-wait", "return as soon as the work has begun")
    .action(async ({ back, dropPrevious, wait, ...common }: CommonOptions & { back: boolean; dropPrevious: boolean; wait: boolean }) => {
      const { client, output } = within(common);
      exitCode = await runReindex(client, output, { back, dropPrevious, wait });
    });
  command("snapshot", "write everything that answers rest on into a file, for a worker at the edge")
    .requiredOption("--out <file>", "where to write it")
    .action(async ({ out, ...common }: CommonOptions & { readonly out: string }) => {
      const { client, output } = within(common);
      exitCode = await runSnapshot(client, output, { out });
    });

  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CliError)) throw error;
    stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}
