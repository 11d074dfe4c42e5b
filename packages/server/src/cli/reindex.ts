/** `rag reindex`: the vectors built anew beside those that answer, and the way back. */
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import type { AdminClient } from "./admin-client.ts";
import { type IndexDescription, indexDescription } from "./answers.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import type { Output } from "./output.ts";

export interface ReindexOptions {
  /** Switches back to the previous generation instead. */
  readonly back: boolean;
  /** Removes the previous generation instead. */
  readonly dropPrevious: boolean;
  /** False returns as soon as the work has begun. */
  readonly wait: boolean;
}

const POLL_MS = 500;
const NO_VECTORS: NonNullable<IndexDescription["vectors"]> = {};

/** @throws CliError when it cannot begin, or failed. */
export async function runReindex(client: AdminClient, output: Output, { back, dropPrevious, wait }: ReindexOptions): Promise<number> {
  if (back) {
    await client.call("POST", "/admin/index/switch-back", z.unknown());
    return tell(await describeIndex(client), output);
  }
  if (dropPrevious) {
    await client.remove("/admin/index/previous");
    return tell(await describeIndex(client), output);
  }
  let state = await client.call("POST", "/admin/index/reindex", indexDescription);
  let shown = -1;
  while (wait && state.reindex?.state === "running") {
    await delay(POLL_MS);
    state = await describeIndex(client);
    const building = state.vectors?.building;
    if (building !== undefined && building.done !== shown) {
      shown = building.done;
      output.progress(`generation ${building.generation}: ${building.done} of ${building.total} chunks`);
    }
  }
  if (state.reindex?.state === "failed") throw new CliError(EXIT.failed, `The vectors could not be built anew: ${state.reindex.error}`);
  return tell(state, output);
}

const describeIndex = (client: AdminClient): Promise<IndexDescription> => client.call("GET", "/admin/index", indexDescription);

function tell(state: IndexDescription, output: Output): number {
  output.data(state, () => {
    const { live, previous, building } = state.vectors ?? NO_VECTORS;
    const lines = [live === undefined ? "no generation answers yet" : `generation ${live.generation} answers, made with ${live.embedderId}`];
    if (building !== undefined) lines.push(`generation ${building.generation} is being built: ${building.done} of ${building.total} chunks`);
    if (previous !== undefined)
      lines.push(`generation ${previous} is kept: "rag reindex --back" switches to it, "rag reindex --drop-previous" removes it`);
    return lines.join("\n");
  });
  return EXIT.ok;
}
