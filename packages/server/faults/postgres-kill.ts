/** F5: PostgreSQL is killed with -9, all its processes at once, and comes back on the same files, while feedback is given. */
import { setTimeout as delay } from "node:timers/promises";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { runEpisodes } from "./episodes.ts";
import { isPostgresAway, isPostgresBack, PROMISED_WITHOUT_POSTGRES, readFeedback } from "./postgres-gauges.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { startScene } from "./scene.ts";

const RESTART_ATTEMPTS = 10;
const RESTART_AGAIN_MS = 200;

export async function killPostgres(options: RowOptions): Promise<RowResult> {
  const postgres = await startPostgresServer();
  options.cleanUp.add(() => postgres.remove());
  const scene = await startScene({ DATABASE_URL: postgres.url }, options);
  let repeatedStarts = 0;
  const episodes = await runEpisodes(
    {
      begin: () => postgres.kill(),
      async end() {
        repeatedStarts += await restart(postgres);
      },
      isDetected: () => isPostgresAway(scene.observer),
      isHealed: () => isPostgresBack(scene.observer),
      lastsMs: { atLeast: 0, upTo: 500 },
    },
    options,
  );
  return await scene.finish({
    promised: PROMISED_WITHOUT_POSTGRES,
    episodes,
    storedFeedback: () => readFeedback(postgres.url),
    remarks: [`PostgreSQL itself had to be started again ${repeatedStarts} times`],
  });
}

/** A backend that was forked at the moment of the kill may live a little longer and keep the memory that the next server wants. */
async function restart(postgres: PostgresServer): Promise<number> {
  for (let repeated = 0; ; repeated += 1) {
    try {
      await postgres.restart();
      return repeated;
    } catch (error) {
      if (repeated === RESTART_ATTEMPTS) throw error;
      await delay(RESTART_AGAIN_MS);
    }
  }
}
