/** F20: two parts fail at once, in all pairs. What the table of degradation promises for each holds for both. */
import { joinEpisodes, runEpisodes } from "./episodes.ts";
import { createHttpClient } from "./http-client.ts";
import { startParts } from "./parts.ts";
import { DATABASE_SILENCE_MS, readFeedback } from "./postgres-gauges.ts";
import type { RequestKind } from "./record.ts";
import { REDIS_TIMEOUT_MS } from "./redis-gauges.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { startScene } from "./scene.ts";

/** One search in Chroma: the program's default. */
const CHROMA_QUERY_TIMEOUT_MS = 500;
/** A question that meets several silences waits for each of them: four calls to Redis at most, once for PostgreSQL, once for Chroma. */
const DEADLINE_MS = 4 * REDIS_TIMEOUT_MS + DATABASE_SILENCE_MS + CHROMA_QUERY_TIMEOUT_MS + 200;
const PROMISED = {
  answered: new Set<RequestKind>(["chat", "chat, cached", "chat, streamed", "search", "feedback", "health"]),
  deadlineMs: (): number => DEADLINE_MS,
};

/** `injections` is how often each pair fails. */
export async function failTwo(options: RowOptions): Promise<RowResult> {
  const parts = await startParts(options.cleanUp);
  const settings = Object.assign({}, ...parts.map((part) => part.settings));
  const scene = await startScene(settings, options);
  const resetBreaker = await logIn(scene.server.address, (await scene.server.secrets()).adminPassword);
  const pairs = parts.flatMap((one, at) => parts.slice(at + 1).map((other) => [one, other] as const));
  const series = [];
  for (const pair of pairs) {
    options.say(pair.map(({ name }) => name).join(" and "));
    const both = async (does: (part: (typeof pair)[number]) => Promise<boolean>): Promise<boolean> =>
      (await Promise.all(pair.map((part) => does(part)))).every(Boolean);
    const episodes = await runEpisodes(
      {
        async begin() {
          for (const part of pair) await part.fail();
        },
        async end() {
          for (const part of pair) await part.mend();
          await resetBreaker();
        },
        isDetected: () => both((part) => part.isAway(scene.observer)),
        isHealed: () => both((part) => part.isBack(scene.observer)),
        lastsMs: { atLeast: 1_000, upTo: 2_000 },
      },
      options,
    );
    series.push(episodes);
  }
  return await scene.finish({
    promised: PROMISED,
    episodes: joinEpisodes(series),
    storedFeedback: () => readFeedback(String(settings["DATABASE_URL"])),
    remarks: [`${pairs.length} pairs of ${parts.map(({ name }) => name).join(", ")}, each ${options.injections} times; detected means both`],
  });
}

/** @returns what closes the circuit by hand. */
async function logIn(address: string, adminPassword: string): Promise<() => Promise<void>> {
  const login = await fetch(`${address}/auth/token`, { method: "POST", body: new URLSearchParams({ username: "admin", password: adminPassword }) });
  const admin = createHttpClient(address, { authorization: `Bearer ${(await login.json()).access_token}` });
  return async () => void (await admin.send({ method: "POST", path: "/admin/breaker/reset" }));
}
