/** The stores, in the embedded PostgreSQL or in the one that is configured. */
import type { DataDirectory } from "../adapters/data-directory/data-directory.ts";
import { startEmbeddedPostgres } from "../adapters/pglite/embedded-postgres.ts";
import type { PostgresAddress } from "../adapters/postgres/client.ts";
import { type OpenedPostgres, openPostgres } from "../adapters/postgres/connection.ts";
import type { Config } from "../config.ts";
import { createStateLog } from "../state-log.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";

/** A server that falls silent again and again writes one line in so many milliseconds. */
const QUIET_MS = 5_000;

/** A configured server may be away; the embedded one is started. */
export async function openStores(
  config: Config,
  dataDirectory: Pick<DataDirectory, "resolve">,
  opened: OpenedParts,
  { log, onFatal }: Surroundings,
): Promise<OpenedPostgres & { readonly address: PostgresAddress }> {
  const stateLog = createStateLog<"silent" | "answering">({
    clock,
    timers,
    quietMs: QUIET_MS,
    isUrgent: () => false,
    write: (state, _, changes) =>
      state === "silent"
        ? log.warn({ changes }, "PostgreSQL gives no answer; calls to it are refused at once until it does")
        : log.info({ changes }, "PostgreSQL answers again"),
  });
  opened.add(async () => stateLog.stop());
  const open = (server: PostgresAddress) => {
    const postgres = openPostgres({
      server,
      maxConnections: config.DATABASE_CONNECTIONS,
      timeoutMs: config.DATABASE_TIMEOUT_MS,
      silenceMs: config.DATABASE_SILENCE_MS,
      onSilence: (isSilent) => stateLog.observe(isSilent ? "silent" : "answering"),
    });
    opened.add(() => postgres.stores.close());
    return { ...postgres, address: server };
  };
  if (config.DATABASE_URL !== undefined) return open({ url: config.DATABASE_URL });
  const embedded = await startEmbeddedPostgres({ dataDir: dataDirectory.resolve("postgres"), log: (message) => log.debug(message) });
  opened.add(() => embedded.stop());
  void embedded.died.then(onFatal);
  return open(embedded.connection);
}
