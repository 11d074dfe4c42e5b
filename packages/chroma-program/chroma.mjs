/**
 * The Chroma server that the tests start, as a program of its own: `node chroma.mjs run --path <folder> --port <port>`.
 *
 * It comes as a library for Node on Linux (x64, glibc) alone. Later versions than this one want a newer glibc than Debian 12 has.
 */
import { createRequire } from "node:module";

const { cli } = createRequire(import.meta.url)("chromadb-js-bindings-linux-x64-gnu");
cli(["chroma", ...process.argv.slice(2)]);
