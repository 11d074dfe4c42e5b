/** The environment of the stack: the server's settings and those of what stands around it. */
import { readConfig } from "../config.ts";
import { ConfigError } from "../settings/config-error.ts";
import { STACK_SECRETS, type StackSecrets, stackSecretProblems } from "../settings/deployment.ts";
import { type Environment, parseSettings } from "../settings/kinds.ts";

/** What the stack around the server needs to know before it starts. */
export interface Deployment {
  readonly secrets: StackSecrets;
  readonly metrics: { readonly username: string; readonly password: string };
}

/**
 * Parses the environment of the stack: the server's own settings, and the secrets of what stands around it.
 *
 * @throws {ConfigError} naming everything that is wrong with both.
 */
export function readDeployment(environment: Environment): Deployment {
  const problems: string[] = [];
  try {
    readConfig({ ...environment, NODE_ENV: "production" });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  const secrets = parseSettings(STACK_SECRETS, environment, problems);
  problems.push(...stackSecretProblems(secrets));
  const { METRICS_USERNAME: username = "", METRICS_PASSWORD: password = "" } = environment;
  if (!/^[\w.@-]+$/.test(username)) problems.push("METRICS_USERNAME must be set, to letters, digits, and any of . @ - _");
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return { secrets, metrics: { username, password } };
}
