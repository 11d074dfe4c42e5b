/** Swagger UI out of its package: one script and one style sheet. */
import { readFile } from "node:fs/promises";
import type { ReferenceViewer } from "../../services.ts";

const bytesOf = (file: string): Promise<Uint8Array> => readFile(new URL(import.meta.resolve(`swagger-ui-dist/${file}`)));

export function createSwaggerUiViewer(): ReferenceViewer {
  return {
    async load() {
      const [script, style] = await Promise.all([bytesOf("swagger-ui-bundle.js"), bytesOf("swagger-ui.css")]);
      return { script, style };
    },
  };
}
