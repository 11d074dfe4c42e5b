#!/usr/bin/env node
/** The entry of the `rag` command. */
import { readProcessAdminAccess } from "../config.ts";
import { runCli } from "./program.ts";

// A reader that has seen enough, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await runCli(process.argv.slice(2), { access: readProcessAdminAccess(), stdout: process.stdout, stderr: process.stderr });
