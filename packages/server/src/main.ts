/** The Node entry: configuration, composition, listen, first ingestion, drain. */
import pino from "pino";
import { banner } from "./banner.ts";
import { compose } from "./composition.ts";
import { type Config, ConfigError, readProcessConfig } from "./config.ts";
import { ExitError } from "./exit-error.ts";
import { startHttpServer } from "./http-server.ts";
import { createProgressDisplay } from "./progress.ts";

/** What Node needs before any of our code runs counts too for the person who waits. */
const processStartedAgoMs = (): number => performance.now();

/** Exit codes as sysexits.h has them: 78 configuration, 75 try again later. */
const EXIT_CONFIGURATION = 78;
const EXIT_UNAVAILABLE = 75;

/** Secrets never reach a log line, whatever object they sit in. */
const REDACTED = ["apiKey", "password", "secretKey", "authorization", "token", "*.apiKey", "*.password", "*.secretKey", "*.authorization", "*.token"];

async function run(config: Config): Promise<void> {
  const log = pino({ level: config.LOG_LEVEL, redact: REDACTED, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const application = await compose(config, {
    log,
    onProgress: createProgressDisplay(process.stderr),
    onFatal(error) {
      // Whoever supervises the process starts it anew; everything acknowledged is on disk.
      log.fatal({ err: error }, "the server cannot go on");
      process.exit(EXIT_UNAVAILABLE);
    },
  });
  const server = await startHttpServer({
    fetch: application.fetch,
    host: config.HOST,
    port: config.PORT,
    limits: { headersTimeoutMs: config.HEADERS_TIMEOUT_MS, requestTimeoutMs: config.REQUEST_TIMEOUT_MS, maxConnections: config.MAX_CONNECTIONS },
  }).catch(async (error: unknown) => {
    await application.close();
    throw error;
  });

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) {
      log.warn({ signal }, "second signal: stopping at once");
      process.exit(1);
    }
    stopping = true;
    log.info({ signal }, "stopping: no new requests, waiting for those in flight");
    application.beginStop();
    const clean = await server.stop(config.SHUTDOWN_TIMEOUT_MS);
    await application.close();
    log.info({ clean }, "stopped");
    process.exitCode = 0;
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(signal));

  const facts = await application.start();
  if (!stopping) process.stdout.write(`${banner({ ...facts, address: server.address, startedInMs: processStartedAgoMs() })}\n`);
}

try {
  await run(readProcessConfig());
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof ExitError;
  process.stderr.write(`${error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
  process.exit(error instanceof ConfigError ? EXIT_CONFIGURATION : EXIT_UNAVAILABLE);
}
