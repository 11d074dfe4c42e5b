/** The record as a backup reads it. */
import type { Manifest } from "./backup-sets/manifest.ts";
import type { RecordTable } from "./backup-sets/record-format.ts";

export interface RecordSource {
  /**
   * Calls `work` with the record as it stands now and stays for so long.
   *
   * @throws RagError `store_unavailable` when the database is or goes away; {@link ExitError} when it holds no record, or that of a newer version.
   */
  withSnapshot<T>(work: (snapshot: RecordSnapshot) => Promise<T>): Promise<T>;
}

export interface RecordSnapshot extends Pick<Manifest, "schemaVersion" | "postgresVersion" | "walPosition" | "embedder" | "liveGeneration"> {
  /** What makes the empty tables. */
  readonly schemaSql: string;
  /** In an order in which their rows can be put back. */
  readonly tables: readonly SnapshotTable[];
  /** Rows in the text format of COPY, in pieces that end anywhere, in the order of the primary key. One table at a time, to its end. */
  readRows(table: SnapshotTable): AsyncIterable<Buffer>;
  /** To be asked after the rows. */
  readSequences(): Promise<Manifest["sequences"]>;
}

export interface SnapshotTable extends RecordTable {
  /** Columns of the primary key. */
  readonly key: readonly string[];
  /** Columns that are given a number when a row is added without one. */
  readonly numbered: readonly string[];
}
