/** What a server does at its start about a restore that was interrupted. */
import { createSessionRestoration } from "../adapters/redis/session-restoration.ts";
import { ExitError } from "../exit-error.ts";
import type { RestoreTarget } from "../operations/restoring/restoration.ts";
import { settleInterrupted } from "../operations/restoring/restore.ts";
import type { SharedState } from "./shared-state.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock } from "./time.ts";

/**
 * Returns what lets sessions follow a record that was switched, before anybody is served: a kill may have come in between.
 *
 * @throws from it: RagError `store_unavailable` while Redis is away; {@link ExitError} when only the set could help.
 */
export function createRestoreSettling(
  target: RestoreTarget,
  { redis, cache }: Pick<SharedState, "redis" | "cache">,
  log: Surroundings["log"],
): () => Promise<void> {
  return async () => {
    const settled = await settleInterrupted({
      target,
      sessions: redis && createSessionRestoration(redis),
      openSet(name) {
        throw new ExitError(
          `The restore of ${name} was interrupted, and Redis has lost its sessions. Run \`rag restore --switch\` where the sets are.`,
        );
      },
      clearCache: () => cache.clear(),
      now: clock.now,
      say: (message) => log.info({}, message),
    });
    if (settled !== undefined) log.info({ set: settled.setName, state: settled.state }, "ended a restore that was interrupted");
  };
}
