/** F6: PostgreSQL stops where it stands (SIGSTOP), all its processes at once: connections stay open, and nothing answers. */
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { runEpisodes } from "./episodes.ts";
import { DATABASE_SILENCE_MS, isPostgresBack, isPostgresSilent, PROMISED_WITHOUT_POSTGRES, readFeedback } from "./postgres-gauges.ts";
import type { RowOptions, RowResult, Violation } from "./row.ts";
import { startScene } from "./scene.ts";

export async function freezePostgres(options: RowOptions): Promise<RowResult> {
  const postgres = await startPostgresServer();
  options.cleanUp.add(() => postgres.remove());
  const scene = await startScene({ DATABASE_URL: postgres.url, DATABASE_SILENCE_MS: String(DATABASE_SILENCE_MS) }, options);
  const episodes = await runEpisodes(
    {
      begin: async () => postgres.freeze(),
      end: async () => postgres.thaw(),
      isDetected: () => isPostgresSilent(scene.observer),
      isHealed: () => isPostgresBack(scene.observer),
      lastsMs: { atLeast: 1_000, upTo: 3_000 },
    },
    options,
  );
  const lines = scene.observer.countInLog("PostgreSQL gives no answer");
  const violations: Violation[] =
    lines >= 1 && lines <= options.injections
      ? []
      : [{ kind: "disagrees", detail: `the log says ${lines} times in ${options.injections} freezes that PostgreSQL gives no answer` }];
  return await scene.finish({
    promised: PROMISED_WITHOUT_POSTGRES,
    episodes,
    storedFeedback: () => readFeedback(postgres.url),
    violations,
    remarks: [`DATABASE_SILENCE_MS=${DATABASE_SILENCE_MS}; frozen for 1 to 3 s after it was detected; ${lines} lines in the log`],
  });
}
