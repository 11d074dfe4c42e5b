/** A whole backup with everything around it: encryption, the copy off the machine, the removal of old sets. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { backupFolder, backupServices } from "../../test-support/backup-scene.ts";
import { findProgram } from "../../test-support/debian-program.ts";
import { type PostgresServer, startPostgresServer } from "../../test-support/postgres-server.ts";
import { fillRecord } from "../../test-support/record-scene.ts";
import { createEncryption, readDecryption } from "../adapters/age/file-encryption.ts";
import { createRemoteCopy } from "../adapters/rclone/remote-copy.ts";
import { openSet } from "./backup-sets/open-set.ts";
import { listSets } from "./list-sets.ts";
import { type BackupRunServices, runBackup } from "./run-backup.ts";

const DAY_MS = 86_400_000;

let postgres: PostgresServer;
let folder: Awaited<ReturnType<typeof backupFolder>>;
let notes: string[];
let options: { directory: string; rules: { keepDays: number; keepLast: number } };

beforeAll(async () => {
  postgres = await startPostgresServer();
  await fillRecord({ url: postgres.url });
});
afterAll(() => postgres.remove());
beforeEach(async () => {
  folder = await backupFolder();
  notes = [];
  options = { ...folder, rules: { keepDays: 7, keepLast: 2 } };
  return () => folder.remove();
});

async function services(given: Partial<BackupRunServices> = {}): Promise<BackupRunServices> {
  return {
    ...(await backupServices({ url: postgres.url })),
    remote: undefined,
    noteSuccess: async (at) => void notes.push(at),
    ...given,
  };
}

const at = (nowMs: number) => ({ clock: { now: () => nowMs, monotonic: () => performance.now() } });

describe("the copy off the machine", () => {
  it("is the same byte for byte, and is told when it is not there", async () => {
    findProgram("rclone");
    const target = join(folder.directory, "../far");
    const run = await runBackup(await services({ remote: createRemoteCopy({ target, environment: process.env }) }), options);
    expect(run).toMatchObject({ isCopied: true, problems: [] });
    const { name } = run.manifest;
    for (const file of readdirSync(run.path))
      expect(readFileSync(join(target, name, file)).equals(readFileSync(join(run.path, file))), file).toBe(true);
    expect(notes).toEqual([run.manifest.endedAt]);
  });

  it("that fails leaves the set good, and says so with what to do", async () => {
    findProgram("rclone");
    for (const [target, reason] of [
      ["nowhere:backups", /nowhere/],
      ["/proc/backups", /rclone ended with/],
    ] as const) {
      const run = await runBackup(await services({ remote: createRemoteCopy({ target, environment: process.env }) }), options);
      expect(run.isCopied).toBe(false);
      expect(run.problems).toEqual([expect.stringMatching(/could not be copied.*good.*BACKUP_REMOTE/s)]);
      expect(run.problems[0]).toMatch(reason);
      await (await openSet(folder.directory, run.manifest.name, await services())).close();
    }
    expect(notes).toHaveLength(2);
  });

  it("that differs is noticed", async () => {
    const lying = join(folder.directory, "../rclone");
    writeFileSync(lying, `#!/bin/sh\n[ "$1" = copy ] || exec rclone "$@"\nrclone "$@" && for f in "$4"/manifest.json; do printf x >> "$f"; done\n`);
    chmodSync(lying, 0o755);
    const run = await runBackup(
      await services({ remote: createRemoteCopy({ target: join(folder.directory, "../far"), environment: process.env, program: lying }) }),
      options,
    );
    expect(run).toMatchObject({ isCopied: false, problems: [expect.stringContaining("differs")] });
  });

  it("is made by a program that is handed its environment alone", async () => {
    const telling = join(folder.directory, "../telling");
    const told = join(folder.directory, "../told");
    writeFileSync(telling, `#!/bin/sh\nenv > ${told}\n`);
    chmodSync(telling, 0o755);
    process.env["ONLY_OURS"] = "drift-wood";
    try {
      const remote = createRemoteCopy({ target: "x:", environment: { PATH: "/usr/bin:/bin", THEIRS: "1" }, program: telling });
      await runBackup(await services({ remote }), options);
    } finally {
      delete process.env["ONLY_OURS"];
    }
    expect(readFileSync(told, "utf8")).toContain("THEIRS=1");
    expect(readFileSync(told, "utf8")).not.toContain("drift-wood");
  });

  it("names the program that is missing", async () => {
    const run = await runBackup(
      await services({ remote: createRemoteCopy({ target: "x:", environment: process.env, program: "no-such-rclone" }) }),
      options,
    );
    expect(run.problems[0]).toContain("rclone is not installed");
  });
});

describe("an encrypted set", () => {
  let identityFile: string;
  let recipient: string;

  beforeEach(() => {
    identityFile = join(folder.directory, "../key.txt");
    execFileSync(join(dirname(findProgram("age")), "age-keygen"), ["-o", identityFile], { stdio: "ignore" });
    recipient = /public key: (\S+)/.exec(readFileSync(identityFile, "utf8"))?.[1] ?? "";
  });

  it("is read back row by row with the key, and compared byte by byte without", async () => {
    const encryption = createEncryption([recipient]);
    const decryption = await readDecryption(identityFile);
    const opened = await runBackup(await services({ encryption, decryption }), options);
    const sealed = await runBackup(await services({ encryption }), options);
    expect([opened.isOpened, sealed.isOpened]).toEqual([true, false]);
    expect(opened.manifest.files.map(({ name }) => name)).toEqual(["record.sql.gz.age"]);
    await (await openSet(folder.directory, sealed.manifest.name, await services({ decryption }))).close();
    await expect(openSet(folder.directory, sealed.manifest.name, await services())).rejects.toMatchObject({ fault: "sealed" });
  });

  it("is opened with age and gunzip alone", async () => {
    const { path } = await runBackup(await services({ encryption: createEncryption([recipient]) }), options);
    const line = `age -d -i '${identityFile}' '${join(path, "record.sql.gz.age")}' | gunzip -c`;
    expect(execFileSync("bash", ["-o", "pipefail", "-c", line], { encoding: "utf8", maxBuffer: 1e8 })).toContain('copy "feedback"');
  });

  it("is not kept when the key at hand does not open it", async () => {
    const other = join(folder.directory, "../other.txt");
    execFileSync("age-keygen", ["-o", other], { stdio: "ignore" });
    const wrong = { encryption: createEncryption([recipient]), decryption: await readDecryption(other) };
    await expect(runBackup(await services(wrong), options)).rejects.toMatchObject({
      fault: "not_readable",
      message: expect.stringContaining("BACKUP_AGE_IDENTITY_FILE"),
    });
    expect(await listSets(folder.directory)).toEqual([]);
  });
});

describe("old sets", () => {
  const start = Date.UTC(2026, 0, 1, 3);

  it("go when they have had their time, and with them their copies", async () => {
    const target = join(folder.directory, "../far");
    const remote = createRemoteCopy({ target, environment: process.env });
    for (const day of [0, 1, 2]) await runBackup(await services({ ...at(start + day * DAY_MS), remote }), options);
    const run = await runBackup(await services({ ...at(start + 9 * DAY_MS), remote }), options);
    expect(run.removed).toEqual(["2026-01-01T03-00-00Z", "2026-01-02T03-00-00Z"]);
    expect(readdirSync(target).sort()).toEqual(["2026-01-03T03-00-00Z", "2026-01-10T03-00-00Z"]);
  });

  it("stay when the newer ones are damaged; folders that are no sets always do", async () => {
    for (const day of [0, 1, 2]) await runBackup(await services(at(start + day * DAY_MS)), options);
    mkdirSync(join(folder.directory, "2025-01-01"));
    writeFileSync(join(folder.directory, "notes.txt"), "mine");
    const damaged = join(folder.directory, "2026-01-03T03-00-00Z", "record.sql.gz");
    const bytes = readFileSync(damaged);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(damaged, bytes);
    const run = await runBackup(await services(at(start + 30 * DAY_MS)), options);
    expect(run.removed).toEqual(["2026-01-01T03-00-00Z", "2026-01-03T03-00-00Z"]);
    expect(readdirSync(folder.directory).sort()).toEqual([".lock", "2025-01-01", "2026-01-02T03-00-00Z", "2026-01-31T03-00-00Z", "notes.txt"]);
  });

  it("whose removal was cut short are no sets any more, and are gone with the next backup", async () => {
    const first = await runBackup(await services(at(start)), options);
    const half = join(folder.directory, `.unfinished-${first.manifest.name}-0123abcd`);
    renameSync(first.path, half);
    expect(await listSets(folder.directory)).toEqual([]);
    await runBackup(await services(), options);
    expect(existsSync(half)).toBe(false);
  });
});
