/** Swagger UI out of its package: one script and one style sheet. */
import { readFile } from "node:fs/promises";
import type { ReferenceViewer } from "../../services.ts";

export function createSwaggerUiViewer(): ReferenceViewer {
  return {
    async load() {
      const [script, style] = await Promise.all([
        readFile(new URL(import.meta.resolve("swagger-ui-dist/swagger-ui-bundle.js"))),
        readFile(new URL(import.meta.resolve("swagger-ui-dist/swagger-ui.css"))),
      ]);
      return { script, style };
    },
  };
}
