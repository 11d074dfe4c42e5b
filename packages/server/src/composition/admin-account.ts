/** Wires the making of `admin`, without a server: the database that is configured, or the embedded one while no server has it. */
import { join } from "node:path";
import { openDataDirectory } from "../adapters/data-directory/data-directory.ts";
import { loadOrCreateSecrets, storeAdminPassword } from "../adapters/data-directory/secrets.ts";
import type { Config } from "../config.ts";
import { type AdminAccountResult, createAdmin } from "../operations/admin-account.ts";
import { createPasswordHashing } from "../security/password-hashing.ts";
import { createOpenedParts } from "./opened-parts.ts";
import { openStores } from "./stores.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock } from "./time.ts";

/**
 * Outside production a server takes the password of `admin` from `secrets.json` at each start, so that is brought into step.
 *
 * @throws ExitError when a server has the data folder, or the schema does not fit.
 * @throws RagError `store_unavailable` when the database cannot be reached.
 */
export async function setUpAdmin(
  config: Config,
  request: { readonly password: string; readonly reset: boolean },
  surroundings: Surroundings,
): Promise<AdminAccountResult> {
  const opened = createOpenedParts(surroundings.log);
  const isEmbedded = config.DATABASE_URL === undefined;
  try {
    if (isEmbedded) {
      const dataDirectory = await openDataDirectory(config.DATA_DIR);
      opened.add(() => dataDirectory.release());
    }
    const { stores, prepare } = await openStores(config, { resolve: (name) => join(config.DATA_DIR, name) }, opened, surroundings);
    await prepare();
    const result = await createAdmin(request, { store: stores.users, hashing: createPasswordHashing(), nowMs: clock.now });
    if (result !== "kept" && config.NODE_ENV !== "production") {
      // The password of a database elsewhere is written down here only where a server has begun to do so.
      if (isEmbedded) await loadOrCreateSecrets({ directory: config.DATA_DIR, given: {}, mayCreate: true });
      await storeAdminPassword(config.DATA_DIR, request.password);
    }
    return result;
  } finally {
    await opened.closeAll();
  }
}
