/**
 * What a backup costs: 100,000 rows of feedback, 10,000 chunks with their vectors, 10,000 sessions in a Redis, on the embedded database and on a
 * PostgreSQL server. The record's part is what the embedded database serves nobody else for.
 *
 * Usage: node bench/backups.ts
 */
import { loadavg } from "node:os";
import { createSessionSource } from "../packages/server/src/adapters/redis/session-dump.ts";
import { clock, timers } from "../packages/server/src/composition/time.ts";
import { openSet } from "../packages/server/src/operations/backup-sets/open-set.ts";
import { takeBackup } from "../packages/server/src/operations/take-backup.ts";
import { backupFolder, backupServices } from "../packages/server/test-support/backup-scene.ts";
import { POSTGRES_KINDS } from "../packages/server/test-support/postgres-databases.ts";
import { fillRecord, withClient } from "../packages/server/test-support/record-scene.ts";
import { connectForTest, type TestedConnection, untilState } from "../packages/server/test-support/redis-scene.ts";
import { startRedisServer } from "../packages/server/test-support/redis-server.ts";

const FEEDBACK = 100_000;
const CHUNKS = 10_000;
const SESSIONS = 10_000;
const PRINCIPALS = 500;
const ROUNDS = 3;
const BATCH = 500;
const WORDS = "the keeper of the lighthouse wrote about storms and ships in the winter of that year".split(" ");

const text = (seed: number, words: number): string => Array.from({ length: words }, (_, at) => WORDS[(at * 7 + seed) % WORDS.length]).join(" ");
const seconds = (ms: number): string => (ms / 1_000).toFixed(2);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

async function fillSessions(redis: TestedConnection): Promise<void> {
  for (let first = 0; first < SESSIONS; first += BATCH) {
    await redis.write(async (driver) => {
      const pipeline = driver.pipeline();
      for (let id = first; id < first + BATCH; id += 1) {
        const turns = [1, 2, 3].map((atMs) => ({ question: text(id + atMs, 12), answer: text(id * atMs, 120), answerable: true, atMs }));
        const principal = `p${id % PRINCIPALS}`;
        pipeline.hset(`rag:session:data:${id}`, "principal", principal, "version", "3", "session", JSON.stringify({ id, principal, turns }));
        pipeline.zadd(`rag:session:index:${principal}`, id, String(id));
      }
      await pipeline.exec();
    });
  }
}

const server = await startRedisServer();
const redis = connectForTest(server.url, { commandTimeoutMs: 5_000 });
await untilState(redis, "ready");
await fillSessions(redis);
const lines = ["| database | in all, s | record, s | set, MB | unpacked, MB | read again, s | memory more, MB |", "|---|---|---|---|---|---|---|"];
for (const [name, start] of POSTGRES_KINDS) {
  const postgres = await start();
  await fillRecord(postgres.address, { feedback: 0, chunks: CHUNKS, uploadPieces: 1 });
  await withClient(postgres.address, async ({ sql }) => {
    await sql.unsafe(
      `insert into feedback select gen_random_uuid()::text, 'p' || i % 500, 'up', gen_random_uuid()::text, null, 'comment ' || md5(i::text), i
        from generate_series(1, ${FEEDBACK}) i`,
    );
    await sql.unsafe(
      "update embeddings set vector = (select string_agg(decode(md5(text_digest || part), 'hex'), '') from generate_series(1, 96) part)",
    );
  });
  const folder = await backupFolder();
  const services = await backupServices(postgres.address, { sessions: createSessionSource({ redis, clock, timers }) });
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const { manifest, sizeBytes, durationMs, recordMs } = await takeBackup(services, folder);
    clearInterval(watch);
    const unpacked = manifest.files.reduce((sum, { plainSizeBytes }) => sum + plainSizeBytes, 0);
    const startedMs = performance.now();
    await (await openSet(folder.directory, manifest.name, services)).close();
    const again = seconds(performance.now() - startedMs);
    lines.push(
      `| ${[name, seconds(durationMs), seconds(recordMs), megabytes(sizeBytes), megabytes(unpacked), again, megabytes(peak - before)].join(" | ")} |`,
    );
  }
  await folder.remove();
  await postgres.stop();
}
await redis.close();
await server.remove();
process.stdout.write(
  `${lines.join("\n")}\n\nNode ${process.version}, load average ${loadavg()
    .map((load) => load.toFixed(1))
    .join(", ")}.\n`,
);
