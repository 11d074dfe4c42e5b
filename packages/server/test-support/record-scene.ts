/** A database with something in every table of the record, for tests of backups. */
import { type Client, createClient, type PostgresAddress } from "../src/adapters/postgres/client.ts";
import { createDatabase } from "../src/adapters/postgres/database.ts";
import { migrate } from "../src/adapters/postgres/migrate.ts";
import { RECORD_TABLES } from "../src/adapters/postgres/record-tables.ts";

export interface RecordSize {
  readonly feedback?: number;
  readonly chunks?: number;
  /** Pieces of a megabyte, of one uploaded file. */
  readonly uploadPieces?: number;
}

/** What COPY must write with a backslash, what SQL must quote, and what no single byte holds. */
const NASTY = "E'tab\\t line\\nreturn\\r \\\\. back\\\\slash \\\\N ''quoted'' ☃ 𝒳 \\b\\f\\v'";

/** Makes the tables and fills them. */
export async function fillRecord(address: PostgresAddress, { feedback = 300, chunks = 50, uploadPieces = 3 }: RecordSize = {}): Promise<void> {
  const database = createDatabase({ server: address, maxConnections: 1, timeoutMs: 60_000 });
  await migrate(database);
  await database.close(1_000);
  await withClient(address, async ({ sql }) => {
    for (const statement of [
      `insert into documents select 'd' || i, 'p' || i, ${NASTY}, 'markdown', 'c', 's', 1, 2, 3, 4 from generate_series(1, 10) i`,
      `insert into document_texts select 'd' || i, piece, ${NASTY} || piece from generate_series(1, 10) i, generate_series(0, 2) piece`,
      `insert into chunks select 'c' || i, 'd' || (1 + i % 10), i, 0, 1, '["a\\tb", "☃"]' from generate_series(1, ${chunks}) i`,
      `insert into embeddings select 'model', 'c' || i, decode(repeat('00ff5c0a', 384), 'hex') from generate_series(1, ${chunks}) i`,
      `insert into sessions values ('s1', ${NASTY}, 1, '[{"question": "\\\\ \\n ☃"}]', 1, 2)`,
      `insert into feedback select 'f' || lpad(i::text, 7, '0'), ${NASTY}, 'up', null, '', ${NASTY} || i, i from generate_series(1, ${feedback}) i`,
      `insert into ingestion_jobs values ('j1', 'done', 'then', null, '{}', '{}', '[]', null)`,
      `insert into users values ('u1', 'admin', 'a@b', '$argon2id$', true, 1, 2, null)`,
      `insert into api_keys values ('k1', ${NASTY}, 'hash', '["chat.ask"]', '["a/"]', null, 5, 1, null, 2, null)`,
      "insert into index_generations (embedder_id, dimensions, state, created_at_ms) values ('old', 2, 'previous', 1), ('model', 384, 'live', 1)",
      "delete from index_generations where embedder_id = 'old'",
      "insert into upload_contents default values",
      `insert into upload_pieces select 1, i, decode(repeat(md5(i::text), 32768), 'hex') from generate_series(0, ${uploadPieces - 1}) i`,
      `insert into uploads values ('d1', ${NASTY}, 'text/plain', 'hash', 1, 2, 'admin', 1)`,
      "insert into index_snapshots values ('semantic-space', 1, 1)",
    ])
      await sql.unsafe(statement);
  });
}

/** Every row of the record as text, table by table. */
export async function readWholeRecord(address: PostgresAddress): Promise<Readonly<Record<string, readonly string[]>>> {
  const found: Record<string, readonly string[]> = {};
  await withClient(address, async ({ sql }) => {
    for (const table of RECORD_TABLES) {
      const rows = await sql.unsafe<{ row: string }[]>(`select row_to_json(${table})::text as row from ${table}`);
      found[table] = rows.map(({ row }) => row).sort();
    }
  });
  return found;
}

export async function withClient<T>(address: PostgresAddress, work: (client: Client) => Promise<T>): Promise<T> {
  const client = createClient(address, 60_000);
  try {
    return await work(client);
  } finally {
    client.discard();
  }
}
