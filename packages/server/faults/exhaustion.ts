/** F18: what the machine has is used up: room on the disks that the server writes to, or the files that it may have open. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import postgres from "postgres";
import { startEmbeddedPostgres } from "../src/adapters/pglite/embedded-postgres.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";
import type { StoredFeedback } from "./checker.ts";
import { runEpisodes } from "./episodes.ts";
import { medianAndMax } from "./figures.ts";
import { createHttpClient } from "./http-client.ts";
import { PROMISED_WITHOUT_POSTGRES, readFeedback } from "./postgres-gauges.ts";
import type { RequestKind } from "./record.ts";
import type { RowOptions, RowResult, Violation } from "./row.ts";
import { startScene } from "./scene.ts";
import { mountSmallDisk } from "./small-disk.ts";

/** What an embedded database takes, and as much again. */
const DATA_DISK_MB = 160;
const SMALL_DISK_MB = 4;
const LASTS_MS = { atLeast: 1_000, upTo: 2_000 };
/** A new connection that is neither answered nor turned away by then hangs. */
const CONNECT_MS = 1_000;
/** Sockets and files that there is still room for: enough for what the server does now and then, too few for a new client each time. */
const SPARE_FILES = 1;

/** Feedback and turns may be refused while they cannot be kept; everything else is answered. */
const PROMISED = {
  ...PROMISED_WITHOUT_POSTGRES,
  answered: new Set<RequestKind>(["chat", "chat, cached", "chat, streamed", "search", "health"]),
  // The embedded database may have to look for room first.
  deadlineMs: (): number => 2_000,
};

/** `injections` is how often each of them is used up. */
export async function exhaust(options: RowOptions): Promise<RowResult> {
  const series: { readonly name: string; readonly result: RowResult }[] = [];
  for (const [name, run] of Object.entries(SERIES)) {
    options.say(name);
    const result = await run(options);
    if (result !== undefined) series.push({ name, result });
  }
  const results = series.map(({ result }) => result);
  return {
    injections: results.reduce((sum, { injections }) => sum + injections, 0),
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    violations: series.flatMap(({ name, result }) =>
      result.violations.map((violation) => ({ ...violation, detail: `${name}: ${violation.detail}` })),
    ),
    detectMs: results.flatMap(({ detectMs }) => detectMs),
    healMs: results.flatMap(({ healMs }) => healMs),
    remarks: [
      ...(series.length < Object.keys(SERIES).length ? ["some were left out: they take Linux and root"] : []),
      ...series.map(
        ({ name, result }) =>
          `${name}: detected ${medianAndMax(result.detectMs)}, healed ${medianAndMax(result.healMs)}, ${result.remarks.join(", ")}`,
      ),
    ],
  };
}

type RunSeries = (options: RowOptions) => Promise<RowResult | undefined>;

const SERIES: Readonly<Record<string, RunSeries>> = {
  "the disk of the data full": fillData,
  "the disk of the log full": fillLog,
  "no room for feedback that waits for PostgreSQL": (options) => keepNoFeedback(options, "full"),
  "feedback that waits for PostgreSQL on a read-only disk": (options) => keepNoFeedback(options, "read-only"),
  "no more open files": exhaustFiles,
};

/** The embedded database, its log and the spool all on one disk. In the end the server is killed, and what is in the files is looked at. */
async function fillData(options: RowOptions): Promise<RowResult | undefined> {
  const disk = await mountSmallDisk(DATA_DISK_MB, options.cleanUp);
  if (disk === undefined) return undefined;
  const dataDir = join(disk.path, "data");
  const scene = await startScene({ DATA_DIR: dataDir }, options);
  const free = (): Promise<number | undefined> => scene.observer.metric("rag_disk_free_bytes");
  const episodes = await runEpisodes(
    {
      begin: async () => disk.fill(),
      end: async () => disk.empty(),
      isDetected: async () => (await free()) === 0,
      isHealed: async () => ((await free()) ?? 0) > 0 && (await isAllStored(scene.observer)),
      lastsMs: LASTS_MS,
      // Looked at every 5 s.
      detectWithinMs: 8_000,
      healWithinMs: 8_000,
    },
    options,
  );
  return await scene.finish({
    promised: PROMISED,
    episodes,
    remarks: ["killed in the end"],
    async storedFeedback() {
      await scene.server.stop("SIGKILL");
      return await readEmbeddedFeedback(join(dataDir, "postgres"));
    },
  });
}

async function fillLog(options: RowOptions): Promise<RowResult | undefined> {
  const disk = await mountSmallDisk(SMALL_DISK_MB, options.cleanUp);
  if (disk === undefined) return undefined;
  const scene = await startScene({ LOG_LEVEL: "info" }, options, { outputFile: join(disk.path, "log") });
  let notes = 0;
  const episodes = await runEpisodes(
    {
      async prepare() {
        notes = countNotes();
      },
      begin: async () => disk.fill(),
      end: async () => disk.empty(),
      // Nobody can be told; that it goes on is what the clients see.
      isDetected: async () => true,
      isHealed: async () => countNotes() > notes,
      lastsMs: LASTS_MS,
    },
    options,
  );
  function countNotes(): number {
    return scene.observer.countInLog("lines of the log are lost");
  }
  return await scene.finish({
    promised: PROMISED_WITHOUT_POSTGRES,
    episodes: { ...episodes, detectMs: episodes.detectMs.map(() => 0) },
    remarks: [],
  });
}

