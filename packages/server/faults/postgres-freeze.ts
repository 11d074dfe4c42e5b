/** F6: PostgreSQL stops where it stands (SIGSTOP), all its processes at once: connections stay open, and nothing answers. */
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { runEpisodes } from "./episodes.ts";
import { DATABASE_TIMEOUT_MS, isPostgresAway, isPostgresBack, PROMISED_WITHOUT_POSTGRES, readFeedback } from "./postgres-gauges.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { startScene } from "./scene.ts";

export async function freezePostgres(options: RowOptions): Promise<RowResult> {
  const postgres = await startPostgresServer();
  options.cleanUp.add(() => postgres.remove());
  const scene = await startScene({ DATABASE_URL: postgres.url, DATABASE_TIMEOUT_MS: String(DATABASE_TIMEOUT_MS) }, options);
  const episodes = await runEpisodes(
    {
      begin: async () => postgres.freeze(),
      end: async () => postgres.thaw(),
      isDetected: () => isPostgresAway(scene.observer),
      isHealed: () => isPostgresBack(scene.observer),
      lastsMs: { atLeast: 1_000, upTo: 3_000 },
    },
    options,
  );
  return await scene.finish({
    promised: PROMISED_WITHOUT_POSTGRES,
    episodes,
    storedFeedback: () => readFeedback(postgres.url),
    remarks: [`DATABASE_TIMEOUT_MS=${DATABASE_TIMEOUT_MS}; frozen for 1 to 3 s after it was detected`],
  });
}
