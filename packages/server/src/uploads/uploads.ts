/** Takes files in: few at once, each of a bounded size, under a name within the sender's reach; keeps them and has them ingested. */
import { documentIdOf, RagError } from "@rag-personal/core";
import { isWithinReach } from "../confinement.ts";
import type { IngestionJobs } from "../ingestion-jobs.ts";
import { type Principal, principalName } from "../policy.ts";
import { uploadPath } from "./upload-path.ts";
import type { UploadStore } from "./upload-store.ts";

/** A file as it came over the wire. */
export interface ReceivedFile {
  /** Its bytes, in pieces of any length. */
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
  /** As the sender named it. */
  readonly mediaType: string;
}

/** What became of an upload. */
export interface UploadReceipt {
  readonly documentId: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** Of an ingestion that goes through this file. */
  readonly jobId: string;
}

export interface Uploads {
  /** Size of one file at most. */
  readonly maxBytes: number;
  /**
   * Reserves one of the few places for files that are in memory; the file is received between this call and that of what it returns.
   *
   * @throws RagError `overloaded` when all are taken.
   */
  takePlace(): () => void;
  /**
   * Where a file of this name will be.
   *
   * @throws RagError `invalid_request` for a name that no file may have, `forbidden` for one outside of the folders of an API key.
   */
  destination(principal: Principal, name: string): string;
  /** Keeps the file and has it ingested. Durable when resolved. @throws RagError as the store and {@link destination} do. */
  keep(principal: Principal, name: string, file: ReceivedFile): Promise<UploadReceipt>;
}

/** With the default size these are 128 MiB at most, twice that while forms are taken apart. */
const PLACES = 4;
const RETRY_AFTER_SECONDS = 2;

export function createUploads({
  store,
  ingestion,
  digest,
  now,
  limits,
}: {
  readonly store: Pick<UploadStore, "saveUpload">;
  readonly ingestion: Pick<IngestionJobs, "startAnew">;
  /** SHA-256 of the text as UTF-8, in hexadecimal. */
  readonly digest: (text: string) => string | Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly limits: { readonly maxBytes: number; readonly maxTotalBytes: number };
}): Uploads {
  let taken = 0;

  function destination(principal: Principal, name: string): string {
    const path = uploadPath(name);
    if (isWithinReach(principal, path)) return path;
    throw new RagError("forbidden", `This API key does not reach ${path}. Use a path within its folders; what is uploaded lies below uploads/.`);
  }

  return {
    maxBytes: limits.maxBytes,
    destination,
    takePlace() {
      if (taken >= PLACES) {
        throw new RagError("overloaded", "Other files are being uploaded; try again soon.", { retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      taken += 1;
      let isGiven = true;
      return () => {
        if (isGiven) taken -= 1;
        isGiven = false;
      };
    },
    async keep(principal, name, { parts, sizeBytes, sha256, mediaType }) {
      const path = destination(principal, name);
      const documentId = await documentIdOf(path, digest);
      const upload = { documentId, path, mediaType, sha256, sizeBytes, uploadedAtMs: now(), uploadedBy: principalName(principal) };
      await store.saveUpload(upload, parts, { maxTotalBytes: limits.maxTotalBytes });
      // Also for the same bytes: the ingestion that was to go through them may not have come to its end.
      const { id: jobId } = await ingestion.startAnew();
      return { documentId, path, sizeBytes, jobId };
    },
  };
}
