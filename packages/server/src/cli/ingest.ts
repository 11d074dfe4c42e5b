/** `rag ingest`: the documents folder of the server read again. */
import type { Client, IngestionEvent, IngestionJob } from "@rag-personal/client";
import type { CommonOptions, Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { createJobDisplay, tellJob } from "./job-following.ts";

export interface IngestOptions extends Pick<CommonOptions, "quiet"> {
  /** A job that runs already. */
  readonly job?: string;
  /** False returns as soon as the job has begun. */
  readonly wait: boolean;
}

export async function runIngest(context: Context, { job: given, wait, quiet }: IngestOptions): Promise<number> {
  const { output, signal } = context;
  const { admin } = await context.connect();
  const handle = given === undefined ? await admin.ingest({ signal }) : undefined;
  const id = handle?.id ?? given ?? "";
  if (!wait) {
    output.data({ id }, () => id);
    return EXIT.ok;
  }
  // A job belongs to the server: leaving it does not end it, and whoever leaves should know.
  signal.addEventListener("abort", () => output.notice(`The server goes on with it; "rag ingest --job ${id}" follows it again.`));
  const onEvent = createJobDisplay(context, quiet);
  const job = handle === undefined ? await followGiven(admin, id, signal, onEvent) : await handle.wait({ signal, onEvent });
  return tellJob(job, output);
}

async function followGiven(admin: Client["admin"], id: string, signal: AbortSignal, onEvent: (event: IngestionEvent) => void): Promise<IngestionJob> {
  for await (const event of admin.ingestEvents(id, { signal })) {
    onEvent(event);
    if (event.type === "done") return event.job;
  }
  throw new CliError(EXIT.failed, `The server has not said how the job ended. "rag ingest --job ${id}" asks again.`);
}
