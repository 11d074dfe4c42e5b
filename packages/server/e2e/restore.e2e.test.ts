/** Restoring and drilling as an operator does it, on the embedded default and on a PostgreSQL with a Redis. */
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectApi } from "../test-support/api.ts";
import { folderDigest } from "../test-support/folder-digest.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { type RagResult, runRag } from "../test-support/rag-command.ts";
import { readWholeRecord } from "../test-support/record-scene.ts";
import { startRedisServer } from "../test-support/redis-server.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const QUESTION = "Which colour has the lighthouse of Norderney?";

interface Scene {
  readonly environment: Readonly<Record<string, string>> & { readonly DATA_DIR: string };
  remove(): Promise<void>;
}

async function documents(folder: string): Promise<string> {
  const docs = join(folder, "docs");
  await mkdir(docs);
  await writeFile(join(docs, "lighthouse.md"), "# Norderney\n\nThe lighthouse of Norderney is red and was built in 1874.\n");
  return docs;
}

async function embeddedScene(): Promise<Scene> {
  const folder = await temporaryDirectory();
  const environment = { DATA_DIR: join(folder.path, "data"), BACKUP_DIR: join(folder.path, "backups"), DOCS_DIR: await documents(folder.path) };
  return { environment, remove: folder.remove };
}

async function serversScene(): Promise<Scene> {
  const [folder, postgres, redis] = await Promise.all([temporaryDirectory(), startPostgresServer(), startRedisServer()]);
  const environment = {
    DATA_DIR: join(folder.path, "data"),
    BACKUP_DIR: join(folder.path, "backups"),
    DOCS_DIR: await documents(folder.path),
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  };
  return {
    environment,
    async remove() {
      await Promise.all([folder.remove(), postgres.remove(), redis.remove()]);
    },
  };
}

const ask = async (server: RunningServer, sessionId?: string): Promise<{ answer: string; sessionId: string }> =>
  (await (await connectApi(server)).client("POST", "/chat", { body: { question: QUESTION, sessionId } })).body;

const judge = async (server: RunningServer, rating: "up" | "down"): Promise<number> =>
  (await (await connectApi(server)).client("POST", "/feedback", { body: { rating } })).status;

const feedback = async (server: RunningServer): Promise<unknown> => (await (await connectApi(server)).admin("GET", "/admin/stats")).body.feedback;

