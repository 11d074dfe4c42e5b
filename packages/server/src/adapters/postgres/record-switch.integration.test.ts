/** A record prepared beside the one in use, and the switch between them, in both kinds of PostgreSQL. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { POSTGRES_KINDS, type RunningPostgres } from "../../../test-support/postgres-databases.ts";
import { createStores } from "./connection.ts";
import { createDatabase, type Database } from "./database.ts";
import { migrate } from "./migrate.ts";
import { OUR_TABLE, PREVIOUS, STAGING } from "./record-schemas.ts";
import { beginStaging, continueSequences, finishStaging, openRowLoader } from "./record-staging.ts";
import { dropPrevious, noteSessionsSwitched, readRestorations, switchBack, switchToStaged } from "./record-switch.ts";
import { literal } from "./statement-parts.ts";

const NOT_IN_USE = { evenIfInUse: false };
const FEEDBACK_COLUMNS = ["id", "principal", "rating", "comment", "at_ms"];
const FRESH = 5_000;

describe.each(POSTGRES_KINDS)("in %s", (_, start) => {
  let postgres: RunningPostgres;
  let database: Database;

  beforeAll(async () => {
    postgres = await start();
    database = createDatabase({ server: postgres.address, maxConnections: 1, timeoutMs: 10_000, applicationName: "rag-personal restore" });
  });

  afterAll(async () => {
    await database.close(0);
    await postgres.stop();
  });

  beforeEach(async () => {
    for (const schema of ["public", STAGING, PREVIOUS]) await database.query((sql) => sql`drop schema if exists ${sql(schema)} cascade`);
    await database.query((sql) => sql`create schema public`);
    await migrate(database);
    await createStores(database).feedback.saveFeedback({ id: "new", principal: "ada", rating: "up", atMs: 1 });
  });

  const feedback = async (): Promise<string[]> =>
    (await database.query((sql) => sql<{ id: string }>`select id from feedback order by id`)).map(({ id }) => id);

  const schemas = async (): Promise<string[]> =>
    (await database.query((sql) => sql<{ name: string }>`select nspname as name from pg_namespace where nspname like 'rag%' order by 1`)).map(
      ({ name }) => name,
    );

  const stage = (ids: readonly string[], schemaVersion = 4): Promise<string> =>
    database.transaction(async (query) => {
      await beginStaging(query, schemaVersion);
      const loader = await openRowLoader(query, "feedback", FEEDBACK_COLUMNS);
      for (const id of ids) await loader.add(Buffer.from(`${id}\tada\tdown\tTab \\t, quote ", backslash \\\\, line \\n, ä\t1\n`));
      expect(await loader.end()).toBe(ids.length);
      if (schemaVersion >= 3) {
        const generations = await openRowLoader(query, "index_generations", ["number", "embedder_id", "dimensions", "state", "created_at_ms"]);
        await generations.add(Buffer.from("1\tmodel\t3\tprevious\t1\n2\tmodel\t3\tlive\t1\n"));
        await generations.end();
      }
      if (schemaVersion >= 4) await continueSequences(query, [{ table: "upload_contents", column: "id", nextValue: 7 }]);
      return (await finishStaging(query, "set", { hasSessions: true, freshGeneration: FRESH })).id;
    });

  it("is not seen until the switch, and then is all there is", async () => {
    await stage(["one", "two"]);
    expect(await feedback()).toEqual(["new"]);
    await database.transaction((query) => switchToStaged(query, NOT_IN_USE));
    expect(await feedback()).toEqual(["one", "two"]);
    const [row] = await database.query((sql) => sql<{ comment: string }>`select comment from feedback where id = 'one'`);
    expect(row?.comment).toBe('Tab \t, quote ", backslash \\, line \n, ä');
    expect(await database.query((sql) => sql`select id from ${sql(PREVIOUS)}.feedback`)).toMatchObject([{ id: "new" }]);
    expect(await migrate(database)).toBe(0);
    await createStores(database).feedback.saveFeedback({ id: "three", principal: "ada", rating: "up", atMs: 1 });
    expect(await feedback()).toEqual(["one", "three", "two"]);
  });

  it("goes back to what was before, and forgets it when told", async () => {
    await stage(["one"]);
    await database.transaction((query) => switchToStaged(query, NOT_IN_USE));
    await database.transaction((query) => noteSessionsSwitched(query));
    expect(await database.transaction((query) => switchBack(query, NOT_IN_USE))).toMatchObject({ state: "going back", sessions: "pending" });
    expect(await feedback()).toEqual(["new"]);
    await database.transaction(dropPrevious);
    expect(await schemas()).toEqual([]);
    expect(await migrate(database)).toBe(0);
  });

  it("keeps the previous record until somebody says what becomes of it", async () => {
    await stage(["one"]);
    await database.transaction((query) => switchToStaged(query, NOT_IN_USE));
    await stage(["two"]);
    await expect(database.transaction((query) => switchToStaged(query, NOT_IN_USE))).rejects.toThrow(/--finish.*--back/);
    expect(await feedback()).toEqual(["one"]);
  });

  it("leaves nothing of what failed in the middle", async () => {
    const failing = database.transaction(async (query) => {
      await beginStaging(query, 4);
      const loader = await openRowLoader(query, "feedback", FEEDBACK_COLUMNS);
      await loader.add(Buffer.from("one\tada\tsideways\t\\N\t1\n"));
      await loader.end();
    });
    await expect(failing).rejects.toThrow("feedback_rating_check");
    expect(await schemas()).toEqual([]);
    expect(await feedback()).toEqual(["new"]);
  });

  it.each([1, 2, 3, 4])("brings a record of version %i up to this one", async (version) => {
    await stage(["one"], version);
    await database.transaction((query) => switchToStaged(query, NOT_IN_USE));
    expect(await migrate(database)).toBe(0);
    const stores = createStores(database);
    expect(await stores.users.listUsers()).toEqual([]);
    expect(await feedback()).toEqual(["one"]);
  });

  it("gives vectors a generation that no collection had", async () => {
    await stage([]);
    await database.transaction((query) => switchToStaged(query, NOT_IN_USE));
    const { generations } = createStores(database);
    expect(await generations.listGenerations()).toMatchObject([{ generation: FRESH, embedderId: "model", state: "live" }]);
    expect(await generations.beginGeneration({ embedderId: "model", dimensions: 3, createdAtMs: 2 })).toMatchObject({ generation: FRESH + 1 });
  });

  it("goes on numbering where the record was", async () => {
    await stage([]);
    await database.transaction((query) => switchToStaged(query, NOT_IN_USE));
    expect(await database.query((sql) => sql`insert into upload_contents default values returning id`)).toMatchObject([{ id: 7 }]);
  });

  it("moves tables of a newer version out of the way, and leaves those of others", async () => {
    await database.query((sql) => sql`create table newer (id integer references schema_migrations (number))`);
    await database.query((sql) => sql`comment on table newer is ${literal(sql, OUR_TABLE)}`);
    await database.query((sql) => sql`create table someone_elses (id integer)`);
    await stage(["one"]);
    await database.transaction((query) => switchToStaged(query, NOT_IN_USE));
    const tables = await database.query((sql) => sql<{ name: string }>`select tablename as name from pg_tables where schemaname = 'public'`);
    const names = tables.map(({ name }) => name);
    expect(names).toContain("someone_elses");
    expect(names).not.toContain("newer");
    await database.transaction((query) => switchBack(query, NOT_IN_USE));
    expect(await database.query((sql) => sql`select * from newer`)).toEqual([]);
  });

  it("tells what was left behind", async () => {
    expect(await database.transaction(readRestorations)).toEqual({ staged: undefined, previous: undefined });
    const id = await stage(["one"]);
    expect(await database.transaction(readRestorations)).toMatchObject({ staged: { id, setName: "set", state: "staged", sessions: "pending" } });
    await database.transaction((query) => switchToStaged(query, NOT_IN_USE));
    expect(await database.transaction(readRestorations)).toMatchObject({ staged: undefined, previous: { id, state: "switched" } });
  });

  it("is refused while a server is connected", async () => {
    if (!("url" in postgres.address)) return;
    await stage(["one"]);
    const server = createDatabase({ server: postgres.address, maxConnections: 1, timeoutMs: 10_000 });
    await server.query((sql) => sql`select 1`);
    await expect(database.transaction((query) => switchToStaged(query, NOT_IN_USE))).rejects.toThrow("Stop it");
    expect(await feedback()).toEqual(["new"]);
    await database.transaction((query) => switchToStaged(query, { evenIfInUse: true }));
    expect(await feedback()).toEqual(["one"]);
    await server.close(0);
  });
});
