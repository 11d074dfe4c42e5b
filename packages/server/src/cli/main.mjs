#!/usr/bin/env node
/**
 * The entry of the `rag` command.
 *
 * Plain JavaScript: what strips the types of a first file takes longer to load than everything that help needs.
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Beside the program, where whoever may write may change the program too. A folder that cannot be written is no harm.
enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/rag-command"));
await import("./run.ts");