/** PostgreSQL is away, and the folder in which feedback waits for it cannot be written. */
async function keepNoFeedback(options: RowOptions, how: "full" | "read-only"): Promise<RowResult | undefined> {
  const { cleanUp } = options;
  const disk = await mountSmallDisk(SMALL_DISK_MB, cleanUp);
  if (disk === undefined) return undefined;
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  const dataDir = join(folder.path, "data");
  mkdirSync(dataDir);
  symlinkSync(disk.path, join(dataDir, "feedback"));
  const server = await startPostgresServer();
  cleanUp.add(() => server.remove());
  const scene = await startScene({ DATA_DIR: dataDir, DATABASE_URL: server.url }, options);
  const probe = createHttpClient(scene.server.address, { "x-api-key": (await scene.server.secrets()).apiKey });
  cleanUp.add(async () => probe.close());
  const episodes = await runEpisodes(
    {
      async begin() {
        if (how === "full") disk.fill();
        else disk.setReadOnly(true);
        await server.kill();
      },
      async end() {
        if (how === "full") disk.empty();
        else disk.setReadOnly(false);
        await server.restart();
      },
      isDetected: async () => (await probe.send({ method: "POST", path: "/feedback", body: { rating: "up" } })).status === 503,
      isHealed: () => isAllStored(scene.observer),
      lastsMs: LASTS_MS,
    },
    options,
  );
  const left = readdirSync(disk.path);
  return await scene.finish({
    promised: PROMISED,
    episodes,
    violations: left.map((name) => ({ kind: "disagrees", detail: `${name} was left where feedback waits` })),
    // What the probe gave has no comment, and was refused, or stored before PostgreSQL was away.
    storedFeedback: async () => (await readFeedback(server.url)).filter(({ comment }) => comment !== null),
    remarks: [],
  });
}

/** The clients that are there go on; new ones are turned away at once instead of waiting. */
async function exhaustFiles(options: RowOptions): Promise<RowResult | undefined> {
  const scene = await startScene({}, options);
  const { pid } = scene.server.process;
  const address = new URL(scene.server.address);
  const limit = (soft: string): void => void execFileSync("prlimit", ["--pid", String(pid), `--nofile=${soft}:`]);
  const before = execFileSync("prlimit", ["--pid", String(pid), "--nofile", "--output", "SOFT", "--noheadings"], { encoding: "utf8" }).trim();
  const spare: ReturnType<typeof connect>[] = [];
  const episodes = await runEpisodes(
    {
      async begin() {
        const { files } = await scene.observer.resources();
        limit(String(files + SPARE_FILES));
        // Takes what is left; some of it wait in the queue of the socket.
        for (let at = 0; at <= SPARE_FILES; at += 1) spare.push(connect(Number(address.port), address.hostname).on("error", () => {}));
      },
      async end() {
        limit(before);
        for (const socket of spare.splice(0)) socket.destroy();
      },
      isDetected: async () => (await askAnew(address)) === "turned away",
      isHealed: async () => (await askAnew(address)) === "answered",
      lastsMs: LASTS_MS,
    },
    options,
  );
  const result = await scene.finish({ promised: PROMISED_WITHOUT_POSTGRES, episodes, remarks: [] });
  const violations = result.violations.filter((violation) => !isTurnedAway(violation));
  const turnedAway = `${result.violations.length - violations.length} requests on new connections were turned away; none may be on one that was there`;
  return { ...result, violations, remarks: ["detected is a new connection that is turned away", turnedAway, ...result.remarks] };
}

/** Of a client that had to connect meanwhile. What breaks on a connection that was there says so. */
const isTurnedAway = ({ kind, detail }: Violation): boolean =>
  kind === "failed" && detail.includes("status undefined") && !detail.includes("reused connection");

/** What becomes of a connection that is new. */
function askAnew({ hostname, port }: URL): Promise<"answered" | "turned away" | "hangs"> {
  const { promise, resolve } = Promise.withResolvers<"answered" | "turned away" | "hangs">();
  const socket = connect(Number(port), hostname, () => socket.write("GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
  socket.setTimeout(CONNECT_MS, () => resolve("hangs"));
  socket.once("data", () => resolve("answered"));
  for (const event of ["error", "close"]) socket.once(event, () => resolve("turned away"));
  return promise.finally(() => socket.destroy());
}

async function isAllStored(observer: { metric(series: string): Promise<number | undefined> }): Promise<boolean> {
  const gauges = ["rag_feedback_waiting", "rag_session_fallback_active"];
  return (await Promise.all(gauges.map((gauge) => observer.metric(gauge)))).every((value) => value === 0);
}

async function readEmbeddedFeedback(dataDir: string): Promise<readonly StoredFeedback[]> {
  const embedded = await startEmbeddedPostgres({ dataDir });
  const { socketPath, user, database } = embedded.connection;
  const sql = postgres({ path: socketPath, user, database, max: 1, fetch_types: false });
  try {
    return await sql<StoredFeedback[]>`select id, comment from feedback`;
  } finally {
    await sql.end({ timeout: 1 });
    await embedded.stop();
  }
}
