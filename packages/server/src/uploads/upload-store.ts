/** The record of uploaded files: a port, implemented by an adapter. */

/** What is known of an uploaded file, apart from its bytes. */
export interface Upload {
  /** Of the document that is made of it, derived from the path. */
  readonly documentId: string;
  /** With `uploads/` in front; unique. */
  readonly path: string;
  /** As the sender named it; what the file is, its bytes say. */
  readonly mediaType: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly uploadedAtMs: number;
  /** The name of the principal who sent it. */
  readonly uploadedBy: string;
}

export interface SaveUploadOptions {
  /** Of all uploads together, in bytes. */
  readonly maxTotalBytes: number;
}

/** Every method throws `store_unavailable` when the store is away. */
export interface UploadStore {
  /**
   * Keeps a file, in place of what was there under its path. Durable when resolved.
   *
   * @param parts the bytes, in pieces of any length.
   * @returns false when the same bytes are there already: nothing is changed then.
   * @throws RagError `payload_too_large` when all uploads together would become larger than allowed; nothing is changed either.
   */
  saveUpload(upload: Upload, parts: readonly Uint8Array[], options: SaveUploadOptions): Promise<boolean>;
  getUpload(documentId: string): Promise<Upload | undefined>;
  /** In the order of their paths by code point. */
  listUploads(): Promise<Upload[]>;
  /** A file as it is now, with its bytes; undefined when there is none. */
  readUpload(path: string): Promise<{ readonly upload: Upload; readonly bytes: Uint8Array } | undefined>;
  /** Removes a file and its bytes; undefined when there was none. */
  removeUpload(documentId: string): Promise<Upload | undefined>;
}
