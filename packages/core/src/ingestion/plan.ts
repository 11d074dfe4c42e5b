/** Compares what a source holds with what is stored. */

/** A file as found, by its path and the hash of its bytes. */
export interface FoundFile {
  readonly path: string;
  readonly sourceHash: string;
}

/** A stored document, likewise. */
export interface StoredFile extends FoundFile {
  readonly id: string;
}

/** What is to be done so that the store holds what the source holds. */
export interface IngestionPlan<Found extends FoundFile, Stored extends StoredFile> {
  readonly add: readonly Found[];
  readonly change: readonly { readonly found: Found; readonly stored: Stored }[];
  readonly remove: readonly Stored[];
  readonly unchanged: readonly Stored[];
}

/**
 * Files are the same when path and hash are. Of two stored documents with one path the second is removed.
 *
 * @example
 * planIngestion([{ path: "a.md", sourceHash: "2" }], [{ id: "doc_1", path: "a.md", sourceHash: "1" }]).change.length; // 1
 */
export function planIngestion<Found extends FoundFile, Stored extends StoredFile>(
  found: readonly Found[],
  stored: readonly Stored[],
): IngestionPlan<Found, Stored> {
  const storedByPath = new Map<string, Stored>();
  const remove: Stored[] = [];
  for (const document of stored) {
    if (storedByPath.has(document.path)) remove.push(document);
    else storedByPath.set(document.path, document);
  }
  const add: Found[] = [];
  const change: { readonly found: Found; readonly stored: Stored }[] = [];
  const unchanged: Stored[] = [];
  for (const file of found) {
    const document = storedByPath.get(file.path);
    storedByPath.delete(file.path);
    if (document === undefined) add.push(file);
    else if (document.sourceHash === file.sourceHash) unchanged.push(document);
    else change.push({ found: file, stored: document });
  }
  remove.push(...storedByPath.values());
  return { add, change, remove, unchanged };
}
