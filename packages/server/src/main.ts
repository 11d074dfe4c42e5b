/** The Node entry: configuration, composition, listen, first ingestion, drain. */
import { setTimeout as delay } from "node:timers/promises";
import { banner } from "./banner.ts";
import { compose } from "./composition.ts";
import { type Config, readProcessConfig } from "./config.ts";
import { ExitError } from "./exit-error.ts";
import { type HttpServer, startHttpServer } from "./http-server.ts";
import { connectLauncher } from "./launcher.ts";
import { listenTarget } from "./listening-socket.ts";
import { createProcessLog } from "./process-log.ts";
import { createProgressDisplay } from "./progress.ts";
import { ConfigError } from "./settings/config-error.ts";

/** What Node needs before any of our code runs counts too for the person who waits. */
const processStartedAgoMs = (): number => performance.now();

/** Exit codes as sysexits.h has them: 78 configuration, 75 try again later. */
const EXIT_CONFIGURATION = 78;
const EXIT_UNAVAILABLE = 75;

/** How long connections on a held socket wait for a server that is not ready; then they are taken and told so. */
const HELD_AT_MOST_MS = 5_000;

// A full disk or a closed terminal behind the outputs is no reason to end: the server does its work without being read.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

async function run(config: Config): Promise<void> {
  const log = createProcessLog(config.LOG_LEVEL);
  const listenOn = listenTarget(config, process.pid);
  const socketIsHeld = "fd" in listenOn;
  const launcher = socketIsHeld ? connectLauncher(process) : undefined;
  await launcher?.turn();
  const application = await compose(config, {
    log,
    onProgress: createProgressDisplay(process.stderr),
    onFatal(error) {
      // Whoever supervises the process starts it anew; everything acknowledged is on disk.
      log.fatal({ err: error }, "the server cannot go on");
      process.exit(EXIT_UNAVAILABLE);
    },
  });
  const listen = (): Promise<HttpServer> =>
    startHttpServer({
      fetch: application.fetch,
      listenOn,
      limits: { headersTimeoutMs: config.HEADERS_TIMEOUT_MS, requestTimeoutMs: config.REQUEST_TIMEOUT_MS, maxConnections: config.MAX_CONNECTIONS },
    }).catch(async (error: unknown) => {
      await application.close();
      throw error;
    });
  let server = socketIsHeld ? undefined : await listen();

  let stopping = false;
  const stop = async (reason: string, { delayMs = 0 } = {}): Promise<void> => {
    if (stopping) {
      log.warn({ reason }, "second signal: stopping at once");
      process.exit(1);
    }
    stopping = true;
    log.info({ reason }, "stopping: waiting for the requests in flight");
    // Behind a held socket the next server takes over: a prober that was told to send no more would turn its clients away meanwhile.
    if (!socketIsHeld) {
      application.beginStop();
      // Whatever is in front asks now and then whether this server is ready: what it still sends until it knows is taken.
      await delay(delayMs);
    }
    const clean = (await server?.stop(config.SHUTDOWN_TIMEOUT_MS)) ?? true;
    await application.close();
    log.info({ clean }, "stopped");
    process.exitCode = 0;
  };
  process.on("SIGTERM", () => void stop("SIGTERM", { delayMs: config.SHUTDOWN_DELAY_MS }));
  // Whoever interrupts it has nobody in front to tell.
  process.on("SIGINT", () => void stop("SIGINT"));
  launcher?.onGone(() => {
    if (!stopping) void stop("the launcher is gone");
  });

  // A stop may come before the start is over: then that is what it ends with, and no failure.
  const started = application.start().catch((error: unknown) => {
    if (stopping) return undefined;
    throw error;
  });
  if (server === undefined) {
    // Whoever connects to a held socket waits: better for an answer than for the news that there is none yet, unless it takes too long.
    await Promise.race([application.ready, started, delay(HELD_AT_MOST_MS, undefined, { ref: false })]);
    if (stopping) return;
    server = await listen();
    launcher?.reportServing();
  }
  const facts = await started;
  if (!stopping && facts !== undefined)
    process.stdout.write(`${banner({ ...facts, address: server.address, startedInMs: processStartedAgoMs() })}\n`);
}

try {
  await run(readProcessConfig());
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof ExitError;
  process.stderr.write(`${error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
  process.exit(error instanceof ConfigError ? EXIT_CONFIGURATION : EXIT_UNAVAILABLE);
}