describe.each([
  ["the embedded default", embeddedScene],
  ["PostgreSQL and Redis", serversScene],
] as const)("with %s", (_, openScene) => {
  let scene: Scene;
  let set: string;
  let sessionId: string;

  beforeAll(async () => {
    scene = await openScene();
    const server = await startServer(scene.environment);
    expect(await judge(server, "up")).toBe(201);
    ({ sessionId } = await ask(server));
    await server.stop();
    const taken = await rag("backup", "--json");
    expect(taken.exitCode, taken.stderr).toBe(0);
    set = JSON.parse(taken.stdout).name;
    const later = await startServer(scene.environment);
    expect(await judge(later, "down")).toBe(201);
    await (await connectApi(later)).client("DELETE", `/sessions/${sessionId}`);
    await later.stop();
  });

  afterAll(() => scene.remove());

  const rag = (...args: string[]): Promise<RagResult> => runRag(args, scene.environment);

  it("lists the sets, and refuses what is none", async () => {
    const listed = await rag("restore", "--list", "--json");
    expect(JSON.parse(listed.stdout)).toMatchObject({ sets: [{ name: set, problem: null }] });
    for (const evil of ["../../x", "2020-01-01", "/etc"]) expect(await rag("restore", evil)).toMatchObject({ exitCode: 1 });
    expect(await rag("restore")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Say which set") });
    expect(await rag("restore", set, "--back")).toMatchObject({ exitCode: 2 });
  });

  it("touches nothing in a dry run", async () => {
    const { DATA_DIR, BACKUP_DIR, DATABASE_URL } = scene.environment;
    const record = DATABASE_URL === undefined ? undefined : await readWholeRecord({ url: DATABASE_URL });
    const before = [await folderDigest(DATA_DIR), await folderDigest(BACKUP_DIR ?? "")];
    const dry = await rag("restore", "--dry-run", set.slice(0, 10));
    expect(dry).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Nothing was changed") });
    expect([await folderDigest(DATA_DIR), await folderDigest(BACKUP_DIR ?? "")]).toEqual(before);
    if (DATABASE_URL !== undefined) expect(await readWholeRecord({ url: DATABASE_URL })).toEqual(record);
  });

  it("is refused while a server has the record", async () => {
    const server = await startServer(scene.environment);
    const refused = await rag("restore", set);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/Stop (that server|it)/);
    expect(await feedback(server)).toEqual({ up: 1, down: 1 });
    await server.stop();
  });

  it("restores what there was, and goes back to what there is", async () => {
    const restored = await rag("restore", set.slice(0, 10), "--json");
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(restored.stdout)).toMatchObject({ set, state: "switched" });
    const server = await startServer(scene.environment);
    expect(await feedback(server)).toEqual({ up: 1, down: 0 });
    expect((await ask(server)).answer).toContain("red");
    const kept = await (await connectApi(server)).client("GET", `/sessions/${sessionId}`);
    expect(kept).toMatchObject({ status: 200, body: { turns: [{ question: QUESTION }] } });
    await server.stop();

    expect(await rag("restore", set)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("--finish") });
    expect(await rag("restore", "--back")).toMatchObject({ exitCode: 0 });
    const back = await startServer(scene.environment);
    expect(await feedback(back)).toEqual({ up: 1, down: 1 });
    expect((await (await connectApi(back)).client("GET", `/sessions/${sessionId}`)).status).toBe(404);
    await back.stop();
  });

  it("restores step by step, and finishes", async () => {
    if (scene.environment["DATABASE_URL"] !== undefined) {
      const server = await startServer(scene.environment);
      expect(await rag("restore", "--prepare", set)).toMatchObject({ exitCode: 0 });
      expect(await feedback(server)).toEqual({ up: 1, down: 1 });
      await server.stop();
    } else expect(await rag("restore", "--prepare", set)).toMatchObject({ exitCode: 0 });
    expect(await rag("restore", "--switch")).toMatchObject({ exitCode: 0 });
    expect(await rag("restore", "--finish")).toMatchObject({ exitCode: 0 });
    expect(await rag("restore", "--finish")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("No restore has left") });
    const server = await startServer(scene.environment);
    expect(await feedback(server)).toEqual({ up: 1, down: 0 });
    await server.stop();
  });

  it("drills: a server on scratch stores answers, figures are noted, nothing is left and nothing in use is touched", async () => {
    const { DATA_DIR, BACKUP_DIR } = scene.environment;
    const before = await folderDigest(join(DATA_DIR, "feedback"));
    const drilled = await rag("drill", "--json");
    expect(drilled, `${drilled.stdout}${drilled.stderr}`).toMatchObject({ exitCode: 0 });
    const report = JSON.parse(drilled.stdout);
    expect(report).toMatchObject({ set, differences: [], question: expect.stringContaining("lighthouse of"), rtoSeconds: expect.any(Number) });
    const noted = JSON.parse(await readFile(join(DATA_DIR, "operations.json"), "utf8"));
    expect(noted).toMatchObject({ rtoSeconds: report.rtoSeconds, rpoSeconds: report.rpoSeconds, lastDrillAt: expect.any(String) });
    expect(await folderDigest(join(DATA_DIR, "feedback"))).toBe(before);
    expect((await readdir(BACKUP_DIR ?? "")).filter((name) => name !== ".lock" && name !== ".scratch")).toEqual([set]);
  });

  it("fails a drill of a set that is damaged, and notes nothing", async () => {
    const { DATA_DIR, BACKUP_DIR } = scene.environment;
    const noted = await readFile(join(DATA_DIR, "operations.json"), "utf8");
    const file = join(BACKUP_DIR ?? "", set, "record.sql.gz");
    const bytes = await readFile(file);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file, bytes);
    expect(await rag("drill")).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("record.sql.gz") });
    expect(await rag("restore", set)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("record.sql.gz") });
    expect(await readFile(join(DATA_DIR, "operations.json"), "utf8")).toBe(noted);
  });
});

describe("the embedded database", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await embeddedScene();
  });
  afterAll(() => scene.remove());

  it("is backed up by the server that has it, and comes back on another machine with its sessions and keys", async () => {
    const server = await startServer(scene.environment);
    const { admin } = await connectApi(server);
    expect(await judge(server, "up")).toBe(201);
    const { sessionId } = await ask(server);
    const { id, key } = (await admin("POST", "/admin/api-keys", { body: { name: "kiosk", operations: ["chat.ask"] } })).body;
    const taken = await runRag(["backup", "--json"], { ...scene.environment, RAG_URL: server.address });
    expect(taken).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("The server takes the backup") });
    const { name, rows } = JSON.parse(taken.stdout);
    expect(await judge(server, "down")).toBe(201);
    await server.stop("SIGKILL");

    const machine = { ...scene.environment, DATA_DIR: `${scene.environment.DATA_DIR}-of-another` };
    const restored = await runRag(["restore", name.slice(0, 10), "--json"], machine);
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect(JSON.parse(restored.stdout)).toMatchObject({ set: name, rows, state: "switched" });
    // Secrets are not in a set; an operator keeps them elsewhere.
    await copyFile(join(scene.environment.DATA_DIR, "secrets.json"), join(machine.DATA_DIR, "secrets.json"));
    const revived = await startServer(machine);
    expect(await feedback(revived)).toEqual({ up: 1, down: 0 });
    const restoredApi = await connectApi(revived);
    expect((await restoredApi.client("GET", `/sessions/${sessionId}`)).body).toMatchObject({ turns: [{ question: QUESTION }] });
    const asked = await restoredApi.stranger("POST", "/chat", { headers: { "x-api-key": key }, body: { question: QUESTION } });
    expect(asked).toMatchObject({ status: 200, body: { answer: expect.stringContaining("red") } });
    const listed = await restoredApi.admin("GET", "/admin/api-keys");
    expect(listed.body.apiKeys).toMatchObject([{ id, name: "kiosk" }]);
    await revived.stop();
  });
});
