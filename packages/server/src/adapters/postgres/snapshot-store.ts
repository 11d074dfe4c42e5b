/** Named bytes that took long to compute and can be computed again, such as a trained semantic space. */
import { noteChange } from "./change-log.ts";
import type { Database } from "./database.ts";

/** Twice as much travels, as hexadecimal digits. */
const PIECE_BYTES = 1_000_000;

export interface SnapshotStore {
  /** Undefined when nothing was saved under the name. */
  loadSnapshot(name: string): Promise<Uint8Array | undefined>;
  /** Replaces what was saved under the name; a reader sees the old bytes or the new ones, never a mixture. @returns its version. */
  saveSnapshot(name: string, bytes: Uint8Array): Promise<string>;
  /** Another one after every save; undefined when nothing was saved under the name. */
  snapshotVersion(name: string): Promise<string | undefined>;
}

export function createSnapshotStore({ query: ask, transaction }: Pick<Database, "query" | "transaction">): SnapshotStore {
  return {
    async loadSnapshot(name) {
      return await transaction(async (query) => {
        await query((sql) => sql`set transaction isolation level repeatable read, read only`);
        const [header] = await query((sql) => sql<{ size_bytes: number }>`select size_bytes from index_snapshots where name = ${name}`);
        if (header === undefined) return undefined;
        const bytes = new Uint8Array(header.size_bytes);
        for (let piece = 0, offset = 0; offset < bytes.length; piece += 1) {
          const [row] = await query(
            (sql) => sql<{ bytes: Uint8Array }>`select bytes from index_snapshot_pieces where name = ${name} and piece = ${piece}`,
          );
          if (row === undefined) return undefined;
          bytes.set(row.bytes, offset);
          offset += row.bytes.length;
        }
        return bytes;
      });
    },

    async saveSnapshot(name, bytes) {
      return await transaction(async (query) => {
        // The row of the header is locked until the end, so that of two writers one waits for the other.
        const [saved] = await query(
          (sql) => sql<{ version: string }>`
            insert into index_snapshots (name, size_bytes, updated_at_ms)
            values (${name}, ${bytes.length}, extract(epoch from now()) * 1000)
            on conflict (name) do update set size_bytes = excluded.size_bytes, updated_at_ms = excluded.updated_at_ms, version = excluded.version
            returning version::text
          `,
        );
        if (saved === undefined) throw new Error("an insert returned nothing");
        await query((sql) => sql`delete from index_snapshot_pieces where name = ${name}`);
        for (let piece = 0, offset = 0; offset < bytes.length; piece += 1, offset += PIECE_BYTES) {
          const part = bytes.subarray(offset, offset + PIECE_BYTES);
          await query((sql) => sql`insert into index_snapshot_pieces (name, piece, bytes) values (${name}, ${piece}, ${part})`);
        }
        await noteChange(query, null);
        return saved.version;
      });
    },

    async snapshotVersion(name) {
      const [row] = await ask((sql) => sql<{ version: string }>`select version::text from index_snapshots where name = ${name}`);
      return row?.version;
    },
  };
}
