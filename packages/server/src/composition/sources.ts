/** Where documents come from: what was uploaded, and the documents folder. */
import type { DocumentSource } from "@rag-personal/core";
import { createFolderSource } from "../adapters/files/folder-source.ts";
import { createUploadSource } from "../adapters/files/upload-source.ts";
import type { Config } from "../config.ts";
import { UPLOADS_FOLDER, UPLOADS_PREFIX } from "../uploads/upload-path.ts";
import type { UploadStore } from "../uploads/upload-store.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { timers } from "./time.ts";

export interface Sources {
  readonly folder: DocumentSource;
  readonly uploads: DocumentSource;
}

export function openSources(config: Config, uploads: UploadStore, opened: OpenedParts, { log }: Pick<Surroundings, "log">): Sources {
  const folder = createFolderSource({
    folder: config.DOCS_DIR,
    maxFileBytes: config.MAX_FILE_BYTES,
    maxFiles: config.MAX_FILES,
    timers,
    // Its own secrets and database are no documents, wherever somebody put them.
    exclude: config.DATA_DIR,
    reservedFolder: UPLOADS_FOLDER,
    onIgnored: (counts) => log.debug(counts, "passed over in the documents folder"),
  });
  opened.add(() => folder.close());
  const uploadSource = createUploadSource({ uploads, pathPrefix: UPLOADS_PREFIX, timers });
  opened.add(() => uploadSource.close());
  return { folder, uploads: uploadSource };
}
