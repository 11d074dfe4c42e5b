/** What a restore does to the stores: ports, and what is known of a restore that is under way. */
import type { OpenedSet } from "../backup-sets/open-set.ts";
import type { SessionEntry } from "../backup-sets/session-lines.ts";

/** What is known of a restore, kept in the database beside the records it is about. */
export interface Restoration {
  readonly id: string;
  readonly setName: string;
  /**
   * `staged`: the record is prepared. `switched`: it is in use, and the one before is kept. `going back`: the one before is in use again.
   * `finishing`: the one before is being removed.
   */
  readonly state: "staged" | "switched" | "going back" | "finishing";
  /** Sessions in Redis: `pending` until they have followed. */
  readonly sessions: "none" | "pending" | "switched";
}

/** What restores have left behind. */
export interface Restorations {
  readonly staged: Restoration | undefined;
  /** Of which the record before it is kept. */
  readonly previous: Restoration | undefined;
}

export interface StageOptions {
  /** Whether sessions of the set will be prepared too. */
  readonly hasSessions: boolean;
  /** A number of generation above any that a vector store may hold. */
  readonly freshGeneration: number;
  readonly onProgress?: ((doneRows: number, totalRows: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SwitchOptions {
  /** Whether to switch under a connected server. */
  readonly evenIfInUse: boolean;
}

/** The database whose record is restored. Every method is one transaction, and throws `store_unavailable` when the database is away. */
export interface RestoreTarget {
  restorations(): Promise<Restorations>;
  /** Rows of these tables, as they are in use, and of others of ours; nothing where there is no record. Changes nothing. */
  countRows(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Prepares the record of a set beside the one in use, of this version's schema, compares every row with the manifest, and notes it as staged.
   *
   * @throws ExitError when another restore is under way; UnusableSet; an error that says which table differs.
   */
  stage(set: Pick<OpenedSet, "name" | "manifest" | "readRecord">, options: StageOptions): Promise<Restoration>;
  /** The record in use becomes the previous one, the staged one takes its place. @throws ExitError when it must not be. */
  switchToStaged(options: SwitchOptions): Promise<Restoration>;
  /** The previous record is in use again. @throws ExitError when it must not be. */
  switchBack(options: SwitchOptions): Promise<Restoration>;
  noteSessionsSwitched(): Promise<void>;
  /** From here on the previous record cannot be gone back to. */
  noteFinishing(): Promise<void>;
  dropPrevious(): Promise<void>;
  /** @returns whether anything was staged. */
  dropStaged(): Promise<boolean>;
}

/** The sessions, where they are in Redis. */
export interface SessionTarget {
  /** @param id of the restoration they belong to. @returns how many keys there were. */
  stage(id: string, keys: AsyncIterable<SessionEntry>): Promise<number>;
  /** Whether all that belongs to this restoration is prepared, or in use already. */
  isStaged(id: string): Promise<boolean>;
  /** In one step; to be repeated at will. @returns false when none are prepared. */
  switchToStaged(id: string): Promise<boolean>;
  switchBack(id: string): Promise<void>;
  /** Forgets what was kept aside or prepared. */
  drop(): Promise<void>;
}
