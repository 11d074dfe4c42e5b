/** `rag reindex`: the vectors built anew beside those that answer, and the way back. */
import { setTimeout as delay } from "node:timers/promises";
import type { IndexDescription } from "@rag-personal/client";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";

export interface ReindexOptions {
  /** Switches back to the previous generation instead. */
  readonly back: boolean;
  /** Removes the previous generation instead. */
  readonly dropPrevious: boolean;
  /** False returns as soon as the work has begun. */
  readonly wait: boolean;
}

const POLL_MS = 500;

/** @throws CliError when it failed. */
export async function runReindex(context: Context, { back, dropPrevious, wait }: ReindexOptions): Promise<number> {
  const { admin } = await context.connect();
  const { output, signal } = context;
  const tell = (state: IndexDescription): number => {
    output.data(state, () => describeVectors(state));
    return EXIT.ok;
  };
  if (back || dropPrevious) {
    await (back ? admin.switchBack({ signal }) : admin.dropPrevious({ signal }));
    return tell(await admin.index({ signal }));
  }
  let state = await admin.reindex({ signal });
  let shown = -1;
  while (wait && state.reindex?.state === "running") {
    await delay(POLL_MS, undefined, { signal });
    state = await admin.index({ signal });
    const building = state.vectors?.building;
    if (building !== undefined && building.done !== shown) {
      shown = building.done;
      output.notice(`generation ${building.generation}: ${building.done} of ${building.total} chunks`);
    }
  }
  if (state.reindex?.state === "failed") throw new CliError(EXIT.failed, `The vectors could not be built anew: ${state.reindex.error}`);
  return tell(state);
}

/** Which generation of vectors answers, which is kept, which is being built. */
export function describeVectors({ vectors }: Pick<IndexDescription, "vectors">): string {
  const live = vectors?.live;
  const lines = [live === undefined ? "no generation answers yet" : `generation ${live.generation} answers, made with ${live.embedderId}`];
  const building = vectors?.building;
  if (building !== undefined) lines.push(`generation ${building.generation} is being built: ${building.done} of ${building.total} chunks`);
  if (vectors?.previous !== undefined)
    lines.push(`generation ${vectors.previous} is kept: "rag reindex --back" switches to it, "rag reindex --drop-previous" removes it`);
  return lines.join("\n");
}
