/** No password on a command line, which every user of the machine can read, while records are backed up, drilled and restored. Linux only. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CommandLines, descendantsOf, type SeenProcess, watchCommandLines } from "../test-support/command-lines.ts";
import { findProgram } from "../test-support/debian-program.ts";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { type RagResult, type RunningRag, startRag } from "../test-support/rag-command.ts";
import { withClient } from "../test-support/record-scene.ts";
import { type RedisServer, startRedisServer } from "../test-support/redis-server.ts";
import { startServer, temporaryDirectory } from "../test-support/running-server.ts";

/** With what an address has to write in another way, so that both ways are looked for. */
const DATABASE_PASSWORD = "sea@gull/4711?";
const REDIS_PASSWORD = "lime:stone#0815";
const REMOTE_PASSWORD = "drift-wood-1871";
/** Passwords that the drill makes for its own servers are numbers of at least 24 bytes; nothing else of that length is on a command line. */
const MADE_PASSWORD = /\b[0-9a-f]{48,}\b/;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let postgres: PostgresServer;
let redis: RedisServer;
let settings: Readonly<Record<string, string>> & { readonly DATA_DIR: string };
let watch: CommandLines | undefined;
let service: RunningRag | undefined;
const commands: number[] = [];

beforeAll(async () => {
  findProgram("rclone");
  [folder, postgres, redis] = await Promise.all([temporaryDirectory(), startPostgresServer(), startRedisServer()]);
  await withClient({ url: postgres.url }, async ({ sql }) => {
    await sql.unsafe(`alter user postgres password '${DATABASE_PASSWORD}'`);
    await sql.unsafe("alter system set max_slot_wal_keep_size = '1GB'");
    await writeFile(
      join(postgres.dataFolder, "pg_hba.conf"),
      "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n",
    );
    await sql.unsafe("select pg_reload_conf()");
  });
  const client = new Redis(redis.url);
  await client.config("SET", "requirepass", REDIS_PASSWORD);
  client.disconnect();
  const docs = join(folder.path, "docs");
  await mkdir(docs);
  await writeFile(join(docs, "lighthouse.md"), "# Norderney\n\nThe lighthouse of Norderney is red and was built in 1874.\n");
  const withPassword = (address: string, password: string): string => Object.assign(new URL(address), { password }).href;
  settings = {
    DATA_DIR: join(folder.path, "data"),
    BACKUP_DIR: join(folder.path, "backups"),
    DOCS_DIR: docs,
    DATABASE_URL: withPassword(postgres.url, DATABASE_PASSWORD),
    REDIS_URL: withPassword(redis.url, REDIS_PASSWORD),
    BACKUP_CONTINUOUS: "1",
    DRILL_EVERY_HOURS: "0",
    BACKUP_REMOTE: "kept:",
    RCLONE_CONFIG_KEPT_TYPE: "alias",
    RCLONE_CONFIG_KEPT_REMOTE: join(folder.path, "kept"),
    RCLONE_CONFIG_KEPT_PASS: REMOTE_PASSWORD,
    HOME: folder.path,
  };
  const server = await startServer(settings);
  await server.stop();
  watch = await watchCommandLines();
});

afterAll(async () => {
  service?.process.kill("SIGTERM");
  await service?.result;
  await Promise.all([folder.remove(), postgres.remove(), redis.remove()]);
});

function start(...args: string[]): RunningRag {
  const command = startRag(args, settings, "");
  commands.push(command.process.pid ?? 0);
  return command;
}

async function succeed(...args: string[]): Promise<void> {
  const { exitCode, stdout, stderr }: RagResult = await start(...args).result;
  expect(exitCode, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
}

const secretsIn = ({ commandLine }: SeenProcess): readonly string[] =>
  [DATABASE_PASSWORD, REDIS_PASSWORD, REMOTE_PASSWORD].flatMap((password) =>
    [password, encodeURIComponent(password), Object.assign(new URL("redis://host"), { password }).password].filter((way) =>
      commandLine.includes(way),
    ),
  );

it("hands passwords to the programs of PostgreSQL, Redis and rclone where nobody else sees them", async () => {
  service = start("backup-service");
  await service.said("base backup 2");
  await succeed("backup");
  await succeed("drill");
  service.process.kill("SIGTERM");
  expect(await service.result).toMatchObject({ exitCode: 0 });
  await succeed("restore", "--latest");
  const seen = (await watch?.stop()) ?? [];

  const started = commands.flatMap((pid) => descendantsOf(pid, seen));
  const programs = new Set(started.map(({ commandLine }) => basename(commandLine.split(" ")[0] ?? "")));
  // Else it would be no wonder that nothing was found.
  for (const program of ["pg_basebackup", "pg_receivewal", "initdb", "postgres", "redis-server", "rclone", "node"])
    expect(programs).toContain(program);
  expect(seen.filter((each) => secretsIn(each).length > 0)).toEqual([]);
  expect(started.filter(({ commandLine }) => MADE_PASSWORD.test(commandLine))).toEqual([]);
});
