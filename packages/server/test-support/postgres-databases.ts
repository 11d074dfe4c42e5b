/** The two kinds of PostgreSQL that the one adapter speaks to, for running the same tests against both. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../src/adapters/pglite/embedded-postgres.ts";
import type { PostgresAddress } from "../src/adapters/postgres/client.ts";
import { copyEmptyDatabase } from "./empty-database.ts";
import { startPostgresServer } from "./postgres-server.ts";

export interface RunningPostgres {
  readonly address: PostgresAddress;
  stop(): Promise<void>;
}

async function startEmbedded(): Promise<RunningPostgres> {
  const directory = await mkdtemp(join(tmpdir(), "rag-embedded-"));
  copyEmptyDatabase({ DATA_DIR: directory });
  const embedded = await startEmbeddedPostgres({ dataDir: join(directory, "postgres") });
  return {
    address: embedded.connection,
    async stop() {
      await embedded.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startServer(): Promise<RunningPostgres> {
  const server = await startPostgresServer();
  return { address: { url: server.url }, stop: () => server.remove() };
}

/** For `describe.each`. */
export const POSTGRES_KINDS: readonly (readonly [name: string, start: () => Promise<RunningPostgres>])[] = [
  ["the embedded PostgreSQL", startEmbedded],
  ["a PostgreSQL server", startServer],
];
