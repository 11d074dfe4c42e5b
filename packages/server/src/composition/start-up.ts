/** From a wired application to one that answers. */
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import type { Health } from "../health.ts";
import type { IngestionJobs } from "../ingestion-jobs.ts";
import type { RecordFollower } from "../record-follower.ts";
import type { SearchIndex } from "../search-index.ts";
import type { ApiKeys } from "../security/api-keys.ts";
import type { Users } from "../security/users.ts";
import type { SpooledFeedbackStore } from "../spooled-feedback.ts";
import type { Surroundings } from "./surroundings.ts";
import { timers } from "./time.ts";
import { untilAvailable } from "./until-available.ts";

/** Up to this many chunks the semantic space is learnt within a second or two, so the first start waits for it. */
const QUICKLY_TRAINED_CHUNKS = 1_500;

export interface StartUpParts {
  readonly stores: PostgresStores;
  /** Connects to the database and brings its schema up to date. */
  readonly prepareStores: () => Promise<void>;
  /** Ends a restore that was interrupted between the record and the sessions. */
  readonly settleRestore: () => Promise<void>;
  /** Names this server. */
  readonly serverId: string;
  /** Undefined: the one that `admin` has stands. */
  readonly adminPassword: string | undefined;
  readonly users: Users;
  readonly apiKeys: ApiKeys;
  readonly index: SearchIndex;
  readonly follower: RecordFollower | undefined;
  readonly feedback: SpooledFeedbackStore;
  readonly ingestion: IngestionJobs;
  readonly health: Health;
}

/**
 * Waits for the database, loads what is stored, becomes ready if that is anything, and reads the documents folder. Resolves when
 * that is done.
 *
 * @throws what no waiting can mend, such as an ExitError of the schema; the reason of `signal`.
 */
export async function startUp(parts: StartUpParts, { log }: Pick<Surroundings, "log">, signal: AbortSignal): Promise<void> {
  const { index, ingestion, health } = parts;
  await untilAvailable(() => load(parts, { log }), { timers, log, signal });
  await ingestion.idle();
  if (index.stats().chunks <= QUICKLY_TRAINED_CHUNKS) await index.trained();
  health.markReady();
}

async function load(parts: StartUpParts, { log }: Pick<Surroundings, "log">): Promise<void> {
  const { stores, users, apiKeys, index, follower, feedback, ingestion, health } = parts;
  await parts.prepareStores();
  await parts.settleRestore();
  if (parts.adminPassword !== undefined) await users.ensureAdmin(parts.adminPassword);
  else if (!(await users.hasAdmin()))
    log.warn({}, "nobody can administer this server yet: ADMIN_PASSWORD=… scripts/create-admin makes the user admin");
  await apiKeys.load();
  await follower?.begin();
  await index.load();
  follower?.follow();
  await feedback.replay();
  const interrupted = await stores.ingestionJobs.interruptJobs({ holder: parts.serverId, finishedAt: new Date().toISOString() });
  if (interrupted > 0) log.info({ interrupted }, "an ingestion was interrupted by the end of the last run; it is taken up again");
  // What is stored already can be asked about while the folder is read again.
  if (index.stats().documents > 0) health.markReady();
  await ingestion.start();
}
