/** Where copies of sets are kept off the machine. */
export interface RemoteCopy {
  /** Copies a set and compares the copy, byte by byte. @throws BackupFailure `not_copied`. */
  copy(directory: string, name: string): Promise<void>;
  /** Removes a copy. @throws BackupFailure `not_copied`. */
  remove(name: string): Promise<void>;
}
