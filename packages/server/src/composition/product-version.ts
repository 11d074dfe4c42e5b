/** The version of this program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

/** As its package tells it. */
export const PRODUCT_VERSION = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"))).version;
