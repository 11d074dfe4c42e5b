/** `rag deployment`: the settings of the stack checked, and the secrets that its containers read written into files. */
import { randomBytes } from "node:crypto";
import { processEnvironment } from "../config.ts";
import { readDeployment } from "../operations/deployment.ts";
import { writeSecretFiles } from "../operations/secret-files.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";

const SECRET_BYTES = 32;

export interface DeploymentOptions {
  readonly secrets?: string;
}

/** @throws ConfigError naming every setting that is wrong. */
export async function runDeployment({ output }: Context, { secrets: folder }: DeploymentOptions): Promise<number> {
  const { secrets, metrics } = readDeployment(processEnvironment());
  const written =
    folder === undefined ? [] : await writeSecretFiles({ folder, secrets, metrics, newSecret: () => randomBytes(SECRET_BYTES).toString("hex") });
  output.data({ written }, () => ["the settings can be used", ...written.map((name) => `wrote ${name}`)].join("\n"));
  return EXIT.ok;
}
