/** The only place that wires: configuration in, a running application out. */
import { randomUUID } from "node:crypto";
import { openDataDirectory } from "./adapters/data-directory/data-directory.ts";
import { openFeedbackSpool } from "./adapters/data-directory/feedback-spool.ts";
import { loadOrCreateSecrets } from "./adapters/data-directory/secrets.ts";
import { loadOrCreateServerId } from "./adapters/data-directory/server-id.ts";
import { createApp } from "./app.ts";
import { type BannerFacts, describeParts } from "./banner.ts";
import { watchAbandonedJobs } from "./composition/abandoned-jobs.ts";
import { createAppServices } from "./composition/app-services.ts";
import { openBackupOperation } from "./composition/backups.ts";
import { describeComponents } from "./composition/components.ts";
import { createConfiguredSecrets } from "./composition/configured-secrets.ts";
import { openIngestion } from "./composition/ingestion.ts";
import { createLanguageModel } from "./composition/language-model.ts";
import { createMeasuredBreaker } from "./composition/measured-breaker.ts";
import { openMonitoring, openTracing } from "./composition/monitoring.ts";
import { createOpenedParts, type OpenedParts } from "./composition/opened-parts.ts";
import { createReading } from "./composition/reading.ts";
import { createRestoreSettling } from "./composition/restore-settling.ts";
import { openRetrieval } from "./composition/retrieval.ts";
import { openSharedState } from "./composition/shared-state.ts";
import { startUp } from "./composition/start-up.ts";
import { openStores } from "./composition/stores.ts";
import type { Surroundings } from "./composition/surroundings.ts";
import { clock, timers } from "./composition/time.ts";
import type { Config } from "./config.ts";
import { ExitError } from "./exit-error.ts";
import { createHealth } from "./health.ts";
import { chooseSampleQuestion } from "./sample-question.ts";
import { createApiKeys } from "./security/api-keys.ts";
import { createPasswordHashing } from "./security/password-hashing.ts";
import { createUsers } from "./security/users.ts";
import { createSpooledFeedbackStore } from "./spooled-feedback.ts";

/** A wired application. */
export interface Application {
  readonly fetch: ReturnType<typeof createApp>["fetch"];
  /** Resolves when questions can be answered. */
  readonly ready: Promise<void>;
  /**
   * Waits for the database, loads what is stored, becomes ready, then reads the documents folder. Resolves with what the banner tells.
   *
   * @throws ExitError when the database is of a newer version, or when the server is stopped meanwhile.
   */
  start(): Promise<Omit<BannerFacts, "address" | "startedInMs">>;
  /** Unready from now on; ends the running ingestion after the file in hand. */
  beginStop(): void;
  /** Closes everything, the outermost first. */
  close(): Promise<void>;
}

/**
 * Opens everything that keeps data and wires the application; it answers from {@link Application.start} on.
 *
 * @throws ExitError when the data folder is in use or damaged.
 */
export async function compose(config: Config, surroundings: Surroundings): Promise<Application> {
  const opened = createOpenedParts(surroundings.log);
  try {
    return await wire(config, surroundings, opened);
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

async function wire(config: Config, surroundings: Surroundings, opened: OpenedParts): Promise<Application> {
  const { log } = surroundings;
  const dataDirectory = await openDataDirectory(config.DATA_DIR);
  opened.add(() => dataDirectory.release());
  const {
    secrets,
    created,
    path: secretsPath,
  } = await loadOrCreateSecrets({
    directory: dataDirectory.path,
    given: { apiKey: config.API_KEY, secretKey: config.SECRET_KEY, adminPassword: config.ADMIN_PASSWORD },
    mayCreate: config.NODE_ENV !== "production",
  });
  const configured = createConfiguredSecrets(config, secrets, surroundings);
  const serverId = await loadOrCreateServerId(dataDirectory.resolve("server-id"), randomUUID);
  const { stores, prepare, restoreTarget, address } = await openStores(config, dataDirectory, opened, surroundings);

  const feedback = createSpooledFeedbackStore({
    store: stores.feedback,
    spool: await openFeedbackSpool(dataDirectory.resolve("feedback"), randomUUID),
    timers,
    log,
  });
  opened.add(() => feedback.stop());

  const retrieval = await openRetrieval(config, stores, opened, surroundings);
  const { index, follower } = retrieval;
  const shared = openSharedState(config, stores.sessions, opened, surroundings);
  const monitoring = openMonitoring(dataDirectory, stores, opened, surroundings);
  const { metrics, breaker } = createMeasuredBreaker(config, { stores, feedback, retrieval, shared, configured, monitoring }, surroundings);
  const language = createLanguageModel(config, log);

  const ingestion = await openIngestion(config, stores, { index, follower }, opened, surroundings, {
    holder: serverId,
    onRecorded: metrics.ingested,
  });

  const health = createHealth({
    components: describeComponents(config, { configured, stores, retrieval, shared, breaker, language }),
    monotonic: clock.monotonic,
  });
  const users = createUsers({ store: stores.users, hashing: createPasswordHashing(), clock, timers });
  const apiKeys = createApiKeys({
    store: stores.apiKeys,
    clock,
    timers,
    ...(shared.createKeyBudget === undefined ? {} : { createBudget: shared.createKeyBudget }),
    onTouchFailed: (error) => log.debug({ err: error }, "the use of an API key could not be noted"),
  });

  const services = createAppServices(config, {
    log,
    health,
    metrics,
    tracing: openTracing(config, opened, surroundings),
    takeBackup: await openBackupOperation(config, address, { redis: shared.redis, opened, log }),
    configured,
    stores,
    retrieval,
    shared,
    reading: createReading(config, { stores, retrieval, shared, language, breaker, metrics, health }),
    language,
    breaker,
    feedback,
    ingestion,
    users,
    apiKeys,
  });

  const stopping = new AbortController();
  return {
    fetch: createApp(services).fetch,
    ready: health.loaded,
    async start() {
      await startUp(
        {
          stores,
          prepareStores: prepare,
          settleRestore: createRestoreSettling(restoreTarget, shared, log),
          serverId,
          adminPassword: secrets.adminPassword,
          users,
          apiKeys,
          index,
          follower,
          feedback,
          ingestion,
          health,
        },
        surroundings,
        stopping.signal,
      );
      if (config.DATABASE_URL !== undefined) {
        const stopWatching = watchAbandonedJobs(ingestion, { log, timers });
        opened.add(async () => stopWatching());
      }
      const { documents, chunks } = index.stats();
      return {
        documents,
        chunks,
        docsDir: config.DOCS_DIR,
        dataDir: config.DATA_DIR,
        sampleQuestion: await chooseSampleQuestion(config.DOCS_DIR, stores.documents),
        created: created
          ? {
              path: secretsPath,
              apiKey: config.API_KEY === undefined ? secrets.apiKey : undefined,
              adminPassword: config.ADMIN_PASSWORD === undefined ? secrets.adminPassword : undefined,
            }
          : undefined,
        secretsPath: config.API_KEY === undefined ? secretsPath : undefined,
        parts: describeParts(config, { language, ...retrieval.models }),
      };
    },
    beginStop() {
      stopping.abort(new ExitError("The server was stopped before it had started."));
      health.markStopping();
      void ingestion.stop();
    },
    close() {
      stopping.abort(new ExitError("The server was stopped before it had started."));
      return opened.closeAll();
    },
  };
}
